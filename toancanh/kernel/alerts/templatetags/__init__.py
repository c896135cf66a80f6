"""The words of alerts in templates."""
