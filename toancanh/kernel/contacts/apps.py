"""Carries the tables of contacts."""

from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "toancanh.kernel.contacts"
    label = "contacts"
    default_auto_field = "django.db.models.BigAutoField"
