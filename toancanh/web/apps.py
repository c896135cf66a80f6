"""Tells Django where the templates, tags and static files of the look live."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The look, below every kernel module."""

    name = "toancanh.web"
    label = "web"
    verbose_name = "Web"
