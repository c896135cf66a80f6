"""Reception: one report after the other on one screen, by keyboard."""
