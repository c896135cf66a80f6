"""Carries the tables of messages, deliveries and channels."""

from django.apps import AppConfig


class NotifyConfig(AppConfig):
    name = "toancanh.kernel.notify"
    label = "notify"
    default_auto_field = "django.db.models.BigAutoField"
