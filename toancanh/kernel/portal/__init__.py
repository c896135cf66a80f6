"""The public's home."""
