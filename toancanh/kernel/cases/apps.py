"""Carries the tables of cases."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "toancanh.kernel.cases"
    label = "cases"
    default_auto_field = "django.db.models.BigAutoField"
