"""Times, spans of time and lengths of time as SensorThings writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from toancanh.kernel.exchange.sensorthings import times
from toancanh.kernel.runtime import clock

DURATION = re.compile(
    r"(?P<sign>-)?P(?:(?P<days>\d{1,9})D)?(?:T(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?"
    r"(?:(?P<seconds>\d{1,12}(?:\.\d{1,9})?)S)?)?\Z",
    re.ASCII,
)
MOMENT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+ -]\d\d:\d\d)?", re.ASCII | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` until ``end``; a single moment where they are the same."""

    start: datetime
    end: datetime

    @property
    def is_moment(self) -> bool:
        """Whether it has no length."""
        return self.start == self.end


def moment(text: str) -> datetime | None:
    """An ISO 8601 time, UTC where it names no offset; None where it is none.

    A plus sign that a query string turned into a space is understood.
    """
    if not MOMENT.fullmatch(text):
        return None
    written = text.upper().replace(" ", "+")
    digits = re.search(r"\.(\d+)", written)
    if digits:
        written = written.replace(digits[0], f".{digits[1][:6]:0<6}", 1)
    try:
        found = datetime.fromisoformat(written)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def duration(text: str) -> timedelta | None:
    """An ISO 8601 length of time in days and smaller, such as P1DT12H; None where it is none."""
    found = DURATION.match(text)
    if found is None or not any(found[name] for name in ("days", "hours", "minutes", "seconds")):
        return None
    try:
        length = timedelta(
            days=int(found["days"] or 0),
            hours=int(found["hours"] or 0),
            minutes=int(found["minutes"] or 0),
            seconds=float(found["seconds"] or 0),
        )
    except OverflowError:
        return None
    return -length if found["sign"] else length


def written(at: datetime) -> str:
    """A moment as answers write it."""
    return times.told(clock.to_us(at))


def span(period: Period) -> str:
    """A period as answers write it; a moment where it has no length."""
    return written(period.start) if period.is_moment else f"{written(period.start)}/{written(period.end)}"
