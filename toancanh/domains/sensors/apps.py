"""Makes the sensors domain known to Django."""

from django.apps import AppConfig


class SensorsConfig(AppConfig):
    name = "toancanh.domains.sensors"
    label = "sensors"
