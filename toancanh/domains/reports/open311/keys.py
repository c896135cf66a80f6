"""Keys of programs: who calls, by which token, and how much it may send."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from django.http import HttpRequest
from django.utils.translation import gettext as _

from toancanh.domains.reports import flooding
from toancanh.domains.reports.open311.answers import BadKey, TooMany
from toancanh.kernel.people.models import Purpose, Token
from toancanh.kernel.runtime import clock, ids, rates
from toancanh.kernel.runtime.rates import Buckets
from toancanh.lib.errors import Refused

BEARER = re.compile(r"[Bb]earer +([!-~]+) *", re.ASCII)
SENT_KEY = re.compile(r"[!-~]{1,255}", re.ASCII)
LONGEST = 200

plain_rate = rates.buckets(a_minute=30, burst=120)
"""Reports by a key without a rate of its own: a city's app on a stormy day."""
forged_rate = rates.buckets(a_minute=10, burst=60)
"""Wrong keys from one address; one in force passes all the same."""


def given(request: HttpRequest, said: str) -> str:
    """The key that came, as a field or as a bearer's; empty where none did."""
    found = BEARER.fullmatch(request.headers.get("Authorization", ""))
    return (found[1] if found else said.strip())[:LONGEST]


def read(request: HttpRequest, said: str) -> Token:
    """The token in force behind the key. Raises BadKey."""
    secret = given(request, said)
    if not secret:
        text = _("Send api_key: a key for reports, which the administrator of this locality gives.")
        raise BadKey(text)
    token = Token.objects.filter(digest=ids.digest(secret)).first()
    now = clock.now()
    if (
        token is None
        or (token.revoked_at is not None and token.revoked_at <= now)
        or (token.expires_at is not None and token.expires_at <= now)
    ):
        wait = forged_rate.take(request.META.get("REMOTE_ADDR", ""))
        if wait:
            raise TooMany(_("Too many wrong keys came from this address. Look at the key, then wait."), wait)
        raise BadKey(_("This api_key is unknown, over or revoked. Ask the administrator for one in force."))
    if token.purpose != Purpose.REPORTS:
        raise BadKey(_("This api_key is one of a device. Reports need one made for reports."))
    return token


def check_rate(token: Token, device: str) -> None:
    """Raise TooMany where the key, or one device behind it, has sent more than is taken."""
    wait = _of(token).wait(str(token.pk))
    if wait:
        raise TooMany(_("This key has sent many reports. Send the next a little later."), wait)
    wait = flooding.device_rate.wait(_device(token, device)) if device else 0.0
    if wait:
        raise TooMany(_("This device has sent many reports. Send the next a little later."), wait)


def count(token: Token, device: str) -> None:
    """Count a report that was kept."""
    _of(token).take(str(token.pk))
    if device:
        flooding.device_rate.take(_device(token, device))


def _of(token: Token) -> Buckets:
    return plain_rate if token.rate is None else _own(token.rate)


@lru_cache(maxsize=256)
def _own(rate: int) -> Buckets:
    return rates.buckets(a_minute=rate, burst=rate)


def _device(token: Token, device: str) -> str:
    return f"open311 {token.pk} {device[:100]}"


def sending(request: HttpRequest) -> str:
    """The caller's own key of this sending; empty where it sent none. Raises Refused."""
    key = request.headers.get("Idempotency-Key", "")
    if key and not SENT_KEY.fullmatch(key):
        raise Refused(_("Idempotency-Key is one value of 1 to 255 visible ASCII characters."), "bad_key")
    return key


def scoped(token: Token, kind: str, key: str) -> str:
    """A key of a sending that belongs to this caller alone, whatever others choose.

    By the token's name: a key that was renewed still knows what was sent before.
    """
    return hashlib.sha256(f"open311.{kind}:{token.name}:{key}".encode()).hexdigest()
