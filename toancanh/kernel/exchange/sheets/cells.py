"""Times and numbers as people in Việt Nam write them, and as programs do."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from toancanh.kernel.exchange.sheets.child import Cell

FIRST, LAST = 1950, 2199
DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - a workbook's days are counted in local time
MISSING = frozenset(("", "-", "--", "—", "–", "na", "n/a", "nan", "null", "none", "#n/a", "...", "x"))
"""What people put where nothing was measured."""
ERRORS = frozenset(("#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!"))
"""What a formula shows that came to nothing."""

_between = r"(?:\s*[,T-]\s*|\s+)(?:(?:lúc|ngày|vào)\s*)?"
_clock = (
    r"(?P<hour>\d{1,2})\s*(?::|h|g|giờ)(?:\s*(?P<minute>\d{2})(?:\s*(?:'|p|phút)|:(?P<second>\d{2})"
    r"(?:[.,](?P<part>\d{1,9}))?)?)?\s*(?P<half>am|pm|sa|ch)?"
)
_ymd = r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
_dmy = r"(?P<first>\d{1,2})[-/.](?P<second_>\d{1,2})[-/.](?P<last>\d{4}|\d{2})"
_zone = r"(?:\s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2}))?"
_spellings = tuple(
    re.compile(pattern, re.IGNORECASE | re.ASCII)
    for pattern in (
        rf"{_dmy}(?:{_between}{_clock})?{_zone}",
        rf"{_ymd}(?:{_between}{_clock})?{_zone}",
        rf"{_clock}{_between}{_dmy}{_zone}",
        rf"{_clock}{_between}{_ymd}{_zone}",
    )
)
_compact = re.compile(r"((?:19|20|21)\d\d)(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?", re.ASCII)
_clock_alone = re.compile(_clock, re.IGNORECASE | re.ASCII)
_plain = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)


class Unreadable(ValueError):
    """A cell that says nothing of what its column holds; the argument is a stable code."""

    @property
    def code(self) -> str:
        """Which rule it breaks."""
        return str(self.args[0])


class Times:
    """Reads times of one column; those without an offset are of ``zone``."""

    def __init__(self, zone: str = "Asia/Ho_Chi_Minh", *, day_first: bool = True) -> None:
        self.zone = ZoneInfo(zone)
        self.day_first = day_first
        # A column repeats its times for each station.
        self._known = lru_cache(maxsize=4096)(self._written)

    def read(self, value: Cell, clock: Cell = None) -> datetime:
        """The time in UTC; ``clock`` is the hour where it has a column of its own. Raises Unreadable."""
        if value is None or isinstance(value, bool):
            raise Unreadable("no_time" if value is None else "bad_time")
        local = self._known(value) if isinstance(value, str) else self._counted(float(value))
        if clock is not None:
            local = _midnight(local) + of_day(clock)
        if not FIRST <= local.year <= LAST:
            raise Unreadable("bad_time")
        return (local if local.tzinfo else local.replace(tzinfo=self.zone)).astimezone(UTC)

    def _written(self, text: str) -> datetime:
        said = text.strip().lstrip("'")
        try:
            # ISO 8601 in one step; a bare run of digits is none.
            if len(said) >= 10 and said[4:5] in "-" and said[2:3].isdigit():
                return datetime.fromisoformat(said)
        except ValueError:
            pass
        if said.isascii() and said.isdigit():
            return self._counted(float(said[:20]))
        for spelling in _spellings:
            if found := spelling.fullmatch(said):
                return self._built(found)
        raise Unreadable("bad_time" if said else "no_time")

    def _counted(self, count: float) -> datetime:
        """Days as workbooks count them; 202611210700; seconds, milli- or microseconds since 1970."""
        if 18_264 <= count < 110_000:
            return DAY_ZERO + timedelta(milliseconds=round(count * 86_400_000))
        if found := _compact.fullmatch(f"{count:.0f}"):
            with suppress(ValueError):
                return datetime(*(int(part or 0) for part in found.groups()))  # type: ignore[arg-type]  # noqa: DTZ001
        for unit in (1, 1_000, 1_000_000):
            if 1e8 * unit <= count < 7e9 * unit:
                return datetime.fromtimestamp(count / unit, UTC)
        raise Unreadable("bad_time")

    def _built(self, found: re.Match[str]) -> datetime:
        parts = found.groupdict()
        if parts.get("last"):
            first, second = int(parts["first"]), int(parts["second_"])
            day, month = (first, second) if self.day_first else (second, first)
            year = int(parts["last"]) + (2000 if len(parts["last"]) == 2 else 0)
        else:
            year, month, day = int(parts["year"]), int(parts["month"]), int(parts["day"])
        try:
            at = datetime(year, month, day) + (_passed(found) if parts["hour"] else timedelta())  # noqa: DTZ001
        except ValueError as fault:
            raise Unreadable("bad_time") from fault
        zone = (parts["zone"] or "").upper()
        if not zone:
            return at
        return datetime.fromisoformat(f"{at.isoformat()}{'+00:00' if zone in ('Z', 'UTC') else zone}")


def _midnight(local: datetime) -> datetime:
    if local.hour or local.minute or local.second:
        raise Unreadable("two_clocks")
    return local


def _passed(found: re.Match[str]) -> timedelta:
    """Time of day; 24:00 is the end of the day."""
    parts = found.groupdict()
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    half = (parts["half"] or "").lower()
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half in ("pm", "ch") else 0)
    micro = int((parts["part"] or "0")[:6].ljust(6, "0"))
    if minute > 59 or second > 59 or hour * 3600 + minute * 60 + second > 86_400:
        raise Unreadable("bad_time")
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micro)


def of_day(value: Cell) -> timedelta:
    """A time of day: 07:00, 7h30, 7, or a workbook's fraction of a day."""
    if isinstance(value, str):
        said = value.strip()
        if said.isascii() and said.isdigit() and len(said) in (3, 4):
            said = f"{said[:-2]}:{said[-2:]}"
        elif said.isascii() and said.isdigit() and len(said) <= 2:
            said += ":00"
        found = _clock_alone.fullmatch(said)
        if found:
            return _passed(found)
        raise Unreadable("bad_time")
    if isinstance(value, bool) or value is None:
        raise Unreadable("bad_time")
    if 0 <= value < 1:
        return timedelta(milliseconds=round(value * 86_400_000))
    if value in range(1, 25):
        return timedelta(hours=int(value))
    raise Unreadable("bad_time")


