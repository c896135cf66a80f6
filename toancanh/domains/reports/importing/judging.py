"""What a table of reports would do, row by row: new, known, refused; and what is to be known of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from django.utils.translation import gettext as _

from toancanh.domains.reports import categories, elsewhere, sending
from toancanh.domains.reports.importing import guessing, mapping
from toancanh.domains.reports.importing.headings import FIELDS
from toancanh.domains.reports.importing.mapping import BY_WORDS, CHARGED, ENDED, LEFT_OUT, Mapping
from toancanh.domains.reports.importing.placing import Placing
from toancanh.domains.reports.importing.texts import Columns, said_in
from toancanh.kernel.cases.models import Case
from toancanh.kernel.cases.opening import LONGEST_WORDS
from toancanh.kernel.exchange.sheets.cells import Times, Unreadable
from toancanh.kernel.exchange.sheets.mapping import Row, headings
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.models import Unit
from toancanh.lib import phones
from toancanh.lib.errors import Refused
from toancanh.lib.fold import fold
from toancanh.web.formats import number as spelled

MOST = 10_000
"""Rows of one file: a preview of them takes half a minute."""
SHOWN, TOLD = 20, 50
"""Lines of a preview that are taken, and that are refused."""
LONGEST_CODE, LONGEST_ADDRESS, LONGEST_ANSWER, LONGEST_NAME = 80, 300, 4_000, 100
BRIEF = 25
"""Words below which a title needs the category beside it to say anything."""
AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A report as its row tells it."""

    key: str
    """Made of the earlier system and its code: the same report, however often it is brought, is one case."""
    old_code: str
    received: datetime
    state: str
    title: str
    words: str
    unit: Unit
    passed: datetime | None = None
    closed: datetime | None = None
    due: datetime | None = None
    category: str = ""
    organisation: str = ""
    answer: str = ""
    lon: float | None = None
    lat: float | None = None
    address: str = ""
    name: str = ""
    phone: str = ""


@dataclass
class Line:
    """One row of the table."""

    number: int
    verdict: str = "refused"
    """``new``, ``same`` or ``refused``."""
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    title: str = ""
    old_code: str = ""
    facts: Facts | None = None


class Shown(msgspec.Struct, frozen=True):
    """A line as a preview shows it."""

    number: int
    verdict: str
    title: str
    old_code: str
    reason: str = ""
    notes: list[str] = []
    received: datetime | None = None
    state: str = ""
    place: str = ""


class Preview(msgspec.Struct, frozen=True):
    """Counts, first lines and first refusals of a table."""

    rows: int
    new: int = 0
    same: int = 0
    refused: int = 0
    noted: int = 0
    reasons: dict[str, int] = {}
    shown: list[Shown] = []
    faults: list[Shown] = []


