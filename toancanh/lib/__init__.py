"""Plain Python that the whole house stands on; nothing here knows Django."""
