"""Reports of an earlier system from a table: mapped, previewed, taken in as they happened, taken back."""
