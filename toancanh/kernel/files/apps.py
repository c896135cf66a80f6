"""Carries the tables of files."""

from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "toancanh.kernel.files"
    label = "files"
    default_auto_field = "django.db.models.BigAutoField"
