"""Makes the reports domain known to Django."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "toancanh.domains.reports"
    label = "reports"
    default_auto_field = "django.db.models.BigAutoField"
