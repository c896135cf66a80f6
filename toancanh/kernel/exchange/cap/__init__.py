"""CAP messages of other centres: taken in, checked, shown as received; never told to the public by itself."""
