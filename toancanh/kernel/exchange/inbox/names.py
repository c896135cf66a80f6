"""Names in the watched folder, and the states of files by which they are known again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import NamedTuple

DEEPEST = 8
UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", ".swp", ".lock", "~")
JUNK = ("thumbs.db", "desktop.ini")
Way = tuple[str, ...]


class Stamp(NamedTuple):
    """By which one state of a file is known again."""

    node: int
    size: int
    changed_ns: int

    def __str__(self) -> str:
        return f"{self.node}:{self.size}:{self.changed_ns}"


@dataclass(frozen=True)
class Seen:
    """A file, or a folder that cannot be looked into."""

    way: Way
    stamp: Stamp
    trouble: str = ""


class Changed(Exception):
    """The file is not any more what was seen."""


def shown(way: Way) -> str:
    """A way as people read it; bytes that are no UTF-8 as question marks, nothing unprintable."""
    text = "/".join(way).encode("utf-8", "replace").decode("utf-8")
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def is_ignored(name: str) -> bool:
    """Whether a name says that this is nothing to be taken: hidden, unfinished, or of a file manager."""
    low = name.lower()
    return low.startswith((".", "~$")) or low.endswith(UNFINISHED) or low in JUNK


def stamp_of(found: os.stat_result) -> Stamp:
    """The stamp of what was looked at."""
    return Stamp(found.st_ino, found.st_size, found.st_mtime_ns)
