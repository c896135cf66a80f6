"""What a process may hold, each part in a module of its own: a role loads only those that it brings."""
