"""Zalo: messages of the Official Account to followers, and templates (ZNS) to telephone numbers.

As Zalo documents it: an answer has status 200 and its fault in ``error``; the access token is good for about
a day and is renewed with a refresh token that is good once: the new one is kept before anything is sent.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toancanh.kernel.notify import texts
from toancanh.kernel.notify.channels import (
    Aside,
    Channel,
    Field,
    Hook,
    NotReady,
    Outcome,
    Parcel,
    Receipt,
    failed,
    gateway,
    later,
    mapping,
)
from toancanh.kernel.notify.models import Setup
from toancanh.kernel.runtime import clock, egress, secrets
from toancanh.kernel.runtime.egress import Stopped
from toancanh.kernel.runtime.posting import Posted, Poster
from toancanh.lib.errors import NotAllowed, Refused

NAME = "zalo"
MESSAGE, TEMPLATE, TOKEN = (
    "https://openapi.zalo.me/v3.0/oa/message/cs",
    "https://business.openapi.zalo.me/message/template",
    "https://oauth.zaloapp.com/v4/oa/access_token",
)
LONGEST = 2000
"""Letters of a message to a follower."""
STALE = frozenset((-216, -124))
"""The access token is over, as the two interfaces say it."""
SLOW = frozenset((-32, -211, -144, -147, -1472, -126))
"""Too many at once, or the quota of the day or the account is used up."""
AT_ONCE = 8
EARLY = timedelta(minutes=5)
"""Before a token is over it is renewed."""


class Zalo:
    """Hands messages to Zalo."""

    def __init__(self, values: Mapping[str, str]) -> None:
        if not values.get("refresh_token") and not values.get("access_token"):
            raise NotReady(_("The refresh token of the Official Account is missing."))
        self._values = dict(values)
        self._poster = Poster(egress.door(), most=AT_ONCE, seconds=15.0)
        self._renewing = asyncio.Lock()
        self._stale = ""
        """A token that Zalo no longer takes, whatever it said of its time."""

    async def hand(self, parcels: Sequence[Parcel], aside: Aside) -> list[Outcome]:
        """Hand them over; a token that is over is renewed once on the way."""
        outcomes = [later("unreachable", tried=False)] * len(parcels)
        waiting = iter(range(len(parcels)))
        down: list[Outcome] = []

        async def work() -> None:
            for n in waiting:
                if down:
                    outcomes[n] = later(down[0].reason, down[0].said, whole=True, tried=False)
                    continue
                outcomes[n] = await self._one(parcels[n], aside)
                if outcomes[n].whole:
                    down.append(outcomes[n])

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        return outcomes

    async def _one(self, parcel: Parcel, aside: Aside) -> Outcome:
        for attempt in (1, 2):
            try:
                token = await self._token(aside)
                answer = await self._poster.send(self._said(parcel, token))
            except Stopped as fault:
                return gateway.stopped(fault)
            trouble = gateway.of_status(answer, f"HTTP {answer.status}")
            if trouble is not None:
                return trouble
            tree = mapping.read(answer.body)
            code, told = _error(tree)
            if code == 0:
                return Outcome(
                    state="handed",
                    peer_id=mapping.at(tree, "data.message_id") or mapping.at(tree, "data.msg_id"),
                )
            if code in STALE and attempt == 1:
                self._stale = token
                continue
            if code in STALE:
                return later("forbidden", told, whole=True)
            if code in SLOW:
                return later("busy", told, 60.0, whole=True)
            return later("bad_answer", told) if code is None else failed("refused", told)
        raise AssertionError("unreachable")

    def _said(self, parcel: Parcel, token: str) -> Posted:
        """A message to a follower, or the template to a number."""
        words: dict[str, Any]
        if parcel.address.startswith("+"):
            fields = {
                "title": parcel.title,
                "text": parcel.body,
                "link": texts.link(parcel.link),
                "name": parcel.name,
                "id": parcel.reference,
            }
            filled = mapping.filled(self._values.get("template_data", "{}"), fields, "json")
            words = {
                "phone": parcel.address.removeprefix("+"),
                "template_id": self._values.get("template_id", ""),
                "template_data": msgspec.json.decode(filled),
                "tracking_id": parcel.reference,
            }
            url = self._values.get("template_url") or TEMPLATE
        else:
            text = "\n\n".join(part for part in (parcel.title, parcel.body, texts.link(parcel.link)) if part)
            words = {
                "recipient": {"user_id": parcel.address},
                "message": {"text": text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"},
            }
            url = self._values.get("message_url") or MESSAGE
        headers = {"Content-Type": "application/json", "access_token": token}
        return Posted(url=url, headers=headers, body=msgspec.json.encode(words))

    async def _token(self, aside: Aside) -> str:
        """A token that is good; renewed by one at a time."""
        async with self._renewing:
            if self._is_good():
                return self._values["access_token"]
            self._values.update(await aside(kept))
            if self._is_good():
                return self._values["access_token"]  # another process has renewed it
            form = {
                "refresh_token": self._values.get("refresh_token", ""),
                "app_id": self._values.get("app_id", ""),
                "grant_type": "refresh_token",
            }
            headers = {
                "Content-Type": "application/x-www-form-urlencoded",
                "secret_key": self._values.get("app_secret", ""),
            }
            url = self._values.get("token_url") or TOKEN
            answer = await self._poster.send(Posted(url=url, headers=headers, body=urlencode(form).encode()))
            tree = mapping.read(answer.body)
            access, refresh = mapping.at(tree, "access_token"), mapping.at(tree, "refresh_token")
            if not access or not refresh:
                told = mapping.at(tree, "error_description") or mapping.at(tree, "error_name")
                said = _("Zalo does not renew the token: %(told)s. Make a new refresh token at Zalo.")
                raise Stopped(said % {"told": told or f"HTTP {answer.status}"}, "no_token")
            wide = mapping.at(tree, "expires_in")
            until = clock.now() + timedelta(seconds=int(wide) if wide.isdigit() else 3600)
            fresh = {"access_token": access, "refresh_token": refresh, "expires": until.isoformat()}
            await aside(keep, fresh)
            self._values.update(fresh)
            return access

    def _is_good(self) -> bool:
        text = self._values.get("expires", "")
        is_other = self._values.get("access_token", "") != self._stale
        return bool(text) and is_other and datetime.fromisoformat(text) - EARLY > clock.now()

    async def ask(self, parcels: Sequence[Parcel], aside: Aside) -> list[Outcome | None]:
        """Zalo tells by itself."""
        return [None] * len(parcels)

    async def close(self) -> None:
        """Let go of connections."""
        await self._poster.close()


def kept() -> dict[str, str]:
    """The tokens as they lie in the store."""
    row = Setup.objects.get(channel=NAME)
    found = secrets.unseal(row.sealed)
    return {name: found.get(name, "") for name in ("access_token", "refresh_token", "expires")}


@transaction.atomic
def keep(fresh: Mapping[str, str]) -> None:
    """Keep new tokens; the set-up stays what it was, and its sender open."""
    row = Setup.objects.select_for_update().get(channel=NAME)
    whole = {**secrets.unseal(row.sealed), **fresh}
    Setup.objects.filter(pk=row.pk).update(sealed=secrets.seal(whole), secret_names=sorted(whole))


def _error(tree: Any) -> tuple[int | None, str]:  # noqa: ANN401 - whatever the other side says
    """Code and text of an answer; no code where it is none of Zalo's."""
    if not isinstance(tree, dict) or not isinstance(tree.get("error"), int):
        return None, ""
    code: int = tree["error"]
    return code, f"{code} {mapping.at(tree, 'message')}".strip()


