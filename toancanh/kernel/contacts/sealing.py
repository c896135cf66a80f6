"""Numbers and addresses as they are kept: encrypted, with a keyed hash by which the same one is found again.

The hash needs a key of its own: there are few enough telephone numbers to try them all.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets as random
from base64 import b32encode
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from toancanh.kernel.contacts.models import Address, Channel
from toancanh.kernel.runtime import keyfile, secrets
from toancanh.lib import phones

NAME = "contacts.key"
"""Beside the data; another one finds no double and makes the links in messages strange."""


@dataclass(frozen=True)
class Reachable:
    """A number or address in clear, as forms and files bring it."""

    channel: str
    value: str
    is_mobile: bool = False

    @property
    def shown(self) -> str:
        """As people read it."""
        return phones.shown(self.value) if self.channel == Channel.PHONE else self.value


def path() -> Path:
    """Where the key of the hashes lies."""
    folder: Path = settings.DATA
    return folder / NAME


class Keys:
    """The keys, read once for whatever many rows need."""

    def __init__(self) -> None:
        self._box = secrets.box()
        try:
            self._key = keyfile.kept_or_made(path(), lambda: random.token_hex(32)).encode()
        except OSError as fault:
            told = _("%(file)s cannot be read or written; contacts cannot be found or told apart without it.")
            raise secrets.Locked(told % {"file": path()}) from fault

    def mark(self, channel: str, value: str) -> str:
        """The hash of a number or address."""
        return hmac.new(self._key, f"{channel}:{value.casefold()}".encode(), hashlib.sha256).hexdigest()

    def link(self, subject: str, contact: int) -> str:
        """The secret of a person's link for one notice: 128 bits, the same whenever it is asked for."""
        said = hmac.new(self._key, f"link:{subject}:{contact}".encode(), hashlib.sha256).digest()
        return b32encode(said[:16]).decode().rstrip("=").lower()

    @staticmethod
    def sample() -> str:
        """What stands for such a secret where only its length matters."""
        return "x" * 26

    def row(self, contact: int, one: Reachable, rank: int) -> Address:
        """What is kept of it."""
        hint = phones.hidden(one.value) if one.channel == Channel.PHONE else f"{one.value[:2]}…"
        return Address(
            contact_id=contact,
            channel=one.channel,
            is_mobile=one.is_mobile,
            sealed=self._box.seal(one.value.encode()).decode(),
            mark=self.mark(one.channel, one.value),
            hint=hint,
            rank=rank,
        )

    def read(self, address: Address) -> Reachable:
        """In clear: whoever shows it to a person writes that into the journal."""
        value = self._box.unseal(address.sealed.encode()).decode()
        return Reachable(address.channel, value, address.is_mobile)

    def seal(self, content: bytes) -> bytes:
        """A file with contacts, as it is kept until somebody has looked at it."""
        return self._box.seal(content)

    def unseal(self, sealed: bytes) -> bytes:
        """What `seal` gave."""
        return self._box.unseal(sealed)


def digest(link: str) -> str:
    """What is kept of a link's secret."""
    return hashlib.sha256(link.encode()).hexdigest()


def in_clear(addresses: Iterable[Address], keys: Keys | None = None) -> list[Reachable]:
    """All of them in the order in which they are tried."""
    opened = keys or Keys()
    return [opened.read(one) for one in sorted(addresses, key=lambda one: (one.rank, one.pk))]
