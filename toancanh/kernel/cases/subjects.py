"""Cases as others speak of them."""

from __future__ import annotations

from toancanh.kernel.cases import access, words
from toancanh.kernel.declare import Actor
from toancanh.kernel.runtime.subjects import Subject
from toancanh.lib.errors import NotFound


def find(rest: str, to: Actor) -> Subject | None:
    """The case of that code, where the reader may see it."""
    try:
        found = access.case(rest, to)
    except NotFound:
        return None
    return Subject(
        key=f"case:{found.code}",
        kind=words.kind(found.kind),
        title=f"{found.code} {found.title}",
        url=f"/console/work/{found.code}/",
        unit_code=found.unit.code,
        words=found.title,
    )
