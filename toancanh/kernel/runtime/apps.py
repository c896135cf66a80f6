"""Carries the tables of runtime."""

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "toancanh.kernel.runtime"
    label = "runtime"
    default_auto_field = "django.db.models.BigAutoField"
