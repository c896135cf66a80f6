"""Carries the tables of people."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "toancanh.kernel.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"
