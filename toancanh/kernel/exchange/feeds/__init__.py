"""Readings that the program fetches itself: an address, a schedule, a mapping; through the egress door."""
