"""Times as SensorThings writes them: a moment, or a beginning and an end with a slash between."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, NamedTuple

import msgspec
from django.utils.translation import gettext as _

from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Refused

_read = msgspec.json.Decoder(Annotated[datetime, msgspec.Meta(tz=True)]).decode
_SHAPE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)


class Span(NamedTuple):
    """Microseconds since 1970; without an end it is a moment."""

    start: int
    end: int | None

    @property
    def text(self) -> str:
        """As SensorThings writes it, in UTC."""
        return told(self.start) if self.end is None else f"{told(self.start)}/{told(self.end)}"


def moment(text: str, name: str) -> int:
    """Microseconds of an ISO 8601 time with offset; raises Refused, which says what `name` has to be."""
    written = text.strip()
    try:
        if _SHAPE.fullmatch(written):
            return clock.to_us(_read(f'"{written}"'.encode()))
    except (msgspec.ValidationError, OverflowError):
        pass
    said = _("%(name)s must be a time with offset, such as 2026-11-21T07:00:00+07:00.") % {"name": name}
    raise Refused(said, "bad_time")


def span(text: str, name: str) -> Span:
    """A moment or an interval; raises Refused where the end lies before the beginning."""
    start, slash, end = text.partition("/")
    if not slash:
        return Span(moment(text, name), None)
    found = Span(moment(start, name), moment(end, name))
    assert found.end is not None
    if found.end < found.start:
        raise Refused(_("%(name)s ends before it begins.") % {"name": name}, "bad_time")
    return found


def told(time_us: int) -> str:
    """A moment in UTC, with as many digits after the second as it needs."""
    written = clock.from_us(time_us).isoformat(timespec="microseconds").removesuffix("+00:00")
    seconds, _dot, fraction = written.partition(".")
    digits = fraction.rstrip("0")
    if digits:
        digits = fraction[:3] if len(digits) <= 3 else fraction
    return f"{seconds}.{digits}Z" if digits else f"{seconds}Z"
