"""Web Push to browsers that subscribed: RFC 8030, encrypted by RFC 8291, signed by RFC 8292."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import msgspec
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toancanh.kernel.notify import showing, subscriptions
from toancanh.kernel.notify.channels import Aside, Channel, Field, NotReady, Outcome, Parcel, failed
from toancanh.kernel.notify.channels.beside import Beside
from toancanh.kernel.notify.channels.encrypting import LARGEST, new_key
from toancanh.kernel.notify.channels.pushing import Job
from toancanh.kernel.notify.models import Notice, Subscription
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Refused

NAME = "webpush"
LONGEST_TTL = 28 * 24 * 3600
"""Seconds that push services keep a message at most."""


class Push:
    """Hands copies to push services."""

    def __init__(self, values: Mapping[str, str]) -> None:
        if not values.get("private_key"):
            raise NotReady(_("Web Push has no key yet; save its set-up to make one."))
        contact = values.get("contact", "")
        self._pusher = Beside(
            settings.EGRESS_ALLOW, values["private_key"], contact, lambda: clock.now().timestamp()
        )

    async def hand(self, parcels: Sequence[Parcel], aside: Aside) -> list[Outcome]:
        """Encrypt each for its browser and post it."""
        found: dict[int, tuple[str, str, str]] = await aside(keys, parcels)
        outcomes = [failed("unsubscribed")] * len(parcels)
        known = [n for n, parcel in enumerate(parcels) if int(parcel.address) in found]
        jobs = [job(parcels[n], found[int(parcels[n].address)]) for n in known]
        for n, result in zip(known, await self._pusher.push(jobs), strict=True):
            outcomes[n] = Outcome(
                state=result.state,
                reason=result.reason,
                said=result.said,
                wait=result.wait,
                tried=result.tried,
            )
        return outcomes

    async def ask(self, parcels: Sequence[Parcel], aside: Aside) -> list[Outcome | None]:
        """Push services tell nothing more; browsers report by themselves (`showing`)."""
        return [None] * len(parcels)

    async def close(self) -> None:
        """End the processes that push."""
        await self._pusher.close()


def keys(parcels: Sequence[Parcel]) -> dict[int, tuple[str, str, str]]:
    """Endpoint and keys of those who are still subscribed."""
    rows = Subscription.objects.filter(pk__in=[int(parcel.address) for parcel in parcels])
    return {pk: (where, p256dh, auth) for pk, where, p256dh, auth in rows.values_list(*subscriptions.KEYS)}


def job(parcel: Parcel, to: tuple[str, str, str]) -> Job:
    """A copy for one browser."""
    left = math.ceil((parcel.notice.expires_at - clock.now()).total_seconds())
    endpoint, p256dh, auth = to
    return Job(
        endpoint,
        p256dh,
        auth,
        parcel.reference,
        parcel.notice.urgency,
        max(0, min(left, LONGEST_TTL)),
        said(parcel),
    )


def said(parcel: Parcel) -> bytes:
    """What the page's service worker is told, cut to what a push service takes."""
    notice: Notice = parcel.notice
    words = {
        "id": parcel.reference,
        "receipt": showing.token(parcel.reference),
        "key": notice.key,
        "kind": notice.kind,
        "title": parcel.title,
        "body": parcel.body,
        "link": parcel.link,
        "urgency": notice.urgency,
        "exercise": notice.is_exercise,
        "language": parcel.language,
        "expires": notice.expires_at.isoformat(timespec="seconds"),
    }
    plain = msgspec.json.encode(words)
    while len(plain) > LARGEST:
        body = str(words["body"])
        words["body"] = f"{body[: len(body) - max(1, (len(plain) - LARGEST) // 4) - 1]}…"
        plain = msgspec.json.encode(words)
    return plain


def check(values: Mapping[str, str]) -> dict[str, str]:
    """Make the key where there is none; raises Refused for a contact that push services would not take."""
    contact = values.get("contact", "").strip()
    if contact and not contact.startswith(("mailto:", "https://")):
        contact = f"mailto:{contact}"
    if contact and ("@" not in contact if contact.startswith("mailto:") else not urlsplit(contact).hostname):
        told = _("Give an e-mail address or a page (https://) where operators of push services find you.")
        raise Refused(told, "bad_contact")
    return {**values, "contact": contact, "private_key": values.get("private_key") or new_key()}


def address(text: str) -> str:
    """The number of a subscription."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Refused(_("A push goes to the number of a subscription."), "bad_address")
    return text


def after(done: Sequence[tuple[Parcel, Outcome]]) -> None:
    """Forget browsers that are gone, and remember which of the others are there."""
    gone = [int(parcel.address) for parcel, outcome in done if outcome.reason == "gone"]
    there = [int(parcel.address) for parcel, outcome in done if outcome.state == "handed"]
    if gone:
        Subscription.objects.filter(pk__in=gone).delete()
    Subscription.objects.filter(pk__in=there).update(last_ok=clock.now())


CHANNEL = Channel(
    name=NAME,
    title=gettext_lazy("Web Push"),
    icon="device-mobile-message",
    fields=(
        Field(
            name="contact",
            title=gettext_lazy("Contact for operators of push services"),
            hint=gettext_lazy("An e-mail address or a page. Apple refuses messages without one."),
        ),
        Field(
            name="private_key",
            title=gettext_lazy("Private key (VAPID)"),
            hint=gettext_lazy(
                "Made by itself and best left alone: with another key every subscription of citizens is lost."
            ),
            kind="secret",
        ),
    ),
    open=Push,
    check=check,
    address=address,
    shown=lambda text: f"#{text}",
    after=after,
    slice=250,
    slices=4,
)
