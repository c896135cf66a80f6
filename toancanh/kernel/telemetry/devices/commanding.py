"""Commands on a device's card: what was told to it and became of it, and telling it something new."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toancanh.kernel.declare import Actor
from toancanh.kernel.people.models import Person
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import commands
from toancanh.kernel.telemetry.models import Command, CommandState
from toancanh.lib.errors import NotFound, Refused

SHOWN = 10
TWICE = timedelta(seconds=10)
"""Within which the very same command from the same person is a second click, not a second wish."""
PERIODS: dict[str, tuple[timedelta, Promise]] = {
    "300": (timedelta(minutes=5), gettext_lazy("5 minutes")),
    "3600": (timedelta(hours=1), gettext_lazy("1 hour")),
    "86400": (timedelta(days=1), gettext_lazy("1 day")),
    "604800": (timedelta(days=7), gettext_lazy("7 days")),
}
"""How long a command waits for its device."""


@dataclass(frozen=True)
class Told:
    """One command as the card shows it."""

    command: Command
    who: str
    args: str
    result: str
    at: datetime
    """When it came to the state in which it is."""
    can_withdraw: bool


@dataclass(frozen=True)
class Wish:
    """A command that somebody is about to give, as it was typed."""

    thing: Thing
    name: str
    args: dict[str, Any]
    text: str
    period: str

    @property
    def period_named(self) -> Promise:
        """How long it waits, in words."""
        return PERIODS[self.period][1]


def told(own: Sequence[Thing]) -> list[Told]:
    """The newest commands to these things, with who gave them: two queries."""
    rows = Command.objects.filter(thing__in=own).select_related("thing")
    found = list(rows.order_by("-created", "-pk")[:SHOWN])
    keys = {one.given_by.partition(":")[2] for one in found if one.given_by.startswith("person:")}
    people = Person.objects.filter(pk__in=[int(key) for key in keys if key.isdigit()])
    names = {f"person:{pk}": name for pk, name in people.values_list("pk", "full_name")}
    return [_told(one, names.get(one.given_by, one.given_by)) for one in found]


def _told(one: Command, who: str) -> Told:
    state, now = one.state, clock.now()
    if state in commands.OPEN and one.expires_at <= now:
        # The worker writes it down within a minute; nobody need wait for that to know.
        one.state = state = CommandState.EXPIRED
    reached = {
        CommandState.SENT: one.sent_at,
        CommandState.DELIVERED: one.delivered_at,
        CommandState.ANSWERED: one.answered_at,
        CommandState.EXPIRED: one.expires_at,
    }
    at = reached.get(CommandState(state)) or one.created
    args = json.dumps(one.args, ensure_ascii=False) if one.args else ""
    result = json.dumps(one.result, ensure_ascii=False) if one.result is not None else ""
    return Told(one, who, args, result, at, state in commands.UNCONFIRMED)


def is_open(found: Sequence[Told]) -> bool:
    """Whether something is still to be heard of one of them."""
    return any(one.command.state in commands.OPEN for one in found)


def wish(request: HttpRequest, own: Sequence[Thing]) -> Wish:
    """What the form says; raises Refused with what to mend."""
    post = request.POST
    thing = next((one for one in own if one.code == post.get("thing")), None)
    if thing is None:
        raise NotFound(_("There is no such station, or it is not public."))
    name = post.get("name", "").strip()
    if not commands.NAME.match(name):
        raise Refused(
            _("A command is named with a-z, 0-9, - and _: %(name)s") % {"name": name[:80]}, "bad_name"
        )
    text, period = post.get("args", "").strip(), post.get("period", "")
    if period not in PERIODS:
        raise Refused(_("Choose how long the command waits for the device."), "bad_expiry")
    return Wish(thing, name, _arguments(text), text, period)


def _arguments(text: str) -> dict[str, Any]:
    """The arguments as typed; nothing is an empty object."""
    try:
        said = json.loads(text or "{}")
    except (ValueError, RecursionError) as fault:
        told = _('The arguments are no JSON: %(fault)s. Write them like {"minutes": 5}.')
        raise Refused(told % {"fault": str(fault)[:100]}, "bad_args") from fault
    if not isinstance(said, dict):
        raise Refused(_('The arguments are an object in braces, like {"minutes": 5}.'), "bad_args")
    return said


def give(wanted: Wish, *, by: Actor) -> Command:
    """Send it; a second click on the same button gives the command that the first one gave."""
    now = clock.now()
    lately = Command.objects.filter(
        thing=wanted.thing, name=wanted.name, given_by=by.key, created__gt=now - TWICE
    )
    same = next((one for one in lately if one.args == wanted.args and one.state in commands.OPEN), None)
    expires = now + PERIODS[wanted.period][0]
    return same or commands.command(wanted.thing, wanted.name, wanted.args, by=by, expires=expires)
