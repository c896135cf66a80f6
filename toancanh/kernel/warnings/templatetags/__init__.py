"""The words of warnings in templates."""
