"""What a person says about a table of reports, as a form and back."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from toancanh.domains.reports import naming, places
from toancanh.domains.reports.importing import guessing
from toancanh.domains.reports.importing.headings import FIELDS
from toancanh.domains.reports.importing.mapping import BY_WORDS, LEFT_OUT, STATES, Mapping
from toancanh.domains.reports.importing.models import ReportMapping
from toancanh.domains.reports.importing.texts import said_in
from toancanh.domains.reports.kind import REPORT
from toancanh.kernel.cases.saying import named
from toancanh.kernel.exchange.rosters import columns
from toancanh.kernel.exchange.sheets.mapping import headings
from toancanh.kernel.exchange.sheets.reading import Book, Row
from toancanh.kernel.people.models import Organisation

NAMED = 150
"""Values of a column that are shown to be told what they mean."""
SAMPLES = 4
VALUED = {"category": "categories", "state": "states", "organisation": "organisations"}
Choices = list[tuple[str, str]]


@dataclass(frozen=True)
class Value:
    """What stands in the file and what it means here."""

    number: int
    name: str
    code: str


@dataclass(frozen=True)
class Valued:
    """The values of a column, what they may mean, and what holds where a row says nothing."""

    field: str
    title: str
    values: list[Value]
    choices: Choices
    fixed: str
    more: int = 0


def asked(post: MappingOf[str, str], before: Mapping, book: Book) -> tuple[Mapping, str]:
    """The mapping that a person wants: one that is kept, a new guess, or what the form says; and its name."""
    source = " ".join(post.get("source", before.source).split())[:200]
    kept = ReportMapping.objects.filter(name=post.get("saved", "")).first() if post.get("saved") else None
    if kept is not None:
        said = msgspec.convert(kept.said, Mapping)
        return guessing.with_values(said, rows_of(book, said.sheet), guessing.Known.now()), kept.name
    sheet = post.get("sheet", before.sheet)[:100]
    text = post.get("heading", "")
    heading = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else before.heading
    rows = rows_of(book, sheet)
    if (sheet, heading) != (before.sheet, before.heading):
        return guessing.guess(rows, sheet, heading if heading != before.heading else None, source), ""
    made = Mapping(
        source=source,
        sheet=sheet,
        heading=heading,
        columns=_columns(post, headings(rows, heading)),
        fixed_category=post.get("fixed_category", "")[:60],
        fixed_state=post.get("fixed_state", "")[:40],
        fixed_organisation=post.get("fixed_organisation", "")[:60],
        fixed_unit=post.get("fixed_unit", "")[:10],
        zone=post.get("zone", "").strip()[:60] or before.zone,
        day_first=post.get("day_first") != "no",
        **{many: _values(post, one, getattr(before, many)) for one, many in VALUED.items()},
    )
    # A column that was given a meaning just now has values that nobody was asked about yet.
    new = [one for one in VALUED if made.of(one) != before.of(one)]
    if new:
        made = guessing.with_values(made, rows, guessing.Known.now())
    return made, post.get("name", "").strip()[:80]


def rows_of(book: Book, sheet: str) -> list[Row]:
    """The rows of a sheet, old letters turned into today's."""
    return columns.repaired(book.sheet(sheet).rows)[0]


def _columns(post: MappingOf[str, str], names: Sequence[str]) -> dict[str, str]:
    chosen = {name: post.get(f"column_{number}", "") for number, name in enumerate(names)}
    return {name: found for name, found in chosen.items() if found in FIELDS}


def _values(post: MappingOf[str, str], field: str, before: dict[str, str]) -> dict[str, str]:
    """What the form says of values; those it did not show stay as they were."""
    found = dict(before)
    for number in range(NAMED):
        name = post.get(f"{field}_name_{number}", "")
        if name:
            found[name] = post.get(f"{field}_{number}", "")[:60]
    return {name: code for name, code in found.items() if code}


def shown(said: Mapping, rows: Sequence[Row], book: Book) -> dict[str, Any]:
    """What the form shows: columns with samples, values to be explained, what there is to choose from."""
    names = headings(rows, said.heading)
    body = rows[said.heading :]
    fields = [
        {"number": n, "title": name, "field": said.columns.get(name, ""), "samples": _samples(body, n)}
        for n, name in enumerate(names)
    ]
    return {
        "fields": fields,
        "meanings": [(name, title) for name, title in meanings().items()],
        "valued": [_valued(said, rows, field) for field in VALUED],
        "units": places.choosable(),
        "top": [[said_in(cell)[:60] for cell in row] for row in rows[: said.heading + SAMPLES]],
        "sheets": [one.name for one in book.sheets] if len(book.sheets) > 1 else [],
        "sheet": book.sheet(said.sheet).name,
    }


def _samples(body: Sequence[Row], column: int) -> str:
    found = (said_in(row[column])[:40] for row in body[:60] if column < len(row) and row[column] is not None)
    return " · ".join(list(dict.fromkeys(found))[:3])


def _valued(said: Mapping, rows: Sequence[Row], field: str) -> Valued:
    given: dict[str, str] = getattr(said, VALUED[field])
    here = guessing.values(said, rows, field)
    # What nothing was said of yet stands on top, where it is seen.
    ordered = sorted(here, key=lambda name: bool(given.get(name)))
    values = [Value(n, name, given.get(name, "")) for n, name in enumerate(ordered[:NAMED])]
    fixed = str(getattr(said, f"fixed_{field}"))
    return Valued(field, meanings()[field], values, choices(field), fixed, max(0, len(here) - NAMED))


def choices(field: str) -> Choices:
    """What a value of the column may mean."""
    if field == "category":
        return [*naming.choices(), (BY_WORDS, _("by the words of each report")), (LEFT_OUT, _("leave out"))]
    if field == "organisation":
        rows = Organisation.objects.filter(ceased_at=None).order_by("path")
        return [*rows.values_list("code", "name"), (LEFT_OUT, _("leave out"))]
    return [*((name, state_named(name)) for name in STATES), (LEFT_OUT, _("leave out"))]


def state_named(name: str) -> str:
    """A state of reports in words."""
    return named(REPORT.state(name).title) if name else ""


def meanings() -> dict[str, str]:
    """What a column may mean, in words."""
    told = {
        "code": _("Code in the system before"),
        "received": _("Came in at"),
        "passed": _("Passed on at"),
        "closed": _("Ended at"),
        "due": _("Due at"),
        "state": _("State"),
        "category": _("Category"),
        "words": _("Words"),
        "answer": _("Answer or reason"),
        "organisation": _("Organisation"),
        "address": _("Address"),
        "unit": _("Commune"),
        "district": _("Former district"),
        "lat": _("Latitude"),
        "lon": _("Longitude"),
        "point": _("Latitude and longitude together"),
        "name": _("Name of the sender (sealed)"),
        "phone": _("Number of the sender (sealed)"),
    }
    return {name: told[name] for name in FIELDS}
