"""The operators' home: map, search and lists."""
