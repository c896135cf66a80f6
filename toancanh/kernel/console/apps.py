"""Carries the tables of console."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "toancanh.kernel.console"
    label = "console"
    default_auto_field = "django.db.models.BigAutoField"
