"""Commands to devices: given by people, carried by whatever door the device stands at, answered by it.

A door asks what is `due`, says what it sent and what the device confirmed, and hands in the answer.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor, program
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.telemetry.models import Command, CommandState
from toancanh.lib.errors import NotAllowed, NotFound, Refused

NAME = re.compile(r"[a-z][a-z0-9_-]{0,59}\Z")
LARGEST = 4 * 1024
"""Bytes of the arguments, and of a result, as JSON."""
LONGEST = timedelta(days=30)
MOST_OPEN = 20
"""Commands that may wait for one thing: a siren that comes back after a week must not work off a hundred."""
DEVICE = program("device")
OPEN = (CommandState.WAITING, CommandState.SENT, CommandState.DELIVERED)
UNCONFIRMED = (CommandState.WAITING, CommandState.SENT)


class Due(NamedTuple):
    """A command that its device has not confirmed yet; `payload` is what it is told."""

    key: str
    thing: str
    payload: bytes


@transaction.atomic
def command(
    thing: Thing, name: str, args: Mapping[str, Any], *, by: Actor, expires: datetime, key: str = ""
) -> Command:
    """Tell a device to do something; it waits until the device listens, at most until ``expires``.

    The same ``key`` is the same command: it is given once, however often that is asked for.
    """
    _check(thing, by)
    if key and (known := Command.objects.filter(key=key, thing=thing).first()) is not None:
        return known
    if not NAME.match(name):
        raise Refused(_("A command is named with a-z, 0-9, - and _: %(name)s") % {"name": name}, "bad_name")
    size = _size(dict(args))
    if size is None:
        raise Refused(_("The arguments of a command are what JSON can say, without U+0000."), "bad_args")
    if size > LARGEST:
        text = _("The arguments of a command have at most %(most)s bytes as JSON.")
        raise Refused(text % {"most": LARGEST}, "too_large")
    now = clock.now()
    if not now < expires <= now + LONGEST:
        raise Refused(_("A command expires after now and within 30 days."), "bad_expiry")
    if not thing.is_active:
        raise Refused(_("%(thing)s is retired and hears no commands.") % {"thing": thing.code}, "retired")
    # Locked, so that two at once cannot both be the twentieth.
    Thing.objects.select_for_update().get(pk=thing.pk)
    if Command.objects.filter(thing=thing, state__in=UNCONFIRMED, expires_at__gt=now).count() >= MOST_OPEN:
        text = _("%(count)s commands wait for %(thing)s already; withdraw those that are no longer wanted.")
        raise Refused(text % {"count": MOST_OPEN, "thing": thing.code}, "too_many")
    made = Command.objects.create(
        key=key or secrets.token_hex(8),
        thing=thing,
        name=name,
        args=dict(args),
        given_by=by.key,
        created=now,
        expires_at=expires,
    )
    content = {"thing": thing.code, "name": name, "args": dict(args), "expires": expires.isoformat()}
    journal.record("telemetry.command_given", f"command:{made.key}", by=by, content=content)
    revision.bump("commands")
    return made


@transaction.atomic
def withdraw(key: str, *, by: Actor) -> Command:
    """Take back a command that its device has not got yet; one just on its way may still arrive."""
    found = Command.objects.select_for_update().select_related("thing__unit").filter(key=key).first()
    if found is None:
        raise NotFound(_("There is no such command."))
    _check(found.thing, by)
    if found.state not in UNCONFIRMED:
        raise Refused(_("Only a command that the device has not got yet can be withdrawn."), "too_late")
    found.state = CommandState.WITHDRAWN
    found.save(update_fields=["state"])
    journal.record(
        "telemetry.command_withdrawn", f"command:{key}", by=by, content={"thing": found.thing.code}
    )
    return found


def last(thing: Thing, most: int = 20) -> list[Command]:
    """The newest commands of a thing."""
    return list(Command.objects.filter(thing=thing).order_by("-created", "-pk")[:most])


# --- for whatever carries them


def due(things: Collection[str] | None, most: int = 1_000) -> list[Due]:
    """Commands that these things (None: any) have not confirmed, the oldest first."""
    rows = Command.objects.filter(state__in=UNCONFIRMED, expires_at__gt=clock.now(), thing__is_active=True)
    rows = rows.select_related("thing").order_by("pk")
    if things is None:
        return [_due(row) for row in rows[:most]]
    codes, found = sorted(things), []
    for first in range(0, len(codes), 500):
        found += [_due(row) for row in rows.filter(thing__code__in=codes[first : first + 500])[:most]]
    return found


def mark_sent(keys: Collection[str]) -> None:
    """These went out to their devices; the first time counts."""
    rows = Command.objects.filter(key__in=list(keys), state=CommandState.WAITING)
    rows.update(state=CommandState.SENT, sent_at=clock.now())


def mark_delivered(key: str) -> None:
    """The device has confirmed that it has got this one."""
    rows = Command.objects.filter(key=key, state__in=UNCONFIRMED)
    rows.update(state=CommandState.DELIVERED, delivered_at=clock.now())


@transaction.atomic
def answer(thing: str, key: str, result: Any) -> str | None:  # noqa: ANN401 - any JSON
    """Keep what the device said to a command; the code of a refusal where it is not its to answer now."""
    found = Command.objects.select_for_update().filter(key=key[:64], thing__code=thing).first()
    if found is None or found.state == CommandState.WITHDRAWN:
        return "unknown_command"
    size = _size(result)
    if size is None or size > LARGEST:
        return "malformed" if size is None else "too_large"
    if found.state == CommandState.ANSWERED:
        return None if found.result == result else "answered_before"
    now = clock.now()
    if found.expires_at <= now:
        return "late"
    found.state = CommandState.ANSWERED
    found.answered_at, found.result = now, result
    found.delivered_at = found.delivered_at or now
    found.save(update_fields=["state", "answered_at", "delivered_at", "result"])
    content = {"thing": thing, "name": found.name, "result": result}
    journal.record("telemetry.command_answered", f"command:{key}", by=DEVICE, content=content)
    journal.emit("telemetry.command_answered", key, {"command": found.pk})
    return None


def expire() -> int:
    """Close commands whose time is over; returns how many."""
    rows = Command.objects.filter(state__in=OPEN, expires_at__lte=clock.now())
    return rows.update(state=CommandState.EXPIRED)


def _check(thing: Thing, by: Actor) -> None:
    if not by.may("telemetry.arrange", thing.unit.path):
        raise NotAllowed(_("Devices are commanded by the administrator of your locality."))


def _size(value: object) -> int | None:
    """Bytes as JSON; None where it is none that every database can hold."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        return None if "\\u0000" in text else len(text.encode())
    except (TypeError, ValueError, RecursionError):
        return None


def _due(row: Command) -> Due:
    expires = row.expires_at.astimezone(clock.VIETNAM).isoformat(timespec="seconds")
    said = {"id": row.key, "name": row.name, "args": row.args, "expires": expires}
    return Due(row.key, row.thing.code, msgspec.json.encode(said))
