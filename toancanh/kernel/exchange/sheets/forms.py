"""What a person says about the columns of a table, as a form and back."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sheets import cells, guessing
from toancanh.kernel.exchange.sheets.cells import Unreadable
from toancanh.kernel.exchange.sheets.mapping import Mapping, Row, headings
from toancanh.kernel.exchange.sheets.models import SavedMapping
from toancanh.kernel.exchange.sheets.naming import Known
from toancanh.kernel.exchange.sheets.reading import Book
from toancanh.lib.errors import Refused

OFFERED = 500
"""Series in the list that an input offers; beyond that names are typed."""
NAMED = 60
"""Names of a column that are shown to be told what they mean."""
SAMPLES = 5


@dataclass(frozen=True)
class Field:
    """One column: what stands in it and, in a wide table, what it measures."""

    number: int
    name: str
    samples: list[str]
    target: str = ""


@dataclass(frozen=True)
class Alias:
    """A name in the file and what it means here."""

    number: int
    name: str
    code: str


def said(post: MappingOf[str, str], rows: Sequence[Row], known: Known, sheet: str, heading: int) -> Mapping:
    """The mapping that a form says; names and codes of stations both do. Raises Refused for a bad number."""
    names = headings(rows, heading)

    def given(name: str) -> str:
        return post.get(name, "").strip()[:200]

    def column(name: str) -> str:
        return given(name) if given(name) in names else ""

    def aliases(of: str) -> dict[str, str]:
        found = {}
        for number in range(NAMED):
            name, code = given(f"{of}_name_{number}"), given(f"{of}_{number}")
            if name and code:
                found[name] = (known.thing(code) or code) if of == "things" else (known.series(code) or code)
        return found

    try:
        scale = cells.number(given("scale") or "1")
    except Unreadable as fault:
        told = _("%(text)s is no number to multiply by.") % {"text": given("scale")}
        raise Refused(told, "bad_scale") from fault
    thing = given("fixed_thing")
    targets = {name: given(f"target_{number}") for number, name in enumerate(names)}
    form: Literal["long", "wide"] = "wide" if given("form") == "wide" else "long"
    return Mapping(
        form=form,
        sheet=sheet,
        heading=heading,
        time=column("time"),
        clock=column("clock"),
        thing=column("thing"),
        fixed_thing=known.thing(thing) or thing,
        series=column("series") if form == "long" else "",
        fixed_series=known.series(given("fixed_series")) or given("fixed_series"),
        value=column("value") if form == "long" else "",
        columns={name: target(text, known) for name, text in targets.items() if text}
        if form == "wide"
        else {},
        things=aliases("things"),
        names=aliases("names"),
        zone=given("zone") or "Asia/Ho_Chi_Minh",
        day_first=given("day_first") != "no",
        decimal="," if given("decimal") == "," else "." if given("decimal") == "." else "",
        scale=1.0 if scale is None else scale,
    )


def asked(post: MappingOf[str, str], before: Mapping, book: Book, known: Known) -> tuple[Mapping, str]:
    """The mapping that a person wants: one that is kept, a new guess, or what the form says; and its name."""
    saved = SavedMapping.objects.filter(name=post.get("saved", "")).first()
    if saved is not None:
        return msgspec.convert(saved.said, Mapping), saved.name
    sheet = post.get("sheet", before.sheet)[:100]
    text = post.get("heading", "")
    heading = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else before.heading
    rows = book.sheet(sheet).rows
    name = post.get("name", "").strip()
    if (sheet, heading) != (before.sheet, before.heading) or post.get("again"):
        return guessing.guess(rows, known, sheet, heading if heading != before.heading else None), name
    return said(post, rows, known, sheet, heading), name


def target(text: str, known: Known) -> str:
    """``thing/series`` or ``series`` as codes, where names were typed."""
    if found := known.target(text) or known.series(text):
        return found
    return text


def shown(mapping: Mapping, book: Book, known: Known) -> dict[str, Any]:
    """What the form shows: columns with samples, names to be explained, things and series to choose from."""
    rows = book.sheet(mapping.sheet).rows
    names = headings(rows, mapping.heading)
    body = rows[mapping.heading :]
    fields = [
        Field(number, name, _samples(body, number), known.target_named(mapping.columns.get(name, "")))
        for number, name in enumerate(names)
    ]
    targets = [f"{thing.code}/{name}" for thing in known.things.values() for name in thing.series]
    return {
        "fields": fields,
        "names": names,
        "things": _aliases(mapping.thing, mapping.things, names, body, known.thing_named, known.things),
        "series_names": _aliases(
            mapping.series, mapping.names, names, body, known.series_named, known.titles
        ),
        "fixed_thing": known.thing_named(mapping.fixed_thing),
        "fixed_series": known.series_named(mapping.fixed_series),
        "offered_things": [(known.thing_named(code), code) for code in list(known.things)[:OFFERED]],
        "offered_series": [(known.series_named(name), name) for name in sorted(known.titles)],
        "offered_targets": [(known.target_named(one), one) for one in targets[:OFFERED]],
        "top": [[_shown(cell) for cell in row] for row in rows[: mapping.heading + SAMPLES]],
        "sheets": [one.name for one in book.sheets] if len(book.sheets) > 1 else [],
        "sheet": book.sheet(mapping.sheet).name,
    }


def _aliases(
    column: str,
    meant: MappingOf[str, str],
    names: list[str],
    body: Sequence[Row],
    told: Callable[[str], str],
    codes: Container[str],
) -> list[Alias]:
    if column not in names:
        return []
    found = guessing.distinct(body, names.index(column))
    open_ones = [name for name in found if name not in codes or name in meant]
    return [Alias(n, name, told(meant.get(name, ""))) for n, name in enumerate(open_ones[:NAMED])]


def _samples(body: Sequence[Row], column: int) -> list[str]:
    found = (_shown(row[column]) for row in body[:50] if column < len(row) and row[column] is not None)
    return list(dict.fromkeys(found))[:3]


def _shown(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.10g}"
    return "" if cell is None else str(cell)[:60]
