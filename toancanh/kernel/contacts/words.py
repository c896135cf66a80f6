"""How far it came with a person, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from toancanh.kernel.contacts.board import Reached
from toancanh.kernel.contacts.models import Via


def state(one: Reached) -> str:
    """What is known of one who was told."""
    if one.told.confirmed_at is not None:
        told = {
            Via.LINK: _("confirmed by the link"),
            Via.REPLY: _("confirmed by a reply"),
            Via.CALL: _("called, has received"),
        }[Via(one.told.via)]
        return _("%(how)s, after the end") % {"how": told} if one.is_late else told
    return {
        "answered": _("answered, not confirmed: read it"),
        "received": _("on the device, not confirmed"),
        "handed": _("handed over, nothing heard"),
        "waiting": _("on its way"),
        "failed": _("could not be delivered"),
    }.get(one.state, _("no way to send: call"))


def outcome(code: str) -> str:
    """What came of a call."""
    return {
        "answered": _("answered"),
        "reached": _("reached"),
        "silent": _("nobody answers"),
        "wrong": _("not this person's number"),
    }[code]
