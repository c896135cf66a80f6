"""Carries the tables of portal."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "toancanh.kernel.portal"
    label = "portal"
    default_auto_field = "django.db.models.BigAutoField"