class Judge:
    """Looks at a table against what is kept now. Raises Refused where the mapping says too little."""

    def __init__(self, said: Mapping, rows: Sequence[Row], scope: Sequence[str]) -> None:
        self.names = headings(rows, said.heading)
        mapping.check(said, self.names)
        self.said, self.rows = said, rows
        self.columns = Columns({one: sorted(map(self.names.index, said.of(one))) for one in FIELDS})
        self.times = Times(said.zone, day_first=said.day_first)
        self.now = clock.now()
        self.placing = Placing(self.columns, scope, said.fixed_unit)
        self.categories = categories.choosable()
        self.organisations = set(Organisation.objects.filter(ceased_at=None).values_list("code", flat=True))

    def judge(self) -> list[Line]:
        """Every row with anything in it, in the order of the table."""
        lines = []
        for number, row in enumerate(self.rows[self.said.heading :], start=self.said.heading + 1):
            if any(cell is not None for cell in row):
                lines.append(self._line(number, row))
            if len(lines) > MOST:
                told = _("The table holds more than %(most)s reports; split it, for instance by year.")
                raise Refused(told % {"most": spelled(MOST, 0)}, "too_many")
        self._compare(lines)
        return lines

    def _line(self, number: int, row: Row) -> Line:
        line = Line(number, old_code=self.columns.text(row, "code")[:LONGEST_CODE])
        line.title = sending.title(
            self.columns.text(row, "words", "\n") or self.columns.text(row, "category")
        )[:200]
        try:
            line.facts = self._facts(line, row)
        except Refused as fault:
            line.reason = fault.message
            return line
        line.title, line.verdict = line.facts.title, "new"
        return line

    def _facts(self, line: Line, row: Row) -> Facts:
        received = self._time(row, "received")
        if received is None:
            raise Refused(_("It is not said when the report came in."), "no_received")
        passed, closed, due = (self._time(row, name) for name in ("passed", "closed", "due"))
        words = self._words(row)
        category = self._category(self.columns.text(row, "category"), words)
        organisation = self._organisation(self.columns.text(row, "organisation"))
        state = self._state(self.columns.text(row, "state"), closed, organisation)
        _check_times(self.now, received, passed, closed, due)
        if state in ENDED and closed is None:
            raise Refused(_("It has ended, and it is not said when."), "no_closed")
        if state in CHARGED and not organisation:
            raise Refused(
                _("It was passed on or answered, and it is not said which organisation had it."),
                "no_organisation",
            )
        unit, lon, lat = self.placing.place(row, line.notes)
        address = sending.clean(self.columns.text(row, "address", ", ")).replace("\n", " ")
        answer = sending.clean(self.columns.text(row, "answer", "\n"))
        _check_lengths(words, address, answer)
        # The earlier system took it in; what is certainly no report does not come in by this door either.
        elsewhere.check(f"{words}\n{address}", is_meant=True)
        title = sending.title(words)
        if (
            len(words) < BRIEF
            and (kind := self.columns.text(row, "category"))
            and fold(kind) not in fold(words)
        ):
            title = sending.title(f"{kind}: {words}")
        return Facts(
            key=self._key(line.old_code, received, words, address, lon, lat),
            old_code=line.old_code,
            received=received,
            passed=passed,
            closed=closed if state in ENDED else None,
            due=due,
            state=state,
            title=title,
            words=words,
            unit=unit,
            category=category,
            organisation=organisation,
            answer=answer,
            lon=lon,
            lat=lat,
            address=address,
            **self._sender(row),
        )

    def _time(self, row: Row, name: str) -> datetime | None:
        cell = self.columns.cell(row, name)
        if cell is None:
            return None
        try:
            return self.times.read(cell)
        except (Unreadable, OverflowError) as fault:
            told = _("“%(text)s” is no time; write it like 21/11/2026 07:00.")
            raise Refused(told % {"text": said_in(cell)[:40]}, "bad_time") from fault

    def _words(self, row: Row) -> str:
        words = sending.clean(self.columns.text(row, "words", "\n")) or sending.clean(
            self.columns.text(row, "category")
        )
        if not words:
            raise Refused(_("It is not said what the report is about."), "no_words")
        return words

    def _category(self, name: str, words: str) -> str:
        code = self.said.categories.get(" ".join(name.split())) if name else self.said.fixed_category
        code = code or self.said.fixed_category
        if code == LEFT_OUT:
            raise Refused(_("Rows of “%(name)s” are left out.") % {"name": name[:60]}, "left_out")
        if code == BY_WORDS:
            return guessing.proposed(words)
        if code and code not in self.categories:
            raise Refused(_("The category chosen for it is no longer used."), "bad_category")
        if name and not code:
            told = _("It is not said what the category “%(name)s” means here.")
            raise Refused(told % {"name": name[:60]}, "no_category")
        return code

    def _organisation(self, name: str) -> str:
        code = self.said.organisations.get(" ".join(name.split())) if name else self.said.fixed_organisation
        code = code or self.said.fixed_organisation
        if code == LEFT_OUT:
            raise Refused(_("Rows of “%(name)s” are left out.") % {"name": name[:60]}, "left_out")
        if code and code not in self.organisations:
            raise Refused(_("The organisation chosen for it has ceased."), "bad_organisation")
        if name and not code:
            told = _("It is not said which organisation “%(name)s” is here.")
            raise Refused(told % {"name": name[:60]}, "no_organisation")
        return code

    def _state(self, name: str, closed: datetime | None, organisation: str) -> str:
        code = self.said.states.get(" ".join(name.split())) if name else self.said.fixed_state
        code = code or self.said.fixed_state
        if code == LEFT_OUT:
            raise Refused(_("Rows of “%(name)s” are left out.") % {"name": name[:60]}, "left_out")
        if name and not code:
            told = _("It is not said what the state “%(name)s” means here.")
            raise Refused(told % {"name": name[:60]}, "no_state")
        return code or ("closed" if closed else "assigned" if organisation else "received")

    def _sender(self, row: Row) -> dict[str, str]:
        """Who sent it. What was typed is not repeated in a reason: reasons are kept in clear."""
        name, typed = " ".join(self.columns.text(row, "name").split()), self.columns.text(row, "phone")
        if len(name) > LONGEST_NAME or (name and not name.isprintable()):
            raise Refused(_("The name of the sender is no name."), "bad_name")
        if typed:
            try:
                typed = phones.read(typed, self.now.date()).e164
            except phones.BadPhone as fault:
                raise Refused(_("The number of the sender is no telephone number."), "bad_phone") from fault
        return {"name": name, "phone": typed}

    def _key(self, code: str, received: datetime, *more: object) -> str:
        """Of the earlier system and its code; without one, of all that tells a report from others."""
        own = code or "|".join(str(one) for one in (received.isoformat(), *more))
        text = f"reports.import:{fold(self.said.source)}:{'code' if code else 'row'}:{own}"
        return hashlib.sha256(text.encode()).hexdigest()

    def _compare(self, lines: Sequence[Line]) -> None:
        """Against what is kept, and against the rows before."""
        seen: dict[str, int] = {}
        for line in lines:
            if line.facts is None:
                continue
            first = seen.setdefault(line.facts.key, line.number)
            if first != line.number:
                line.verdict, line.reason = (
                    "refused",
                    _("The same report as in row %(row)s.") % {"row": first},
                )
        keys = list(seen)
        known: set[str | None] = set()
        for start in range(0, len(keys), AT_ONCE):
            part = keys[start : start + AT_ONCE]
            known |= set(Case.objects.filter(key__in=part).values_list("key", flat=True))
        for line in lines:
            if line.verdict == "new" and line.facts is not None and line.facts.key in known:
                line.verdict = "same"


