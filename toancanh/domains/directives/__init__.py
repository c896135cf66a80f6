"""Directives (ý kiến chỉ đạo): what a leader ordered, who owes it, until when, and what came of it."""
