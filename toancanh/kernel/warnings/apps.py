"""Carries the tables of warnings."""

from django.apps import AppConfig


class WarningsConfig(AppConfig):
    name = "toancanh.kernel.warnings"
    label = "warnings"
    default_auto_field = "django.db.models.BigAutoField"
