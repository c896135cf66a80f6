"""Carries the tables of exchange."""

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "toancanh.kernel.exchange"
    label = "exchange"
    default_auto_field = "django.db.models.BigAutoField"
