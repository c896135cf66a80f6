"""Readings that come as files: read in a child process, mapped, previewed, taken in, taken back."""
