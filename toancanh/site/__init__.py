"""The composition root: the only place that sees the whole house."""
