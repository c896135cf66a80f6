"""Makes the flood domain known to Django, which looks here for templates and tables."""

from django.apps import AppConfig


class FloodConfig(AppConfig):
    name = "toancanh.domains.flood"
    label = "flood"
