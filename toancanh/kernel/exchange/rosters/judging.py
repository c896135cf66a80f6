"""What a list would do, row by row: new, changed, the same, twice, refused; and what is to be known of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext as _

from toancanh.kernel.contacts import queries
from toancanh.kernel.contacts.facts import Facts, addresses, kind_of, tidy_name
from toancanh.kernel.contacts.models import Contact, Ground, Kind, Neighbourhood
from toancanh.kernel.contacts.places import Gazetteer, Meant, gazetteer
from toancanh.kernel.contacts.sealing import Keys, Reachable
from toancanh.kernel.exchange.rosters import columns
from toancanh.kernel.exchange.rosters.columns import Reading
from toancanh.kernel.exchange.sheets.cells import Times, Unreadable
from toancanh.kernel.exchange.sheets.child import Cell
from toancanh.kernel.exchange.sheets.reading import Row
from toancanh.lib.errors import Refused
from toancanh.lib.fold import fold

MOST = 20_000
"""Rows of a list: it is taken in by one transaction."""
KINDS = re.compile(r"(thon|to|tdp|ban|lang|khom|ap|khu|buon|xom|soc|phum|cum|tieu khu)\b")
NUMBERED = re.compile(r"(?:tdp|to dan pho|to)(?: so)? ?(\d+\w?)")
ONE_OF = re.compile(r"\b(to|tdp)\b")
COMMUNE = re.compile(r"(xa|phuong|thi tran|dac khu) \w+( \w+){0,4}")
NO = ("khong", "no", "0", "k", "x khong")


@dataclass
class Line:
    """One row of the list."""

    number: int
    name: str = ""
    post: str = ""
    unit: str = ""
    place: str = ""
    ways: tuple[str, ...] = ()
    """Numbers as far as they may be shown."""
    verdict: str = "refused"
    """``new``, ``changed``, ``same``, ``twice`` or ``refused``."""
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    facts: Facts | None = None
    place_name: str = ""
    """Of a place that is not written yet, or again the known one's."""
    known: Contact | None = None


@dataclass
class Outcome:
    """All rows, and whom the list would end."""

    lines: list[Line]
    ends: list[Contact] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """Rows by verdict, rows with something to be known, and contacts that would leave."""
        found = dict.fromkeys(("new", "changed", "same", "twice", "refused"), 0)
        for line in self.lines:
            found[line.verdict] += 1
        return {**found, "noted": sum(bool(line.notes) for line in self.lines), "ended": len(self.ends)}


