"""Carries the tables of alerts."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "toancanh.kernel.alerts"
    label = "alerts"
    default_auto_field = "django.db.models.BigAutoField"
