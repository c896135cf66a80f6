"""Carries the tables of journal."""

from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "toancanh.kernel.journal"
    label = "journal"
    default_auto_field = "django.db.models.BigAutoField"
