"""How channels are set up here: by an administrator, with secrets encrypted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor, program
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.notify import registry
from toancanh.kernel.notify.channels import Channel
from toancanh.kernel.notify.models import Setup
from toancanh.kernel.runtime import clock, secrets
from toancanh.lib.errors import NotAllowed, Refused

RIGHT = "notify.arrange"
ITSELF = program("notify")


def check(by: Actor) -> None:
    """Only who arranges channels writes here."""
    if not by.may(RIGHT):
        raise NotAllowed(_("Channels are set up by the administrator of this installation."))


def values(setup: Setup) -> dict[str, str]:
    """Everything that was set up, secrets too; raises `secrets.Locked`."""
    return {**setup.values, **secrets.unseal(setup.sealed)}


@transaction.atomic
def change(name: str, said: Mapping[str, str], *, is_on: bool, by: Actor) -> Setup:
    """Set a channel up. An empty secret stays what it was."""
    check(by)
    channel = registry.channel(name)
    setup = Setup.objects.select_for_update().filter(channel=name).first() or _new(channel)
    try:
        kept = secrets.unseal(setup.sealed)
    except secrets.Locked:
        kept = {}
    typed = {field.name: said.get(field.name, "").strip() for field in channel.fields}
    for field in channel.fields:
        text = typed[field.name] or (kept.get(field.name, "") if field.kind == "secret" else "")
        if "\0" in text or len(text) > field.most:
            told = _("%(name)s has at most %(most)s characters.")
            raise Refused(told % {"name": field.title, "most": field.most}, "too_long")
        if field.kind == "choice" and text not in dict(field.choices):
            raise Refused(
                _("Choose one of those offered for %(name)s.") % {"name": field.title}, "bad_choice"
            )
        if field.kind == "number" and text and not (text.isascii() and text.isdigit() and len(text) < 10):
            raise Refused(_("%(name)s is a whole number.") % {"name": field.title}, "bad_number")
        if is_on and field.required and not text:
            raise Refused(_("%(name)s is missing.") % {"name": field.title}, "missing")
        typed[field.name] = text
    _written(setup, channel, channel.check(typed), is_on=is_on, by=by)
    return setup


def _written(setup: Setup, channel: Channel, whole: Mapping[str, str], *, is_on: bool, by: Actor) -> None:
    hidden = {field.name for field in channel.fields if field.kind == "secret"}
    setup.values = {name: text for name, text in whole.items() if name not in hidden}
    sealed = {name: text for name, text in whole.items() if name in hidden and text}
    setup.sealed, setup.secret_names = secrets.seal(sealed), sorted(sealed)
    setup.is_on, setup.changed_at, setup.changed_by = is_on, clock.now(), by.name
    setup.version += 1
    setup.paused_until = setup.failing_since = None
    setup.failures, setup.reason, setup.said = 0, "", ""
    setup.save()
    content: dict[str, Any] = {"on": is_on, "values": dict(setup.values), "secrets": setup.secret_names}
    journal.record("notify.channel_set_up", f"channel:{channel.name}", by=by, content=content)


def _new(channel: Channel) -> Setup:
    return Setup(channel=channel.name, changed_at=clock.now())


def ensure(name: str) -> Setup:
    """The set-up of a channel that needs nobody for it: made and turned on where it is missing."""
    found = Setup.objects.filter(channel=name).first()
    if found is not None:
        return found
    channel = registry.channel(name)
    with transaction.atomic():
        Setup.objects.bulk_create([_new(channel)], ignore_conflicts=True)
        found = Setup.objects.select_for_update().get(channel=name)
        if found.version == 1:
            whole = channel.check({field.name: field.default for field in channel.fields})
            _written(found, channel, whole, is_on=True, by=ITSELF)
    return found


def public_key() -> str:
    """What pages give to a browser that subscribes; empty while Web Push is off."""
    from toancanh.kernel.notify.channels.encrypting import Vapid

    setup = Setup.objects.filter(channel="webpush", is_on=True).first()
    if setup is None:
        return ""
    try:
        private = values(setup).get("private_key", "")
    except secrets.Locked:
        return ""
    return Vapid(private).public if private else ""
