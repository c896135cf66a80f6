"""Makes the damage domain known to Django."""

from django.apps import AppConfig


class DamageConfig(AppConfig):
    name = "toancanh.domains.damage"
    label = "damage"
    default_auto_field = "django.db.models.BigAutoField"
