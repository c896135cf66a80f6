"""Warnings in words for staff: states, kinds, steps of the story, channels."""

from __future__ import annotations

from django.utils.translation import get_language, gettext

from toancanh.kernel import catalogue
from toancanh.kernel.notify import registry
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.features import said
from toancanh.kernel.warnings import texts
from toancanh.kernel.warnings.models import Kind, StandingOrder, State, Step, Warning

_ = gettext


def state(warning: Warning) -> str:
    """Where it stands."""
    now = clock.now()
    if warning.has_lapsed(now):
        return _("Ran out without an all-clear")
    if warning.state == State.APPROVED and warning.kind == Kind.ALL_CLEAR:
        return _("Ended")
    if warning.state == State.APPROVED and warning.valid_from and warning.valid_from > now:
        return _("Approved, begins later")
    words = {
        State.DRAFT: _("Draft"),
        State.SUBMITTED: _("Waiting for approval"),
        State.RETURNED: _("Returned"),
        State.APPROVED: _("In force"),
        State.ENDED: _("Followed by a newer message"),
        State.WITHDRAWN: _("Given up"),
    }
    return words[State(warning.state)]


def sign(warning: Warning) -> str:
    """The icon beside the state."""
    if warning.has_lapsed(clock.now()):
        return "clock-exclamation"
    icons = {
        State.DRAFT: "pencil",
        State.SUBMITTED: "hourglass",
        State.RETURNED: "arrow-back-up",
        State.APPROVED: "circle-check" if warning.kind == Kind.ALL_CLEAR else "bell-ringing",
        State.ENDED: "archive",
        State.WITHDRAWN: "x",
    }
    return icons[State(warning.state)]


def kind(warning: Warning) -> str:
    """What it is in its thread."""
    words = {
        Kind.ALERT: _("First warning"),
        Kind.UPDATE: _("Updated warning"),
        Kind.CORRECTION: _("Correction"),
        Kind.ALL_CLEAR: _("All-clear"),
    }
    return words[Kind(warning.kind)]


def step(one: Step) -> str:
    """What happened, as a line of the story begins."""
    words = {
        "drafted": _("Drafted"),
        "edited": _("Changed"),
        "submitted": _("Submitted for approval"),
        "returned": _("Returned"),
        "withdrawn": _("Given up"),
        "approved": _("Approved and issued"),
        "issued": _("Issued under a standing order"),
        "reminded": _("Nobody has approved: reminded"),
        "escalated": _("Nobody has approved: reported upwards"),
        "expiring": _("Runs out soon: update it or give the all-clear"),
        "lapsed": _("Ran out without an all-clear"),
        "ended": _("A newer message stands in its place"),
        "sent": _("Handed to the channels"),
    }
    return words.get(one.what, one.what)


def channel(name: str) -> str:
    """A way by which people are told."""
    words = {
        "webpush": _("Phone notification"),
        "email": _("E-mail"),
        "sms": _("SMS"),
        "voice": _("Voice call"),
        "zalo": _("Zalo"),
        "siren": _("Sirens, loudspeakers"),
    }
    return words.get(name, name)


def channel_icon(name: str) -> str:
    """Its drawing."""
    found = registry.channels().get(name)
    return found.icon if found is not None else "speakerphone"


def event(key: str) -> str:
    """What an event is called; its key where the domain is no longer here."""
    found = catalogue.warning_events().get(key)
    return said(found.title) if found else key


def template(key: str) -> str:
    """What words to begin with are called."""
    found = catalogue.warning_templates().get(key)
    return said(found.title) if found else key


def headline(warning: Warning) -> str:
    """The headline in the reader's language; an exercise says so."""
    english = get_language() == "en" and warning.headline_en
    plain = english or warning.headline_vi or _("No headline yet")
    mark = texts.EXERCISE["en" if get_language() == "en" else "vi"]
    return f"[{mark}] {plain}" if warning.is_exercise else str(plain)


def level(warning: Warning) -> str:
    """The level in the reader's language."""
    found = texts.level(warning)
    return said(found.title) if found else _("no level yet")


def order(one: StandingOrder) -> str:
    """A decision as people name it."""
    return f"{one.number} ({one.issuer})"
