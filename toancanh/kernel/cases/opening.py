"""Opening a case: its number, its first clocks, its story's first event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from toancanh.kernel.cases import clocks, past, saying, searching, steps, types
from toancanh.kernel.cases.models import Book, Case, Link
from toancanh.kernel.cases.reasons import kept
from toancanh.kernel.cases.writing import Writing
from toancanh.kernel.declare import Actor
from toancanh.kernel.declare_cases import CaseType, Term
from toancanh.kernel.people.access import person_key
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotAllowed, Refused

LONGEST_TITLE = 200
LONGEST_WORDS = 10_000


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a case is about."""

    title: str
    unit: Unit
    words: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    lon: float | None = None
    lat: float | None = None
    address: str = ""
    category: str = ""
    channel: str = ""
    priority: int = 0
    level: int | None = None
    """Of confidentiality; None: as the type says."""
    key: str | None = None
    """Of the sending: what was opened under it before is returned as it is."""
    parent: Case | None = None
    links: Sequence[tuple[str, Case | str]] = ()
    """Kind of link, and the case or subject it leads to."""
    organisation: Organisation | None = None
    """In charge from the beginning, as of an order."""
    helpers: Sequence[Organisation] = ()
    giver: Organisation | None = None
    """Whose people stand to it as who gave it, beside who opens it: of a part that was handed on."""
    terms: Mapping[str, Term] = field(default_factory=dict)
    """In the place of the type's, by clock."""
    is_sample: bool = False


@transaction.atomic
def open(kind: str, said: Said, *, by: Actor, is_asked: bool = False) -> Case:
    """Open a case of that kind.

    ``is_asked``: a domain took it from somebody who needs no right, and has checked what it asks of him.
    Raises NotAllowed, and Refused for what cannot be.
    """
    if said.key is not None:
        known = Case.objects.filter(key=said.key).first()
        if known is not None:
            return known
    version = types.in_force(kind)
    of = types.of(version)
    if not is_asked and not _may(of, said.unit, by):
        raise NotAllowed(_("Your post does not open such work in this unit."))
    title, words = _text(said.title, LONGEST_TITLE), _text(said.words, LONGEST_WORDS)
    if not title:
        raise Refused(_("Say in a few words what it is about."), "no_title")
    now = past.moment()
    row = Case(
        kind=kind,
        version=version,
        key=said.key,
        title=title,
        words=words,
        facts=saying.clean(of.fields, said.facts),
        state=of.start,
        phase=of.state(of.start).phase,
        axes={axis.name: axis.states[0][0] for axis in of.axes},
        unit=said.unit,
        unit_path=said.unit.path,
        lon=said.lon,
        lat=said.lat,
        address=_text(said.address, 300),
        level=of.level if said.level is None else said.level,
        priority=said.priority,
        channel=said.channel,
        category=said.category,
        opened_at=now,
        opened_by_id=person_key(by),
        rank=clocks.BEHIND,
        parent=said.parent,
        is_sample=said.is_sample,
    )
    _check_place(row)
    on = Writing(row, of, by, now)
    row.code = number(of.prefix, now.astimezone(clock.VIETNAM).year)
    row.folded = searching.folded(row, of)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        # The same sending came twice at the same time, and the other one was first.
        known = Case.objects.filter(key=said.key).first() if said.key else None
        if known is None:
            raise
        return known
    if said.organisation is not None:
        steps.put_in_charge(on, said.organisation)
    steps.ask_help(on, said.helpers)
    if said.giver is not None:
        steps.give(on, said.giver)
    Link.objects.bulk_create(_link(row, kind_of, to) for kind_of, to in said.links)
    told = clocks.follow(on, said.terms)
    on.tell("opened", {"title": title, "state": row.state, "clocks": told}, is_public=True)
    row.save()
    searching.keep(row)
    return row


def _may(of: CaseType, unit: Unit, by: Actor) -> bool:
    return by.may(of.rights.desk, unit.path) or bool(by.paths(of.rights.give))


def _text(said: str, most: int) -> str:
    text = kept(said)
    if len(text) > most:
        told = _("%(count)s characters are too many: at most %(most)s.")
        raise Refused(told % {"count": len(text), "most": most}, "too_long")
    return text


def _check_place(row: Case) -> None:
    if (row.lon is None) is not (row.lat is None):
        raise Refused(_("A place has two coordinates, or none."), "bad_place")
    if row.lon is not None and row.lat is not None and not (-180 <= row.lon <= 180 and -90 <= row.lat <= 90):
        raise Refused(_("This place lies nowhere on earth."), "bad_place")


def number(prefix: str, year: int) -> str:
    """The next number of the book, as ``PA26-000123``. Whoever opens at the same time waits."""
    book, _is_new = Book.objects.get_or_create(prefix=prefix, year=year)
    Book.objects.filter(pk=book.pk).update(last=F("last") + 1)
    book.refresh_from_db(fields=["last"])
    return f"{prefix}{year % 100:02d}-{book.last:06d}"


def _link(row: Case, kind: str, to: Case | str) -> Link:
    other = to if isinstance(to, Case) else None
    return Link(case=row, kind=kind, to=other, subject="" if other else str(to)[:120], at=row.opened_at)
