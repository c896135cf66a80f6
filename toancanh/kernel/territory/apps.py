"""Carries the tables of territory."""

from django.apps import AppConfig


class TerritoryConfig(AppConfig):
    name = "toancanh.kernel.territory"
    label = "territory"
    default_auto_field = "django.db.models.BigAutoField"
