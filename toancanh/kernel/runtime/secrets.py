"""Secrets that the program must be able to use again, such as the key of a feed: encrypted where they lie.

The key is a file beside the data and never in the database: who copies the one has not the other. It may hold
several keys, one a line: the first encrypts, all decrypt, so that a key can be replaced step by step.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext as _

from toancanh.kernel.runtime import keyfile
from toancanh.lib.errors import Refused

NAME = "credentials.key"


class Locked(Refused):
    """The secret cannot be read here; the message says which file is missing."""

    code = "locked"


def path() -> Path:
    """Where the key lies."""
    folder: Path = settings.DATA
    return folder / NAME


class Box:
    """The key, read once for many secrets; for one, `seal` and `unseal` do."""

    def __init__(self, fernet: MultiFernet) -> None:
        self._fernet = fernet

    def seal(self, content: bytes) -> bytes:
        """Encrypted."""
        return self._fernet.encrypt(content)

    def unseal(self, sealed: bytes) -> bytes:
        """What was sealed; raises Locked where that was done with another key."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as fault:
            raise _locked() from fault


def box() -> Box:
    """The key of this installation, made where there has never been one; raises Locked."""
    try:
        return Box(_box(keyfile.kept_or_made(path(), lambda: Fernet.generate_key().decode())))
    except (OSError, ValueError) as fault:
        raise _locked() from fault


def seal(words: dict[str, str]) -> str:
    """Encrypted; empty for nothing. Makes the key where there has never been one."""
    if not words:
        return ""
    try:
        text = keyfile.kept_or_made(path(), lambda: Fernet.generate_key().decode())
        return _box(text).encrypt(msgspec.json.encode(words)).decode()
    except (OSError, ValueError) as fault:
        raise _locked() from fault


def unseal(sealed: str) -> dict[str, str]:
    """What was sealed; raises Locked where the key is missing, unreadable or another one."""
    if not sealed:
        return {}
    try:
        opened = _box(keyfile.kept(path())).decrypt(sealed.encode())
        return msgspec.json.decode(opened, type=dict[str, str])
    except (OSError, ValueError, InvalidToken) as fault:
        raise _locked() from fault


def _box(text: str) -> MultiFernet:
    return MultiFernet([Fernet(line.strip()) for line in text.splitlines() if line.strip()])


def _locked() -> Locked:
    told = _(
        "The secrets kept here cannot be read or written: %(file)s is missing, closed to the program or of "
        "another installation. Put back the file that belongs to this database, or type the secrets anew."
    )
    return Locked(told % {"file": path()})
