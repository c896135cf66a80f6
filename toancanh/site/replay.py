"""`toancanh alerts replay`: what the rules would have rung on a file of one gauge's readings.

The lines are set by the written rule of `domains/flood/fitting.py` from what was measured before a day; from
then on the readings are judged by the folding of the live desk. Needs no store.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from toancanh.domains.flood import fitting
from toancanh.kernel.alerts.folding import Leaf
from toancanh.kernel.alerts.replaying import Episode, replay
from toancanh.kernel.alerts.watching import Watched
from toancanh.kernel.exchange.sheets import cells, text
from toancanh.kernel.exchange.sheets.cells import Times, Unreadable
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Refused
from toancanh.lib.fold import fold
from toancanh.site.speech import _

TIME = (
    "time",
    "timestamp",
    "datetime",
    "date time",
    "date",
    "date obs",
    "thoi gian",
    "thoi diem",
    "ngay gio",
)
VALUE = ("value", "val", "level", "water level", "resultat obs", "gia tri", "muc nuoc", "so lieu", "tri so")
HEADINGS_WITHIN = 15
MAX_BYTES = 50 * 1024 * 1024


@dataclass
class Readings:
    """One gauge's readings in order of time (µs UTC), each time once, and what was passed over."""

    rows: list[tuple[int, float]]
    has_zone: bool
    """False where times say no offset: they are told back as they came."""
    decimals: int
    empty: int = 0
    unread: int = 0
    first_unread: int = 0
    repeated: int = 0


@dataclass(frozen=True)
class Replayed:
    """The alerts of a file, the lines by which they rang, and the readings."""

    episodes: list[Episode]
    fitted: fitting.Fitted
    readings: Readings
    dry: int
    """Readings so low that they are no water level."""

    def lines(self) -> Iterator[dict[str, Any]]:
        """Each alert: when it opened, the highest severity (1 to 3), the crest, when it closed."""
        for one in self.episodes:
            assert one.peak is not None
            closed = None if one.closed is None else self._told(one.closed)
            yield {
                "opened": self._told(one.opened),
                "level": one.severity,
                "peak": one.peak.value,
                "closed": closed,
            }

    def _told(self, time: int) -> str:
        said = clock.from_us(time).replace(tzinfo=None).isoformat()
        return f"{said}Z" if self.readings.has_zone else said


def run(path: Path, fit_before: str) -> Replayed:
    """Judge the file; raises Refused with what to do where it cannot be."""
    readings = read(path)
    start = moment(fit_before, readings)
    before = [row for row in readings.rows if row[0] < start]
    try:
        fitted = fitting.fit("level", before, readings.decimals)
    except Refused as fault:
        told = _(
            "Only %(count)s readings lie before %(time)s; at least %(least)s are needed to say what is "
            "normal. Give a later time with --fit-before, or a file that begins earlier."
        )
        said = {"count": len(before), "time": fit_before, "least": fitting.LEAST}
        raise Refused(told % said, fault.code) from fault
    bands = fitted.bands
    lines = tuple((float(line.at), line.severity, "") for line in bands.lines)
    plausible = [(time, bands.series, value) for time, value in readings.rows if value >= fitted.floor]
    end = readings.rows[-1][0]
    episodes = replay(Watched(bands, {0: Leaf(bands, lines)}), plausible, end, start=start)
    return Replayed(episodes, fitted, readings, len(readings.rows) - len(plausible))


def moment(said: str, readings: Readings) -> int:
    """The time of the option; without an offset it is of the same clock as the file's times."""
    try:
        found = Times("UTC").read(said)
        if not readings.has_zone:
            # The file's clock is not known: the figures on its face are compared.
            found = Times("UTC").read(_without_zone(said))
    except Unreadable as fault:
        told = _("%(time)s is no time. Write a day or a moment, as 2020-01-20T00:00:00Z.")
        raise Refused(told % {"time": said}, "bad_time") from fault
    return clock.to_us(found)


def _without_zone(said: str) -> str:
    try:
        return datetime.fromisoformat(said.strip()).replace(tzinfo=None).isoformat()
    except ValueError:
        return said


