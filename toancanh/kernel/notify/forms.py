"""The set-up of a channel as a form and back, and how each channel does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from toancanh.kernel.notify import reasons, registry
from toancanh.kernel.notify.channels import Channel, Field
from toancanh.kernel.notify.models import Setup


@dataclass(frozen=True)
class ShownField:
    """One field with what is in it; a secret is never shown."""

    field: Field
    value: str
    is_kept: bool = False

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What may be chosen, in words."""
        return [(value, str(title)) for value, title in self.field.choices]


def fields(channel: Channel, setup: Setup | None, typed: Mapping[str, str] | None = None) -> list[ShownField]:
    """The fields of a channel's form: as typed, as set up, or as they are proposed."""
    found = []
    for field in channel.fields:
        if field.is_own:
            continue
        if field.kind == "secret":
            found.append(ShownField(field, "", setup is not None and field.name in setup.secret_names))
        elif typed is not None:
            found.append(ShownField(field, typed.get(field.name, "")))
        else:
            value = setup.values.get(field.name, "") if setup is not None else field.default
            found.append(ShownField(field, value))
    return found


@dataclass(frozen=True)
class ShownChannel:
    """A channel and how it does: a word for colour, a title, and what to do where it is bad."""

    channel: Channel
    setup: Setup | None
    state: str
    title: str
    reason: str = ""


def shown(channel: Channel, setup: Setup | None, now: datetime) -> ShownChannel:
    """How a channel does."""
    if setup is None:
        return ShownChannel(channel, None, "draft", _("Not set up"))
    if not setup.is_on:
        return ShownChannel(channel, setup, "paused", _("Turned off"))
    if setup.reason:
        return ShownChannel(channel, setup, "bad", _("Fails"), reasons.words(setup.reason, setup.said))
    if setup.worked_at is None:
        return ShownChannel(channel, setup, "waiting", _("Ready, not used yet"))
    return ShownChannel(channel, setup, "well", _("Works"))


def everything(now: datetime) -> Sequence[ShownChannel]:
    """Every channel. One query."""
    rows = {row.channel: row for row in Setup.objects.all()}
    return [shown(channel, rows.get(name), now) for name, channel in registry.channels().items()]
