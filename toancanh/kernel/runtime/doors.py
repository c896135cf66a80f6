"""The register of doors: what is not on it does not exist.

Every route says who may pass, what class of data it shows and how much it takes in. The edge reads the size
and the class of caller here, the contract tests sweep it, the API document is made from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

Data = Literal["public", "staff", "device", "operations", "assets", "stream"]
Caller = Literal["public", "staff", "device", "operations", "assets", "stream", "upload", "photos"]
View = TypeVar("View", bound=Callable[..., Any])

SMALL = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Door:
    """What a caller needs and may send."""

    right: str = ""
    """Needed of the actor; empty: anyone."""
    data: Data = "public"
    methods: tuple[str, ...] = ("GET", "HEAD")
    max_body: int = 0
    """Bytes; a longer body is refused before anything reads it."""
    served_as: Caller | None = None
    """Whose reserved capacity a call uses, where it is not that of its data."""
    reads: Door | None = None
    """As which door GET and HEAD come in, where bodies that are sent here have a capacity of their own."""

    def asked(self, method: str) -> Door:
        """The door by which a call of that method comes in."""
        return self.reads if self.reads is not None and method in ("GET", "HEAD") else self

    @property
    def caller(self) -> Caller:
        """Whose reserved capacity a call uses."""
        return self.served_as or self.data


class Undeclared(Exception):
    """A route has no door; the program does not start with one."""


def door(
    *,
    right: str = "",
    data: Data = "public",
    methods: tuple[str, ...] = ("GET", "HEAD"),
    max_body: int = 0,
    served_as: Caller | None = None,
    reads: Door | None = None,
) -> Callable[[View], View]:
    """Put the view on the register."""

    def put(view: View) -> View:
        made = Door(
            right=right, data=data, methods=methods, max_body=max_body, served_as=served_as, reads=reads
        )
        view.door = made  # type: ignore[attr-defined]
        return view

    return put


def of(view: Callable[..., Any]) -> Door | None:
    """The door of a view, also through the wrappers of frameworks."""
    found = getattr(view, "door", None)
    return found if isinstance(found, Door) else None


mounted: dict[str, Door] = {}
"""Raw doors beside Django's routes, by path; filled by the edge."""


@dataclass(frozen=True)
class Route:
    """One route of the register: its pattern as Django writes it, and its door."""

    pattern: str
    name: str
    door: Door


def routes() -> Iterator[Route]:
    """Every route there is; raises Undeclared at the first without a door."""
    from django.urls import get_resolver  # app ready: URLs load the whole house

    for path, own in mounted.items():
        yield Route(path, "", own)
    yield from _walk(get_resolver().url_patterns, "/")


def _walk(patterns: list[Any], prefix: str) -> Iterator[Route]:
    for entry in patterns:
        pattern = prefix + str(entry.pattern)
        if hasattr(entry, "url_patterns"):
            yield from _walk(entry.url_patterns, pattern)
            continue
        found = of(entry.callback)
        if found is None:
            raise Undeclared(f"{pattern} ({entry.callback}) stands on no register of doors")
        yield Route(pattern, entry.name or "", found)
