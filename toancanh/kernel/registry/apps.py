"""Carries the tables of registry."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "toancanh.kernel.registry"
    label = "registry"
    default_auto_field = "django.db.models.BigAutoField"
