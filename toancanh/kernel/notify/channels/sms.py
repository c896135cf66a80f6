"""Short messages through an HTTP gateway of any provider."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from toancanh.kernel.notify import texts
from toancanh.kernel.notify.channels import Channel, Field, Parcel, gateway
from toancanh.kernel.notify.channels.gateway_fields import ANSWERS, RECEIPTS, REPLIES, SENDING
from toancanh.lib.sms import shortened


class Sms(gateway.Gateway):
    """Hands over texts in as many segments as were allowed."""

    def text(self, parcel: Parcel) -> str:
        """Title, text and link."""
        return said(parcel, self._values)


def said(parcel: Parcel, values: Mapping[str, str]) -> str:
    """What a telephone shows; the link is never what is cut off."""
    return shortened(whole(parcel.title, parcel.body, values), most(values), texts.link(parcel.link))


def whole(title: str, body: str, values: Mapping[str, str]) -> str:
    """A message as one text, before it is shortened and without its link."""
    text = " ".join(f"{title}. {body}".split())
    return texts.without_tones(text) if values.get("without_tones") == "1" else text


def most(values: Mapping[str, str]) -> int:
    """How many parts the set-up allows."""
    return max(1, int(values.get("most_segments") or 3))


CHANNEL = Channel(
    name="sms",
    title=_("Text message (SMS)"),
    icon="message",
    fields=(
        *SENDING,
        Field(
            name="without_tones",
            title=_("Without tone marks"),
            kind="check",
            hint=_("160 letters a segment instead of 70, and readable on any telephone."),
        ),
        Field(name="most_segments", title=_("Segments at most"), kind="number", default="3", most=2),
        *ANSWERS,
        *RECEIPTS,
        *REPLIES,
    ),
    open=Sms,
    check=gateway.check,
    address=texts.phone,
    shown=texts.masked,
    receipts=gateway.receipts,
    replies=gateway.replies,
    asked_every=gateway.every,
)
