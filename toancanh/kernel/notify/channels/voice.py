"""Voice calls through an HTTP gateway that reads a text to whoever picks up."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from toancanh.kernel.notify import texts
from toancanh.kernel.notify.channels import Channel, Field, Parcel, gateway
from toancanh.kernel.notify.channels.gateway_fields import ANSWERS, RECEIPTS, SENDING


class Voice(gateway.Gateway):
    """Hands over what is read aloud."""

    def text(self, parcel: Parcel) -> str:
        """Title and text, the title twice: who picks up late has missed the first words."""
        most = max(50, int(self._values.get("most_letters") or 600))
        said = " ".join(f"{parcel.title}. {parcel.body}".split())
        cut = said if len(said) <= most else f"{said[: most - 1].rstrip()}…"
        return f"{cut} {parcel.title}."


CHANNEL = Channel(
    name="voice",
    title=_("Voice call"),
    icon="phone-call",
    fields=(
        *SENDING,
        Field(name="most_letters", title=_("Letters at most"), kind="number", default="600", most=5),
        *ANSWERS,
        *RECEIPTS,
    ),
    open=Voice,
    check=gateway.check,
    address=texts.phone,
    shown=texts.masked,
    receipts=gateway.receipts,
    asked_every=gateway.every,
)
