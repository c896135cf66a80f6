"""Where contents lie: each once, under its SHA-256, whole or not at all.

The rows of the database decide what is kept. `put` before a row is committed and `discard` after it are safe
against each other: both hold the same lock while they look at the rows.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from toancanh.kernel.runtime import disks
from toancanh.lib.errors import Full

FOLDER = "files"
COMING = "coming"
RESERVE = 32 * 1024 * 1024
"""Bytes that files leave free on the disk: the database, which may lie beside them, needs room to go on."""
DIGEST = re.compile(r"[0-9a-f]{64}")
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Storage(Protocol):
    """What is asked of a place for contents; a bucket of an object store can give it as well as a folder."""

    def put(self, content: bytes) -> str:
        """Keep the content for good before returning its SHA-256; raises Full."""

    def has(self, digest: str) -> bool:
        """Whether it is there."""

    def open(self, digest: str) -> BinaryIO:
        """The content from its beginning; raises FileNotFoundError."""

    def remove(self, digest: str) -> bool:
        """Take it away; whether it was there."""

    def older(self, prefix: str, before: float) -> Iterator[str]:
        """Digests that begin so and were last put before that time (seconds since 1970)."""

    def sweep(self, before: float) -> int:
        """Take away what was begun before that time and never became whole."""


class Folder:
    """Contents in a folder, as ``ab/cd/<sha256>``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, content: bytes) -> str:
        """Keep it: written aside, synced, then given its name, then the name synced."""
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        try:
            # Of what is there already only the age changes: it was wanted again just now.
            os.utime(path)
        except FileNotFoundError:
            self._write(path, content)
        return digest

    def has(self, digest: str) -> bool:
        return self._path(digest).is_file()

    def open(self, digest: str) -> BinaryIO:
        return self._path(digest).open("rb")

    def remove(self, digest: str) -> bool:
        try:
            self._path(digest).unlink()
        except FileNotFoundError:
            return False
        return True

    def older(self, prefix: str, before: float) -> Iterator[str]:
        for path in self.root.glob(f"{prefix[:2]}/{prefix[2:4]}*/{prefix}*"):
            # One that goes while we look is nobody's business any more.
            with suppress(FileNotFoundError):
                if DIGEST.fullmatch(path.name) and path.stat().st_mtime < before:
                    yield path.name

    def sweep(self, before: float) -> int:
        gone = 0
        for path in (self.root / COMING).glob("*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()
                    gone += 1
        return gone

    def _path(self, digest: str) -> Path:
        if not DIGEST.fullmatch(digest):
            raise ValueError("no digest of SHA-256")
        return self.root / digest[:2] / digest[2:4] / digest

    def _write(self, path: Path, content: bytes) -> None:
        coming = self.root / COMING / secrets.token_hex(16)
        try:
            coming.parent.mkdir(parents=True, exist_ok=True)
            if disks.of(coming.parent).free < len(content) + RESERVE:
                raise _full()
            try:
                with os.fdopen(os.open(coming, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                new = [folder for folder in (path.parent, path.parent.parent) if not folder.exists()]
                path.parent.mkdir(parents=True, exist_ok=True)
                coming.replace(path)
                for folder in (path.parent, *(made.parent for made in new)):
                    _sync(folder)
            finally:
                coming.unlink(missing_ok=True)
        except OSError as fault:
            if fault.errno in NO_ROOM:
                raise _full() from fault
            raise


def here() -> Storage:
    """The storage of this installation."""
    folder: Path = settings.DATA
    return Folder(folder / FOLDER)


def _sync(folder: Path) -> None:
    """A name is on the disk once its folder is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _full() -> Full:
    return Full(_("The disk for files is full. Nothing was lost and nothing new was saved."))
