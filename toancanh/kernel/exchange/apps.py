"""Carries the tables of exchange."""

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "toancanh.kernel.exchange"
    label = "exchange"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Put the line for SensorThings on the cards of devices."""
        from toancanh.kernel.exchange.sensorthings import card
        from toancanh.kernel.telemetry.devices import lines

        lines.offer(card.example)
