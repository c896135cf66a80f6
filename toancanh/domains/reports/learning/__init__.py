"""What the locality's own decisions teach: which category and organisation a report's words mean."""
