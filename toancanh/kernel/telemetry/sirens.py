"""Sirens and loudspeakers as a channel of messages: a command to each, its answer is the receipt.

The command bears the delivery's reference as its key, so that a message handed over twice sounds once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from toancanh.kernel.declare import program
from toancanh.kernel.notify.channels import HANDED, Aside, Channel, Field, Outcome, Parcel, failed
from toancanh.kernel.notify.messages import Recipient
from toancanh.kernel.notify.models import Setup
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import commands
from toancanh.kernel.telemetry.models import Command, CommandState
from toancanh.kernel.territory import queries as territory
from toancanh.lib.errors import Refused

NAME = "siren"
KIND = "sensors.siren"
SOURCE = "telemetry.sirens"
"""Name of the list of those in some units, in ``settings.RECIPIENTS``."""
BY = program("notify")
LONGEST = 1_500
"""Letters of the text that a loudspeaker reads: a command has room for no more."""
LASTS = timedelta(minutes=30)
"""A siren that hears of it later keeps silent: nobody could tell what it sounds for."""


class Sirens:
    """Gives commands and looks for their answers."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    async def hand(self, parcels: Sequence[Parcel], aside: Aside) -> list[Outcome]:
        """Give each its command; whatever door the device stands at carries it."""
        found: list[Outcome] = await aside(self.give, parcels)
        return found

    async def ask(self, parcels: Sequence[Parcel], aside: Aside) -> list[Outcome | None]:
        """What the devices answered."""
        found: list[Outcome | None] = await aside(answered, parcels)
        return found

    async def close(self) -> None:
        """Nothing is kept open."""

    def give(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        """The commands of a slice."""
        codes = {parcel.address for parcel in parcels}
        things = {thing.code: thing for thing in Thing.objects.select_related("unit").filter(code__in=codes)}
        return [self._one(things.get(parcel.address), parcel) for parcel in parcels]

    def _one(self, thing: Thing | None, parcel: Parcel) -> Outcome:
        notice = parcel.notice
        if thing is None:
            return failed("bad_address")
        if notice.is_exercise and self._values.get("in_exercise") != "1":
            return failed("exercise")
        args = {
            "title": parcel.title,
            "text": parcel.body[:LONGEST],
            "language": parcel.language,
            "urgency": notice.urgency,
            "exercise": notice.is_exercise,
            "seconds": int(self._values.get("seconds") or 60),
        }
        until = min(notice.expires_at, clock.now() + LASTS)
        name = self._values.get("command") or "warn"
        try:
            commands.command(thing, name, args, by=BY, expires=until, key=parcel.reference)
        except Refused as fault:
            return failed("refused", fault.message)
        return HANDED


def answered(parcels: Sequence[Parcel]) -> list[Outcome | None]:
    """What became of their commands; None for those that still wait."""
    keys = [parcel.reference for parcel in parcels]
    rows = Command.objects.filter(key__in=keys).values_list("key", "state", "result", "expires_at")
    found = {key: _meant(state, result, expires <= clock.now()) for key, state, result, expires in rows}
    return [found.get(key) for key in keys]


def _meant(state: str, result: Any, is_over: bool) -> Outcome | None:  # noqa: ANN401 - whatever a device says
    if state == CommandState.ANSWERED:
        if isinstance(result, Mapping) and (result.get("ok") is False or result.get("error")):
            return failed("undelivered", str(result.get("error") or "ok: false"))
        return Outcome(state="received")
    return failed("no_answer") if is_over or state == CommandState.WITHDRAWN else None


def recipients(args: Mapping[str, Any], after: str, most: int) -> list[Recipient]:
    """Sirens and loudspeakers that stand in ``args["units"]`` (codes) or below."""
    setup = Setup.objects.filter(channel=NAME).first()
    kinds = (setup.values.get("kinds") if setup else "") or KIND
    within = Q(pk__in=[])
    for unit in territory.in_force().filter(code__in=list(args["units"])):
        within |= Q(unit__path__startswith=unit.path)
    rows = Thing.objects.filter(within, kind__in=kinds.replace(",", " ").split(), is_active=True)
    rows = rows.filter(code__gt=after.removeprefix("thing:")).order_by("code")
    return [
        Recipient(f"thing:{thing.code}", NAME, thing.code, "vi", thing.name[:150]) for thing in rows[:most]
    ]


def check(values: Mapping[str, str]) -> dict[str, str]:
    """Raise Refused for a command that devices could not be given."""
    if values.get("command") and not commands.NAME.match(values["command"]):
        text = _("A command is named with a-z, 0-9, - and _: %(name)s")
        raise Refused(str(text) % {"name": values["command"]}, "bad_name")
    return dict(values)


CHANNEL = Channel(
    name=NAME,
    title=_("Sirens, loudspeakers"),
    icon="speakerphone",
    fields=(
        Field(
            name="kinds",
            title=_("Kinds of things that sound"),
            hint=_("Separated by commas, as they stand on the list of devices."),
            default=KIND,
        ),
        Field(name="command", title=_("Command"), default="warn", most=60),
        Field(name="seconds", title=_("Seconds it sounds"), kind="number", default="60", most=4),
        Field(
            name="in_exercise",
            title=_("Sounds in exercises too"),
            kind="check",
            hint=_("Unless this is set, an exercise reaches people alone and no siren."),
        ),
    ),
    open=Sirens,
    check=check,
    asked_every=lambda _values: 2,
)
