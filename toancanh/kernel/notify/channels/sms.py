"""Short messages through an HTTP gateway of any provider."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from toancanh.kernel.notify import texts
from toancanh.kernel.notify.channels import Channel, Field, Parcel, gateway
from toancanh.kernel.notify.channels.gateway_fields import ANSWERS, RECEIPTS, REPLIES, SENDING


class Sms(gateway.Gateway):
    """Hands over texts in as many segments as were allowed."""

    def text(self, parcel: Parcel) -> str:
        """Title, text and link."""
        return said(parcel, self._values)


def said(parcel: Parcel, values: Mapping[str, str]) -> str:
    """What a telephone shows; the link is never what is cut off."""
    is_plain = values.get("without_tones") == "1"
    link = texts.link(parcel.link)
    text = " ".join(f"{parcel.title}. {parcel.body}".split())
    if is_plain:
        text = texts.without_tones(text)
    most = max(1, int(values.get("most_segments") or 3))
    if not link:
        return texts.cut(text, most)
    whole = f"{text} {link}"
    while texts.segments(whole) > most and len(text) > 20:
        text = text.removesuffix("...").removesuffix("…")[:-8].rstrip() + ("..." if is_plain else "…")
        whole = f"{text} {link}"
    return whole


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
