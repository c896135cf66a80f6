"""What each role of the program brings into its process: the page to read for what runs where.

`toancanh run` is all of them in one process; apart they share nothing but the store. A new door is mounted in
`parts.data` (HTTP) or in `parts.field` (other protocols); a steady duty becomes a loop in `parts.worker`. A
part is loaded only where its role runs, so that a role that was killed is back soon.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Literal, Protocol, cast, get_args

from django.conf import settings

from toancanh.site.asgi import House

Role = Literal["", "web", "ingest", "worker"]
"""What a process is for; empty: everything."""
ROLES: tuple[str, ...] = get_args(Role)[1:]
PARTS: dict[str, tuple[str, ...]] = {
    "": ("web", "data", "field", "worker"),
    "web": ("web", "data"),
    "ingest": ("data", "field"),
    "worker": ("worker",),
}


class Part(Protocol):
    """A module of `parts`."""

    def mount(self, house: House) -> None:
        """Put what belongs to the part into the house, which is not started yet."""


def house(role: str, port: int, is_stopping: Callable[[], bool]) -> House:
    """The process of a role, put together and not yet started."""
    made = House(role, port, is_stopping, has_others=bool(role) or bool(settings.DATABASE_URL))
    for name in PARTS[role]:
        cast(Part, import_module(f"toancanh.site.parts.{name}")).mount(made)
    return made
