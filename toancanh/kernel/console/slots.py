"""Fills the slots of the console's shell: the rail and who I am."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.alerts import queries
from toancanh.kernel.cases.queue import pages as work
from toancanh.kernel.console.health import banners
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.shifts import queries as shifts
from toancanh.kernel.people.web import of
from toancanh.kernel.telemetry.features import said as titled
from toancanh.kernel.telemetry.letterbox import waiting
from toancanh.kernel.warnings import queries as warnings
from toancanh.kernel.warnings.keeping import DRAFT

DEVICES = (
    "/console/devices/",
    "/console/sensors/",
    "/console/gateways/",
    "/console/waiting/",
    "/console/letters/",
)
"""Addresses of the pages about devices."""


def fill(request: HttpRequest) -> dict[str, Any]:
    """``rail``, ``me`` and ``alarms`` for pages of the console."""
    if not request.path.startswith("/console/"):
        return {}
    actor = of(request)
    said: dict[str, Any] = {}
    if not request.path.startswith("/console/health/"):
        # That page says it all and more.
        said["alarms"] = SimpleLazyObject(banners)
    said["me"] = {"name": actor.name, "post": actor.post, "organisation": actor.organisation}
    at = request.path
    is_open = actor.may("telemetry.arrange")
    waits = waiting.count(actor) if is_open else 0
    said["letterbox"] = {"is_open": is_open, "waiting": waits}
    # One stream for every page of the console: what rings sounds wherever the officer is.
    said["live_url"] = "/live"
    said["bell"] = queries.bell(actor)
    said["may_warn"] = bool(actor.paths(DRAFT))
    said["may_arrange_work"] = bool(actor.paths("cases.arrange"))
    said["rail"] = [
        {"url": "/console/", "title": _("Overview"), "icon": "map-2", "active": at == "/console/"},
        *_work(actor, at),
        {
            "url": "/console/alerts/",
            "title": _("Alerts"),
            "icon": "bell",
            "count": said["bell"].live,
            "count_title": _("standing"),
            "active": at.startswith("/console/alerts/"),
        },
        {
            "url": "/console/warnings/",
            "title": _("Warnings"),
            "icon": "news",
            "count": warnings.count_waiting(actor),
            "count_title": _("waiting for your approval"),
            "active": at.startswith("/console/warnings/"),
        },
        {
            "url": "/console/duty/",
            "title": _("Duty"),
            "icon": "calendar-week",
            "count": shifts.gaps_ahead(actor),
            "count_title": _("gaps in the roster"),
            "active": at.startswith("/console/duty/"),
        },
        # First what a flood asks of a shift, in that order; then what is arranged now and then. Small screens
        # show the first of them and keep the others behind a button.
        *_screens(actor, at),
        *_people(actor, at),
        {
            "url": "/console/messages/",
            "title": _("Messages sent"),
            "icon": "send",
            "active": at.startswith("/console/messages/"),
        },
        {
            "url": "/console/received/",
            "title": _("Received warnings"),
            "icon": "inbox",
            "active": at.startswith("/console/received/"),
        },
        {
            "url": "/console/things/",
            "title": _("Stations"),
            "icon": "list-search",
            "active": at.startswith("/console/things/"),
        },
        {
            "url": "/console/devices/",
            "title": _("Devices"),
            "icon": "router",
            "count": waits,
            "count_title": _("waiting"),
            "active": at.startswith(DEVICES),
        },
        *_arranging(actor, at),
        {
            "url": "/console/calendar/",
            "title": _("Working time"),
            "icon": "calendar-time",
            "active": at.startswith("/console/calendar/"),
        },
        {
            "url": "/console/health/",
            "title": _("System"),
            "icon": "shield-check",
            "active": at.startswith("/console/health/"),
        },
        {"url": "/", "title": _("Public page"), "icon": "world", "active": False},
    ]
    return said


def _work(actor: Actor, at: str) -> list[dict[str, Any]]:
    """What is to be done, for whoever sees or does any of it."""
    if not work.reaches(actor):
        return []
    url = "/console/work/"
    return [{"url": url, "title": _("Work to do"), "icon": "checklist", "active": at.startswith(url)}]


def _people(actor: Actor, at: str) -> list[dict[str, Any]]:
    """Whom warnings reach beside the public, for whoever may see them."""
    if not actor.paths("contacts.see"):
        return []
    url = "/console/contacts/"
    return [{"url": url, "title": _("Contacts"), "icon": "users", "active": at.startswith(url)}]


def _screens(actor: Actor, at: str) -> list[dict[str, Any]]:
    """What domains bring."""
    return [
        {"url": one.url, "title": titled(one.title), "icon": one.icon, "active": at.startswith(one.url)}
        for domain in catalogue.domains()
        for one in domain.screens
        if actor.paths(one.right)
    ]


def _arranging(actor: Actor, at: str) -> list[dict[str, Any]]:
    """What administrators have beside the officers' pages."""
    if not actor.paths("telemetry.arrange"):
        return []
    return [
        {
            "url": "/console/imports/",
            "title": _("Take in readings"),
            "icon": "file-import",
            "active": at.startswith(("/console/imports/", "/console/feeds/")),
        },
    ]
