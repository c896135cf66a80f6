"""Addresses that every role of the program answers, whatever else it does."""

from __future__ import annotations

from django.urls import path

from toancanh.site import health

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
