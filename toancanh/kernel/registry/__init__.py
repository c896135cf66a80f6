"""Every thing with a place and an owner."""