def _check_times(now: datetime, received: datetime, *later: datetime | None) -> None:
    passed, closed, due = later
    if received > now or (passed or now) > now or (closed or now) > now:
        raise Refused(_("A time lies ahead; only when it is due may."), "future")
    if closed is not None and closed < received:
        raise Refused(_("It ended before it came in."), "closed_before")
    if passed is not None and not received <= passed <= (closed or now):
        raise Refused(_("It was passed on before it came in, or after it had ended."), "passed_before")
    if due is not None and due <= received:
        raise Refused(_("It was due before it came in."), "due_before")


def _check_lengths(words: str, address: str, answer: str) -> None:
    limits = ((words, LONGEST_WORDS), (address, LONGEST_ADDRESS), (answer, LONGEST_ANSWER))
    for text, most in limits:
        if len(text) > most:
            told = _("%(count)s characters are too many: at most %(most)s.")
            raise Refused(told % {"count": len(text), "most": most}, "too_long")


def preview(lines: Sequence[Line]) -> Preview:
    """What a person looks at before he says yes."""
    counts = Counter(line.verdict for line in lines)
    # What is remarkable first.
    taken = sorted((one for one in lines if one.verdict != "refused"), key=lambda one: not one.notes)
    refused = [one for one in lines if one.verdict == "refused"]
    return Preview(
        rows=len(lines),
        new=counts["new"],
        same=counts["same"],
        refused=counts["refused"],
        noted=sum(bool(line.notes) for line in lines),
        reasons=dict(Counter(line.reason for line in refused).most_common(12)),
        shown=[_shown(one) for one in taken[:SHOWN]],
        faults=[_shown(one) for one in refused[:TOLD]],
    )


def _shown(line: Line) -> Shown:
    facts = line.facts
    return Shown(
        number=line.number,
        verdict=line.verdict,
        title=line.title,
        old_code=line.old_code,
        reason=line.reason,
        notes=line.notes,
        received=facts.received if facts else None,
        state=facts.state if facts else "",
        place=facts.unit.full_name if facts else "",
    )


def reasons(lines: Sequence[Line]) -> MappingOf[int, str]:
    """Why rows are refused, by their number."""
    return {line.number: line.reason for line in lines if line.verdict == "refused"}
