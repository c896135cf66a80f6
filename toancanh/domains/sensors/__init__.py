"""Sensors of any kind: what measures something for which no field of city life has a kind of its own."""
