"""Việc cần xử lý: one list of all kinds of work, filtered, searched, exported and changed in bulk."""
