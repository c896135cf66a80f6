"""One folder per field of city life; none imports another."""
