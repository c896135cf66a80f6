"""Makes the directives domain known to Django."""

from django.apps import AppConfig


class DirectivesConfig(AppConfig):
    name = "toancanh.domains.directives"
    label = "directives"
    default_auto_field = "django.db.models.BigAutoField"