def number(value: Cell, decimal: str = "") -> float | None:
    """The number of a cell, None where nothing was measured; ``decimal`` is , or . where it is known.

    Unless told, a lone separator is the decimal one and of two kinds the last: 5,16 and 5.16 and 1.234,5.
    """
    if value is None or isinstance(value, bool):
        if value is None:
            return None
        raise Unreadable("bad_value")
    if isinstance(value, int | float):
        return float(value)
    said = value.strip().lstrip("'").replace("\u2212", "-").replace("\u00a0", "").replace("\u202f", "")
    if said.lower() in MISSING:
        return None
    if said.lower() in ERRORS:
        raise Unreadable("formula_error")
    plain = _ungrouped(said.replace(" ", ""), decimal)
    if not _plain.fullmatch(plain) or abs(found := float(plain)) == float("inf"):
        raise Unreadable("bad_value")
    return found


def _ungrouped(said: str, decimal: str) -> str:
    """With a decimal point and without marks between thousands."""
    commas, points = said.count(","), said.count(".")
    if not commas and (not points or (points == 1 and decimal != ",")):
        return said
    if not decimal:
        decimal = "," if said.rfind(",") > said.rfind(".") else "."
        if (commas, points).count(0) and commas + points > 1:
            # The same mark several times stands between thousands.
            decimal = "." if commas else ","
    group = "." if decimal == "," else ","
    whole, _, rest = said.partition(decimal)
    if group in rest:
        raise Unreadable("bad_value")
    if group in whole:
        groups = whole.lstrip("+-").split(group)
        if not 1 <= len(groups[0]) <= 3 or any(len(part) != 3 for part in groups[1:]):
            raise Unreadable("bad_value")
        whole = whole.replace(group, "")
    return f"{whole}.{rest}" if rest else whole


def day_first(values: list[Cell]) -> bool:
    """Whether days stand before months, as far as the dates of a column tell; in Việt Nam they do."""
    for value in values:
        if isinstance(value, str) and (found := re.match(r"\s*(\d{1,2})[-/.](\d{1,2})[-/.]\d{2,4}", value)):
            if int(found[1]) > 12:
                return True
            if int(found[2]) > 12:
                return False
    return True


def is_date(value: date) -> bool:
    """Whether a time says a day alone."""
    return isinstance(value, datetime) and not (value.hour or value.minute or value.second)
