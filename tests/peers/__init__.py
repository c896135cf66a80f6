"""The other sides of messages, as they behave: each counts what reached it."""
