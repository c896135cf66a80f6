"""What comes into the house as files: locality packs."""