def read(path: Path) -> Readings:
    """The columns time and value of a text table, however it is written."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as fault:
        raise Refused(f"{path}: {fault.strerror or fault}", "no_file") from fault
    if len(content) > MAX_BYTES:
        raise Refused(_("The file is larger than 50 MB. Split it, for instance by year."), "too_large")
    try:
        table, _between = text.rows(text.decode(content)[0])
    except (text.NoText, csv.Error) as fault:
        told = _("This is no text table. Save it as CSV with the columns time and value.")
        raise Refused(told, "no_table") from fault
    head, time, value = columns(table)
    return _readings(table, head, time, value)


def columns(table: Sequence[Sequence[str]]) -> tuple[int, int, int]:
    """At which row the readings begin, and in which columns time and value stand."""
    for number, row in enumerate(table[:HEADINGS_WITHIN]):
        # "Value (mm)" is a value.
        names = [fold(cell.partition("(")[0].partition("[")[0]) for cell in row]
        time = next((names.index(name) for name in TIME if name in names), None)
        value = next((names.index(name) for name in VALUE if name in names), None)
        if time is not None and value is not None:
            return number + 1, time, value
    first = next((row for row in table if any(cell.strip() for cell in row)), [])
    if len(first) == 2 and _is_read(first):
        return 0, 0, 1
    there = ", ".join(cell.strip() for cell in first) or "–"
    told = _("The file needs the columns time and value in its first line; it has: %(names)s.")
    raise Refused(told % {"names": there[:300]}, "no_columns")


def _is_read(row: Sequence[str]) -> bool:
    try:
        Times("UTC").read(row[0])
        return cells.number(row[1]) is not None
    except Unreadable:
        return False


def _readings(table: Sequence[Sequence[str]], head: int, time: int, value: int) -> Readings:
    body = [row for row in table[head:] if len(row) > max(time, value)]
    times = Times("UTC", day_first=cells.day_first([row[time] for row in body]))
    decimal = _decimal([row[value] for row in body])
    found: dict[int, float] = {}
    made = Readings([], has_zone=_has_zone([row[time] for row in body]), decimals=0)
    for number, row in enumerate(table[head:], start=head + 1):
        if not any(cell.strip() for cell in row):
            continue
        try:
            said = row[value]
            one = cells.number(said, decimal)
            if one is None:
                made.empty += 1
                continue
            at = clock.to_us(times.read(row[time]))
        except (Unreadable, IndexError):
            made.unread += 1
            made.first_unread = made.first_unread or number
            continue
        if at in found:
            # As at every door: the first stands until somebody sends a correction.
            made.repeated += 1
            continue
        found[at] = one
        made.decimals = max(made.decimals, len(said.strip().partition(decimal or ".")[2]))
    if not found:
        told = _("The file holds no reading. A line is a time and a number, as 2020-01-20T07:00:00Z,1482.0.")
        raise Refused(told, "empty")
    made.rows = sorted(found.items())
    return made


def _decimal(values: Sequence[str]) -> str:
    """What stands before the decimals of a column; empty where one cell alone tells."""
    both = next((one for one in values if "," in one and "." in one), "")
    if both:
        return "," if both.rfind(",") > both.rfind(".") else "."
    return "," if any("," in one for one in values) and not any("." in one for one in values) else ""


def _has_zone(values: Sequence[str]) -> bool:
    """Whether the first time that can be read says to which clock it belongs."""
    for said in values:
        try:
            return Times("UTC").read(said) == Times("Asia/Ho_Chi_Minh").read(said)
        except Unreadable:
            continue
    return False


def aside(replayed: Replayed) -> Iterator[str]:
    """What a person wants to know beside the alerts: the lines, and what was passed over."""
    fitted, readings = replayed.fitted, replayed.readings
    lines = ", ".join(f"{float(line.at):.6g}" for line in fitted.bands.lines)
    told = _("Lines %(lines)s from %(count)s readings; normal water %(bottom)s to %(top)s.")
    figures = {"bottom": f"{fitted.bottom:.6g}", "top": f"{fitted.top:.6g}"}
    yield told % {"lines": lines, "count": fitted.readings, **figures}
    if fitted.top == fitted.bottom:
        yield _("They never change there: the lines stand a few steps of the gauge above them.")
    passed = {
        _("%(n)s empty"): readings.empty,
        _("%(n)s unreadable"): readings.unread,
        _("%(n)s of a time that was there already"): readings.repeated,
        _("%(n)s too low for a water level"): replayed.dry,
    }
    if any(passed.values()):
        said = ", ".join(what % {"n": count} for what, count in passed.items() if count)
        yield _("Passed over: %(what)s.") % {"what": said}
    if readings.first_unread:
        yield _("The first line that cannot be read is line %(line)s.") % {"line": readings.first_unread}
