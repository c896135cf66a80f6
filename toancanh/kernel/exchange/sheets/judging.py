"""What would become of a table if it were taken in now; nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sheets.mapping import Faulty, Found, Mapping, Observed, Row, observations
from toancanh.kernel.telemetry import intake
from toancanh.kernel.telemetry.directory import Directory, TokenInfo
from toancanh.kernel.telemetry.store import OUT_OF_RANGE, Reading, Store
from toancanh.lib.errors import Refused
from toancanh.web.formats import number

MOST = 400_000
"""Readings of one table: a wide one multiplies its rows."""
AT_ONCE = 5_000
SHOWN = 20
TOLD = 50
NOBODY = TokenInfo(id=0, name="preview")


@dataclass(slots=True)
class Judged:
    """Positions in a table: refused with a code, new to the store, or there before with this reading."""

    refused: dict[int, str] = field(default_factory=dict)
    fresh: set[int] = field(default_factory=set)
    before: dict[int, Reading] = field(default_factory=dict)
    """Readings with another value."""
    doubtful: int = 0
    """Kept, but outside the plausible range."""


class Line(msgspec.Struct, frozen=True):
    """One reading or fault as a preview shows it: ``new``, ``same``, ``corrected`` or a code of `faults`."""

    row: int
    column: str
    thing: str
    series: str
    verdict: str
    time: int | None = None
    value: float | None = None
    text: str = ""


class Preview(msgspec.Struct, frozen=True):
    """Counts, first lines and first faults of a table."""

    readings: int
    new: int = 0
    same: int = 0
    corrected: int = 0
    refused: int = 0
    doubtful: int = 0
    first: int | None = None
    last: int | None = None
    reasons: dict[str, int] = {}
    things: dict[str, int] = {}
    shown: list[Line] = []
    faults: list[Line] = []

    @property
    def kept(self) -> int:
        """What the store would hold of it afterwards."""
        return self.new + self.same + self.corrected


def readings(mapping: Mapping, rows: Sequence[Row], *, replaces: bool = False) -> list[Found]:
    """Everything the table holds, in its order; the same time twice is taken only with the same value."""
    found: list[Found] = []
    seen: dict[tuple[str, str, object], float] = {}
    for one in observations(mapping, rows, correction=replaces):
        if (
            isinstance(one, Observed)
            and seen.setdefault((one.thing, one.series, one.time), one.value) != one.value
        ):
            one = Faulty(one.row, one.column, "twice", f"{one.value:g}", one.thing, one.series)
        found.append(one)
        if len(found) > MOST:
            told = _("The table holds more than %(most)s readings; split it.") % {"most": number(MOST, 0)}
            raise Refused(told, "too_many_readings")
    return found


def judge(
    found: Sequence[Found], known: Directory, store: Store, now: int, things: frozenset[str] | None
) -> Judged:
    """What the ingest would say of each, and what the store has at its time."""
    made = Judged()
    positions = []
    observed: list[Observed] = []
    for position, one in enumerate(found):
        if isinstance(one, Faulty):
            made.refused[position] = one.code
        elif things is not None and one.thing in known.things and one.thing not in things:
            made.refused[position] = "outside"
        else:
            positions.append(position)
            observed.append(one)
    taken = intake.judge(intake.Request("", observed), NOBODY, known, now)
    made.refused.update((positions[refusal.position], refusal.code) for refusal in taken.refusals)
    seen: set[tuple[int, int]] = set()
    for start in range(0, len(taken.rows), AT_ONCE):
        part = taken.rows[start : start + AT_ONCE]
        there = store.at([(row.series, row.time) for row in part])
        for row, index in zip(part, taken.positions[start : start + AT_ONCE], strict=True):
            key = row.series, row.time
            had = there.get(key)
            if had is None:
                # Of equal rows the first one is the new one.
                made.fresh.update({positions[index]} - ({positions[index]} if key in seen else set()))
                seen.add(key)
            elif had.value != row.value:
                made.before[positions[index]] = had
                if not observed[index].correction:
                    made.refused[positions[index]] = "conflict"
            made.doubtful += bool(row.quality & OUT_OF_RANGE)
    return made


def preview(
    found: Sequence[Found], known: Directory, store: Store, now: int, things: frozenset[str] | None
) -> Preview:
    """The judgement, as a person looks at it before he says yes."""
    made = judge(found, known, store, now, things)
    lines: list[Line] = []
    faults: list[Line] = []
    per_thing: Counter[str] = Counter()
    first: int | None = None
    last: int | None = None
    for position, one in enumerate(found):
        verdict = _verdict(position, made)
        is_refused = position in made.refused
        if not is_refused and isinstance(one, Observed):
            time = intake.microseconds(one.time)
            first, last = min(first or time, time), max(last or time, time)
            per_thing[one.thing] += 1
        kept_in = faults if is_refused else lines
        if len(kept_in) < (TOLD if is_refused else SHOWN):
            kept_in.append(_line(one, verdict))
    corrected = len([position for position in made.before if position not in made.refused])
    return Preview(
        readings=len(found),
        new=len(made.fresh),
        same=len(found) - len(made.refused) - len(made.fresh) - corrected,
        corrected=corrected,
        refused=len(made.refused),
        doubtful=made.doubtful,
        first=first,
        last=last,
        reasons=dict(Counter(made.refused.values()).most_common()),
        things=dict(per_thing.most_common(100)),
        shown=lines,
        faults=faults,
    )


def _verdict(position: int, made: Judged) -> str:
    if position in made.refused:
        return made.refused[position]
    if position in made.fresh:
        return "new"
    return "corrected" if position in made.before else "same"


def _line(one: Found, verdict: str) -> Line:
    if isinstance(one, Faulty):
        return Line(one.row, one.column, one.thing, one.series, verdict, text=one.text)
    time = intake.microseconds(one.time)
    return Line(one.row, one.column, one.thing, one.series, verdict, time, one.value)
