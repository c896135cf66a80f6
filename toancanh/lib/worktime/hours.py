"""Hours of a day and of a week, as people write them: ``T2-T6: 07:30-11:30, 13:00-17:00``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

DAY = 24 * 60
DAYS = 7
Span = tuple[int, int]
"""[start, end) in minutes after midnight; 1440 is the end of the day."""
Spans = tuple[Span, ...]
"""Of one day, in order, none touching another."""
WeekHours = tuple[Spans, ...]
"""Of seven days, Monday first."""

NAMES = {
    "vi": ("T2", "T3", "T4", "T5", "T6", "T7", "CN"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_numbers = {name.lower(): n for names in NAMES.values() for n, name in enumerate(names)}
_span = re.compile(r"(\d{1,2})[:hg](\d{2})?\s*[-–—]\s*(\d{1,2})[:hg](\d{2})?\Z", re.ASCII)
_dash = re.compile(r"\s*[-–—]\s*")


class BadHours(ValueError):
    """Hours that nobody can work: ``code`` is stable, ``said`` is the piece that is wrong."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(code, said)
        self.code, self.said = code, said


def checked(spans: Iterable[Sequence[int]]) -> Spans:
    """The spans in order, those that touch made one; refuses what overlaps or leaves the day."""
    found: list[Span] = []
    for start, end in sorted((int(a), int(b)) for a, b in spans):
        if not 0 <= start < end <= DAY:
            raise BadHours("bad_span", text(((start, end),)))
        if found and start < found[-1][1]:
            raise BadHours("overlap", text((found[-1], (start, end))))
        if found and start == found[-1][1]:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return tuple(found)


def read(written: str) -> Spans:
    """Hours of a day; ``nghỉ``, ``off``, a dash or nothing is a day without any, ``24/7`` the whole day."""
    said = written.strip().lower()
    if said in ("", "-", "–", "nghỉ", "off"):
        return ()
    if said in ("24/7", "24/24", "24h"):
        return ((0, DAY),)
    spans = []
    for piece in said.split(","):
        found = _span.match(piece.strip())
        if found is None:
            raise BadHours("bad_span", piece.strip())
        a, b, c, d = (int(part or 0) for part in found.groups())
        if b > 59 or d > 59:
            raise BadHours("bad_span", piece.strip())
        spans.append((a * 60 + b, c * 60 + d))
    return checked(spans)


def clock(minute: int) -> str:
    """07:30; the end of the day is 24:00."""
    return f"{minute // 60:02}:{minute % 60:02}"


def text(spans: Spans) -> str:
    """07:30-11:30, 13:00-17:00; empty for a day without hours."""
    return ", ".join(f"{clock(start)}-{clock(end)}" for start, end in spans)


def minutes(spans: Spans) -> int:
    """How long they are together."""
    return sum(end - start for start, end in spans)


def without(spans: Spans, gap: Span) -> Spans:
    """What is left of them outside the gap."""
    pieces = [
        piece for start, end in spans for piece in ((start, min(end, gap[0])), (max(start, gap[1]), end))
    ]
    return tuple((start, end) for start, end in pieces if start < end)


def read_week(written: str) -> WeekHours:
    """A week: a line (or a piece up to a semicolon) for a run of days; days not named have no hours."""
    found: dict[int, Spans] = {}
    for line in re.split(r"[\n;]", written):
        if not line.strip():
            continue
        days, colon, rest = line.partition(":")
        if not colon:
            raise BadHours("bad_line", line.strip())
        for day in _days(days):
            if day in found:
                raise BadHours("day_twice", line.strip())
            found[day] = read(rest)
    return tuple(found.get(day, ()) for day in range(DAYS))


def _days(written: str) -> list[int]:
    """T2-T6, or T7, or T2, T4; English names do as well."""
    found: list[int] = []
    for piece in written.split(","):
        ends = [_numbers.get(name, -1) for name in _dash.split(piece.strip().lower())]
        if len(ends) > 2 or min(ends) < 0 or ends[0] > ends[-1]:
            raise BadHours("bad_day", piece.strip())
        found += range(ends[0], ends[-1] + 1)
    return found


def week_text(week: WeekHours, language: str = "vi") -> str:
    """As ``read_week`` reads it: a line for each run of days with the same hours, none for days off."""
    names = NAMES["en" if language.startswith("en") else "vi"]
    firsts = [0, *(day for before, day in pairwise(range(DAYS)) if week[day] != week[before]), DAYS]
    lines = []
    for first, after in pairwise(firsts):
        if week[first]:
            days = names[first] if after == first + 1 else f"{names[first]}-{names[after - 1]}"
            lines.append(f"{days}: {text(week[first])}")
    return "\n".join(lines)