class Judge:
    """Looks at a list against everything that is kept now."""

    def __init__(self, reading: Reading, paths: Sequence[str], keys: Keys, *, replaces: bool) -> None:
        self.reading, self.keys, self.replaces = reading, keys, replaces
        self.places: Gazetteer = gazetteer(paths)
        self.times = Times()
        self._found: dict[tuple[str, str], Meant | Refused] = {}
        self._known()

    def _known(self) -> None:
        units = list(self.places.units)
        rows = queries.with_addresses(queries.standing().filter(unit__in=units))
        self.now: dict[int, int] = {one: ends[0] for one, ends in self.places.standing.items() if ends}
        self.by_mark: dict[str, list[Contact]] = {}
        self.by_name: dict[tuple[int, str], list[Contact]] = {}
        self.heads: dict[tuple[int, str], list[Contact]] = {}
        for one in rows:
            unit = self.now.get(one.unit_id, one.unit_id)
            for address in one.addresses.all():
                self.by_mark.setdefault(address.mark, []).append(one)
            self.by_name.setdefault((unit, one.folded), []).append(one)
            if one.kind == Kind.HEAD and one.neighbourhood is not None:
                self.heads.setdefault((unit, one.neighbourhood.folded), []).append(one)
        self.living: dict[tuple[int, str], Neighbourhood] = {}
        for place in queries.living().filter(unit__in=units).select_related("unit"):
            self.living.setdefault((self.now.get(place.unit_id, place.unit_id), place.folded), place)

    def judge(self, rows: Sequence[Row]) -> Outcome:
        """Every row with a person in it."""
        lines: list[Line] = []
        above: dict[str, str] = {}
        for number, row in enumerate(rows[self.reading.heading :], start=self.reading.heading + 1):
            if columns.is_numbering(row) or self._is_section(row, above):
                continue
            said = {name: self._text(row, name) for name in columns.FIELDS}
            if not said["name"] or (not said["phone"] and not said["post"] and not said["place"]):
                continue  # a sum, a signature, an empty line
            for name in ("unit", "district"):
                # Of a merged cell only the first row holds the text.
                said[name] = above[name] = said[name] or above.get(name, "")
            lines.append(self._line(number, row, said, above))
        if len(lines) > MOST:
            raise Refused(_("A list holds at most %(most)s people; split it.") % {"most": MOST}, "too_many")
        self._compare(lines)
        return Outcome(lines, self._replaced(lines) if self.replaces else [])

    def _is_section(self, row: Row, above: dict[str, str]) -> bool:
        """A row that names the commune of those below it, such as “II. Phường Thủy Xuân”."""
        words = [cell for cell in row if not columns.is_ordinal(cell)]
        if len(words) != 1 or not isinstance(words[0], str):
            return False
        text = re.sub(r"^\W*(?:[IVXivx]+|\d+|[A-Za-z])[.):]\s*", "", words[0]).rstrip(": ")
        try:
            self.places.find(text)
        except Refused:
            # Also one that is not known here: its people must not be taken for those of the commune above.
            if not COMMUNE.fullmatch(fold(text)):
                return False
        above["unit"], above["place"] = text, ""
        return True

    def _text(self, row: Row, name: str) -> str:
        cells = [row[n] for n in self.reading.of(name) if n < len(row) and row[n] is not None]
        return (" " if name == "name" else "; ").join(_said(cell) for cell in cells).strip()

    def _line(self, number: int, row: Row, said: Mapping[str, str], above: dict[str, str]) -> Line:
        line = Line(
            number, name=tidy_name(said["name"])[:100], post=said["post"][:120], unit=said["unit"][:80]
        )
        place = said["place"]
        is_head = not said["post"] or kind_of(said["post"], has_place=False) == Kind.HEAD
        if place:
            above["place"] = place
        elif is_head:
            place = above.get("place", "")
        line.place = line.place_name = self._place_name(place) if place else ""
        try:
            line.facts = self._facts(line, said, row)
        except Refused as fault:
            line.reason = fault.message
            return line
        line.verdict = "new"
        line.unit, line.post = line.facts.unit.full_name, line.facts.post
        line.ways = tuple(f"… {one.value[-3:]}" for one in line.facts.addresses)
        if not line.facts.addresses:
            line.notes.append(_("no number: cannot be told, only listed"))
        return line

    def _facts(self, line: Line, said: Mapping[str, str], row: Row) -> Facts:
        if not said["unit"]:
            raise Refused(_("No commune is named for this row."), "no_unit")
        meant = self._meant(said["unit"], said["district"])
        if meant.former is not None:
            told = _("%(former)s is part of %(unit)s now")
            names = {"former": meant.former.full_name, "unit": meant.unit.full_name}
            line.notes.append(told % names)
        post = " ".join(said["post"].split())
        kind = kind_of(post, bool(line.place_name)) if post else Kind.HEAD
        if not post:
            if not line.place_name:
                raise Refused(_("Neither a post nor a village is named."), "no_post")
            post = "Trưởng thôn" if fold(line.place_name).startswith("thon") else "Tổ trưởng tổ dân phố"
        known = self.living.get((meant.unit.pk, fold(line.place_name)[:120])) if line.place_name else None
        place = known
        if kind == Kind.HEAD and known is None:
            if not line.place_name:
                raise Refused(_("Say of which village or neighbourhood this person is the head."), "no_place")
            # Stands for one that is founded when the list is taken in.
            place = Neighbourhood(unit=meant.unit, name=line.place_name, folded=fold(line.place_name)[:120])
        facts = Facts(
            kind=kind,
            name=line.name,
            post=post,
            unit=meant.unit,
            neighbourhood=place if kind == Kind.HEAD else None,
            addresses=self._addresses(line, said),
            language="en" if fold(said["language"]) in ("en", "english", "tieng anh") else "vi",
            ground=Ground.DUTY,
            ground_note=said["ground"][:300],
            takes_part=fold(said["exercises"]) not in NO,
            valid_from=self._since(row),
        )
        facts.check()
        return facts

    def _addresses(self, line: Line, said: Mapping[str, str]) -> tuple[Reachable, ...]:
        found = addresses(said["phone"], said["email"], said["zalo"])
        if re.search(r"(?<!\d)01[2689]\d[\d .\-]{7,}", said["phone"]):
            line.notes.append(_("11-digit number turned into today's 10 digits"))
        return found

    def _since(self, row: Row) -> date | None:
        cells: list[Cell] = [row[n] for n in self.reading.of("since") if n < len(row) and row[n] is not None]
        if not cells:
            return None
        try:
            return self.times.read(cells[0]).astimezone(self.times.zone).date()
        except (Unreadable, OverflowError) as fault:
            raise Refused(_("“%(text)s” is no date.") % {"text": str(cells[0])[:40]}, "bad_day") from fault

    def _meant(self, unit: str, district: str) -> Meant:
        key = (fold(unit), fold(district))
        if key not in self._found:
            try:
                self._found[key] = self.places.find(unit, district)
            except Refused as fault:
                self._found[key] = fault
        found = self._found[key]
        if isinstance(found, Refused):
            raise found
        return found

    def _place_name(self, text: str) -> str:
        """A place as it is kept: “Tổ 5” and 5 are Tổ dân phố 5; a bare name gets the heading's kind."""
        name = " ".join(text.split())[:100]
        folded = fold(name)
        title = " ".join(fold(self.reading.titles.get(n, "")) for n in self.reading.of("place"))
        if numbered := NUMBERED.fullmatch(folded):
            return f"Tổ dân phố {numbered[1].lstrip('0').upper()}"
        if folded.isdigit():
            kind = "Thôn" if "thon" in title and not ONE_OF.search(title) else "Tổ dân phố"
            return f"{kind} {int(folded)}"
        if KINDS.match(folded):
            return name[:1].upper() + name[1:]
        return f"Thôn {name}" if "thon" in title and not ONE_OF.search(title) else name

    def _compare(self, lines: Sequence[Line]) -> None:
        """Against what is kept and against the rows before."""
        seen: dict[tuple[object, ...], Line] = {}
        heads: dict[tuple[int, str], Line] = {}
        numbers: dict[str, Line] = {}
        for line in lines:
            facts = line.facts
            if facts is None:
                continue
            place = facts.neighbourhood.folded if facts.neighbourhood else ""
            marks = [self.keys.mark(one.channel, one.value) for one in facts.addresses]
            key = (facts.unit.pk, place, fold(facts.name), facts.kind)
            if key in seen:
                line.verdict = "twice"
                line.reason = _("the same person as in row %(row)s") % {"row": seen[key].number}
                continue
            seen[key] = line
            line.known = self._same_person(facts, place, marks)
            if line.known is not None:
                line.verdict = "same" if _is_same(line.known, facts, marks) else "changed"
            self._note(line, facts, place, marks, heads, numbers)

    def _same_person(self, facts: Facts, place: str, marks: Sequence[str]) -> Contact | None:
        folded = fold(facts.name)[:120]
        for one in self.by_name.get((facts.unit.pk, folded), []):
            own = one.neighbourhood.folded if one.neighbourhood else ""
            shares = any(address.mark in marks for address in one.addresses.all())
            if one.kind == facts.kind and (own == place or (shares and not self._stands(facts, own))):
                return one
        return None

    def _stands(self, facts: Facts, place: str) -> bool:
        """Whether the other place is still one: then it is a second post of the same person."""
        return bool(place) and (facts.unit.pk, place) in self.living

    def _note(
        self,
        line: Line,
        facts: Facts,
        place: str,
        marks: Sequence[str],
        heads: dict[tuple[int, str], Line],
        numbers: dict[str, Line],
    ) -> None:
        if facts.kind == Kind.HEAD:
            at = (facts.unit.pk, place)
            others = [one for one in self.heads.get(at, []) if line.known is None or one.pk != line.known.pk]
            if at in heads:
                told = _("%(place)s has a second head in row %(row)s")
                line.notes.append(told % {"place": line.place, "row": heads[at].number})
            elif others:
                told = _("%(name)s leaves") if self.replaces else _("%(place)s has a head already: %(name)s")
                line.notes.append(told % {"place": line.place, "name": others[0].name})
            heads.setdefault(at, line)
        for mark in marks:
            holders = [one for one in self.by_mark.get(mark, []) if one.folded != fold(facts.name)]
            if mark in numbers and fold(numbers[mark].name) != fold(facts.name):
                told = _("the number stands in row %(row)s too (%(name)s)")
                line.notes.append(told % {"row": numbers[mark].number, "name": numbers[mark].name})
            elif holders:
                line.notes.append(_("the number is also that of %(name)s") % {"name": holders[0].name})
            numbers.setdefault(mark, line)

    def _replaced(self, lines: Sequence[Line]) -> list[Contact]:
        """Heads of places for which the list names others."""
        kept = {line.known.pk for line in lines if line.known is not None}
        ends: dict[int, Contact] = {}
        for line in lines:
            if line.facts is None or line.facts.kind != Kind.HEAD or line.facts.neighbourhood is None:
                continue
            for one in self.heads.get((line.facts.unit.pk, line.facts.neighbourhood.folded), []):
                if one.pk not in kept:
                    ends[one.pk] = one
        return list(ends.values())


def _is_same(known: Contact, facts: Facts, marks: Sequence[str]) -> bool:
    place = known.neighbourhood.folded if known.neighbourhood else ""
    wanted = facts.neighbourhood.folded if facts.neighbourhood else ""
    has = {address.mark for address in known.addresses.all()}
    note = not facts.ground_note or facts.ground_note == known.ground_note
    start = facts.valid_from is None or facts.valid_from == known.valid_from
    plain = (known.post, known.language, known.takes_part) == (facts.post, facts.language, facts.takes_part)
    return plain and place == wanted and set(marks) <= has and note and start


def _said(cell: Cell) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()
