"""Why a copy did not arrive, in words that tell an officer what to do."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: dict[str, str | Promise] = {
    "bad_address": _("The number or address cannot be right; correct it in the list of contacts."),
    "gone": _("The recipient is no longer there: the subscription was ended or the browser forgot it."),
    "unsubscribed": _("The recipient has unsubscribed meanwhile."),
    "refused": _("The other side refuses this copy."),
    "forbidden": _("The other side does not accept our key or password; look at the set-up of the channel."),
    "too_large": _("The text is too long for this channel."),
    "busy": _("The other side asks to send more slowly."),
    "broken": _("The other side reports a fault of its own."),
    "unreachable": _("The other side cannot be reached."),
    "denied": _("The address of the other side is closed to this program (EGRESS_ALLOW)."),
    "too_slow": _("The other side did not answer in time; whether it has the copy is not known."),
    "bad_answer": _("The answer of the other side cannot be read; look at the set-up of the channel."),
    "not_ready": _("The channel is not set up or is turned off."),
    "locked": _("The secrets of the channel cannot be decrypted on this machine."),
    "undelivered": _("The gateway reports that the recipient did not get it."),
    "no_answer": _("The device did not answer in time."),
    "exercise": _("An exercise sounds no sirens; the set-up of the channel can say otherwise."),
    "tries": _("It failed too often and was given up."),
    "expired": _("The message was over before the copy could be handed over."),
    "cancelled": _("It was taken back before the copy was handed over."),
    "fault": _("The program met a fault of its own; its log tells more."),
}


def words(reason: str, said: str = "") -> str:
    """The sentence of a reason, with what the other side said of it."""
    sentence = str(WORDS.get(reason, reason))
    return f"{sentence} ({said})" if said and sentence else sentence or said
