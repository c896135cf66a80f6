"""Tags of readings."""
