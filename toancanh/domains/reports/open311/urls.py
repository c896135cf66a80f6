"""Addresses of the door: each resource ends in .json or .xml."""

from __future__ import annotations

from django.urls import URLPattern, path

from toancanh.domains.reports.open311 import pages
from toancanh.domains.reports.open311.answers import MEDIA

ROOT = "open311/v2"
urlpatterns: list[URLPattern] = [
    path(f"{where}.{form}", view, {"form": form}, name=f"open311_{name}_{form}")
    for form in MEDIA
    for where, view, name in (
        ("open311/discovery", pages.discover, "discovery"),
        (f"{ROOT}/discovery", pages.discover, "discovery_v2"),
        (f"{ROOT}/services", pages.service_list, "services"),
        (f"{ROOT}/services/<str:code>", pages.service, "service"),
        (f"{ROOT}/requests", pages.requests, "requests"),
        (f"{ROOT}/requests/<str:code>", pages.one, "request"),
        (f"{ROOT}/tokens/<str:secret>", pages.token, "token"),
        (f"{ROOT}/servicerequestupdates", pages.updates, "updates"),
    )
]
