"""Lists of heads and officials that come as files: recognised, seen before anything is kept, taken back."""
