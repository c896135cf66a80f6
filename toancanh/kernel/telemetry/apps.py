"""Carries the tables of telemetry."""

from django.apps import AppConfig


class TelemetryConfig(AppConfig):
    name = "toancanh.kernel.telemetry"
    label = "telemetry"
    default_auto_field = "django.db.models.BigAutoField"
