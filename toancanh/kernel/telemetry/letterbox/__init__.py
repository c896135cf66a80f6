"""The letterbox: looking at dead letters, taking them in after all, and adopting who sent them."""