def receipts(values: Mapping[str, str], hook: Hook) -> list[Receipt]:
    """That a user's device got a message: events signed with the secret of the Official Account."""
    tree = mapping.read(hook.body)
    moment = mapping.at(tree, "timestamp")
    signed = (
        f"{values.get('app_id', '')}".encode() + hook.body + f"{moment}{values.get('oa_secret', '')}".encode()
    )
    mac = f"mac={hashlib.sha256(signed).hexdigest()}"
    said = hook.headers.get("X-ZEvent-Signature", "")
    if not values.get("oa_secret") or not hmac.compare_digest(mac.encode(), said.encode()):
        raise NotAllowed(_("This address is known to the gateway alone."))
    if mapping.at(tree, "event_name") != "user_received_message":
        return []
    reference, peer_id = mapping.at(tree, "message.tracking_id"), mapping.at(tree, "message.msg_id")
    return [Receipt(state="received", reference=reference, peer_id=peer_id)]


def address(text: str) -> str:
    """A follower's number at the Official Account, or a telephone number for templates."""
    plain = text.strip()
    if plain.isascii() and plain.isdigit() and not plain.startswith("0") and len(plain) >= 15:
        return plain
    return texts.phone(plain)


def check(values: Mapping[str, str]) -> dict[str, str]:
    """Raise Refused for a template that is none."""
    template = values.get("template_data", "")
    if template:
        mapping.check(template, ("title", "text", "link", "name", "id"), "json")
    if values.get("template_id") and not template:
        raise Refused(_("Say what the fields of the template hold."), "no_template")
    for name in ("message_url", "template_url", "token_url"):
        if values.get(name):
            egress.parsed(values[name])
    return dict(values)


CHANNEL = Channel(
    name=NAME,
    title=gettext_lazy("Zalo"),
    icon="message-2",
    fields=(
        Field(name="app_id", title=gettext_lazy("Application ID at Zalo"), required=True),
        Field(name="app_secret", title=gettext_lazy("Secret key of the application"), kind="secret"),
        Field(
            name="refresh_token",
            title=gettext_lazy("Refresh token of the Official Account"),
            kind="secret",
            most=2000,
            hint=gettext_lazy(
                "Good once: the program keeps the one that follows. Type a new one only if Zalo asks."
            ),
        ),
        Field(
            name="oa_secret",
            title=gettext_lazy("Secret key of the Official Account for events"),
            kind="secret",
            hint=gettext_lazy("Without it nobody believes receipts."),
        ),
        Field(name="template_id", title=gettext_lazy("Number of the approved template (ZNS)"), most=40),
        Field(
            name="template_data",
            title=gettext_lazy("Fields of the template"),
            kind="area",
            most=2000,
            hint=gettext_lazy('As JSON: {"tieu_de": "{title}"}. Holes: {title} {text} {link} {name} {id}'),
        ),
        Field(name="message_url", title=gettext_lazy("Address for followers"), kind="url", default=MESSAGE),
        Field(name="template_url", title=gettext_lazy("Address for templates"), kind="url", default=TEMPLATE),
        Field(name="token_url", title=gettext_lazy("Address for tokens"), kind="url", default=TOKEN),
        Field(name="access_token", title=gettext_lazy("Access token"), kind="secret", most=2000, is_own=True),
        Field(name="expires", title=gettext_lazy("Access token"), kind="secret", is_own=True),
    ),
    open=Zalo,
    check=check,
    address=address,
    shown=texts.masked,
    receipts=receipts,
)
