"""Addresses of files: good for one file, one variant and some time, and beyond anybody's guessing.

Whoever may see a file is given such an address with the page; whoever has the address sees the file. What it
leads to is looked up when it is opened: what was destroyed or covered meanwhile is so in old links too.
"""

from __future__ import annotations

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from toancanh.kernel.files import names, sniffing
from toancanh.kernel.files.models import File, Kind, Variant
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotFound

LASTS = timedelta(hours=1)
"""A link holds at least so long, and less than twice that: within the hour it is the same, for caches."""
SALT = "toancanh.kernel.files.links"
SAID = struct.Struct(">QBI")
SEAL = 16
NUMBERS = {Variant.FULL: 1, Variant.SMALL: 2, Variant.PUBLIC: 3, Variant.PUBLIC_SMALL: 4}
FOR_PUBLIC = (Variant.PUBLIC, Variant.PUBLIC_SMALL)
BY_NUMBER = {number: variant for variant, number in NUMBERS.items()}


@dataclass(frozen=True)
class Asked:
    """What a genuine link asks for."""

    file: int
    variant: Variant
    expires: datetime


def url(file: File, variant: Variant = Variant.FULL, expires: datetime | None = None) -> str:
    """The address of a variant until that time, from the root of the site.

    With `Variant.PUBLIC` it leads to the covered version where there is one, to the whole where the file is
    open, and else nowhere.
    """
    if expires is None:
        seconds = int(LASTS.total_seconds())
        expires = datetime.fromtimestamp(
            (int(clock.now().timestamp()) // seconds + 2) * seconds, clock.VIETNAM
        )
    said = SAID.pack(file.pk, NUMBERS[variant], int(expires.timestamp()) // 60)
    signed = urlsafe_b64encode(said + _seal(said)).decode().rstrip("=")
    name = names.PUBLIC if variant in FOR_PUBLIC else file.name
    return f"/files/{signed}/{names.slug(name, _media(file))}"


def read(signed: str) -> Asked:
    """What the link asks for; raises NotFound where it is forged or over."""
    try:
        whole = urlsafe_b64decode(signed + "=" * (-len(signed) % 4))
    except ValueError:
        whole = b""
    said, seal = whole[: SAID.size], whole[SAID.size :]
    if len(said) < SAID.size or not hmac.compare_digest(seal, _seal(said)) or _spelling(whole) != signed:
        raise NotFound(_("This link leads to no file."))
    file, number, minutes = SAID.unpack(said)
    expires = datetime.fromtimestamp(minutes * 60, clock.VIETNAM)
    if expires <= clock.now():
        raise NotFound(_("This link is over. Open the page again from which it came."), "expired")
    return Asked(file, BY_NUMBER[number], expires)


def _media(file: File) -> str:
    return sniffing.PDF if file.kind == Kind.PDF else sniffing.JPEG


def _spelling(whole: bytes) -> str:
    return urlsafe_b64encode(whole).decode().rstrip("=")


def _seal(said: bytes) -> bytes:
    return salted_hmac(SALT, said, secret=settings.SECRET_KEY, algorithm="sha256").digest()[:SEAL]
