"""Who has received: counts of a notice by commune, and the people of one with how far each has come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.db.models import OuterRef, Prefetch, Subquery
from django.utils.translation import gettext as _

from toancanh.kernel.contacts import actions, receipts, settings
from toancanh.kernel.contacts.models import Address, Call, Contact, Kind, Notice, Told
from toancanh.kernel.contacts.settings import Rule
from toancanh.kernel.contacts.telling import CHANGED, KIND
from toancanh.kernel.declare import Actor
from toancanh.kernel.notify.models import Delivery, Tally
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotFound

LENGTH = 50


@dataclass
class Line:
    """A commune that a notice is meant for."""

    unit: Unit
    rule: str
    told: int = 0
    handed: int = 0
    received: int = 0
    confirmed: int = 0
    late: int = 0
    answered: int = 0
    """Those who sent something back that is no clear yes and whom nobody has called since."""
    heads: int = 0
    heads_confirmed: int = 0
    officials: int = 0
    officials_confirmed: int = 0
    first_at: datetime | None = None
    """When the first of them confirmed."""

    @property
    def is_received(self) -> bool:
        """Whether the commune counts as having received, by the rule in force when it was told."""
        return settings.counted(self.rule, self.told, self.confirmed, self.officials_confirmed)

    @property
    def waiting(self) -> int:
        """Those of whom nothing was heard."""
        return self.told - self.confirmed


@dataclass
class Board:
    """A notice with its communes, those that have not received first."""

    notice: Notice
    rule: Rule
    lines: list[Line] = field(default_factory=list)

    @cached_property
    def received(self) -> int:
        """Communes that count as having received."""
        return sum(line.is_received for line in self.lines)

    @cached_property
    def total(self) -> Line:
        """All of them together; its unit means nothing."""
        names = ("told", "handed", "received", "confirmed", "late", "heads", "heads_confirmed", "officials",
                 "officials_confirmed", "answered")  # fmt: skip
        sums = {name: sum(getattr(line, name) for line in self.lines) for name in names}
        return Line(Unit(), self.rule.counts, **sums)

    @property
    def is_complete(self) -> bool:
        """Whether every commune has received."""
        return bool(self.lines) and self.received == len(self.lines)


@dataclass(frozen=True)
class Way:
    """What the channels know of one person's copies."""

    handed_at: datetime | None = None
    received_at: datetime | None = None
    is_waiting: bool = False
    is_failed: bool = False


def find(number: int, actor: Actor) -> Notice:
    """The notice; raises NotFound where the actor may see none of its communes."""
    notice = Notice.objects.filter(pk=number).first()
    if notice is None or not _seen(notice, actor):
        raise NotFound(_("There is no such notice, or it is not meant for your unit."))
    return notice


def of_subject(subject: str, actor: Actor) -> Notice | None:
    """The notice about something, where the actor may see it."""
    notice = Notice.objects.filter(subject=subject).first()
    return notice if notice is not None and _seen(notice, actor) else None


def version(subject: str) -> tuple[object, ...]:
    """What changes with whatever a board about it shows: confirmations, and what became of its copies."""
    tallies = Tally.objects.filter(notice__subject=subject).order_by("pk").values_list("pk", "n")
    return revision.current(CHANGED), *tallies


def newest(actor: Actor, before: int = 0) -> list[Board]:
    """Notices that the actor may see, newest first: one more than a page holds, by key."""
    paths = actor.paths(actions.SEE)
    rows = Notice.objects.order_by("-pk")
    if before:
        rows = rows.filter(pk__lt=before)
    found: list[Notice] = []
    for notice in rows.prefetch_related("units")[: LENGTH * 4]:
        if any(unit.path.startswith(path) for unit in notice.units.all() for path in paths):
            found.append(notice)
        if len(found) > LENGTH:
            break
    return _boards(found, actor)


def board(notice: Notice, actor: Actor) -> Board:
    """How far a notice has come in the communes that the actor may see. Four queries."""
    return _boards([notice], actor)[0]


def _boards(notices: list[Notice], actor: Actor) -> list[Board]:
    paths = actor.paths(actions.SEE)
    made = {one.pk: Board(one, settings.on(one.made_at.astimezone(clock.VIETNAM).date())) for one in notices}
    lines: dict[tuple[int, int], Line] = {}
    meant = Notice.units.through.objects.filter(notice__in=notices).select_related("unit")
    for row in meant.order_by("unit__folded", "unit__code"):
        if any(row.unit.path.startswith(path) for path in paths):
            line = lines[row.notice_id, row.unit_id] = Line(row.unit, made[row.notice_id].rule.counts)
            made[row.notice_id].lines.append(line)
    ways = _ways(notices)
    newest = Call.objects.filter(told=OuterRef("pk")).order_by("-pk").values("outcome")[:1]
    columns = Told.objects.filter(notice__in=notices).values_list(
        "notice_id", "unit_id", "contact_id", "contact__kind", "confirmed_at", Subquery(newest)
    )
    for number, unit, contact, kind, confirmed, outcome in columns:
        found = lines.get((number, unit))
        if found is not None:
            over = made[number].notice.over_at
            _count(found, kind, confirmed, ways.get((number, contact), Way()), over)
            found.answered += outcome == Call.ANSWERED
    for one in made.values():
        one.lines.sort(key=lambda line: line.is_received)
    return list(made.values())


def _count(line: Line, kind: str, confirmed: datetime | None, way: Way, over: datetime | None) -> None:
    is_head, has = kind == Kind.HEAD, confirmed is not None
    line.told += 1
    line.handed += way.handed_at is not None
    line.received += way.received_at is not None
    line.confirmed += has
    line.heads += is_head
    line.officials += not is_head
    line.heads_confirmed += is_head and has
    line.officials_confirmed += not is_head and has
    if confirmed is not None:
        line.late += over is not None and confirmed > over
        line.first_at = min(line.first_at or confirmed, confirmed)


def _ways(notices: Iterable[Notice], contacts: list[int] | None = None) -> dict[tuple[int, int], Way]:
    """What became of each person's copies: the best of them. A receipt alone counts as both."""
    keys = {f"{KIND}:{one.pk}": one.pk for one in notices}
    rows = Delivery.objects.filter(notice__key__in=list(keys))
    if contacts is not None:
        rows = rows.filter(recipient__in=[f"contact:{pk}" for pk in contacts])
    found: dict[tuple[int, int], Way] = {}
    for key, who, state, handed, received in rows.values_list(
        "notice__key", "recipient", "state", "handed_at", "received_at"
    ):
        at = keys[key], int(who.partition(":")[2])
        had = found.get(at, Way())
        found[at] = Way(
            _first(had.handed_at, handed or received),
            _first(had.received_at, received),
            had.is_waiting or state == "waiting",
            had.is_failed or state in ("failed", "expired"),
        )
    return found


def _first(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one and other else one or other


@dataclass
class Reached:
    """One person who was told, as the list of a commune shows him."""

    told: Told
    way: Way
    ended: bool

    @property
    def state(self) -> str:
        """``confirmed``, ``answered``, ``received``, ``handed``, ``waiting``, ``failed``,
        ``unreachable``."""
        if self.told.confirmed_at is not None:
            return "confirmed"
        if self.has_answered:
            return "answered"
        if self.way.received_at is not None:
            return "received"
        if self.way.handed_at is not None:
            return "handed"
        if self.way.is_waiting:
            return "waiting"
        return "failed" if self.way.is_failed else "unreachable"

    @property
    def has_answered(self) -> bool:
        """Whether something came back from his telephone that is no clear yes, and nobody called since."""
        return any(call.outcome == Call.ANSWERED for call in list(self.told.calls.all())[:1])

    @property
    def is_late(self) -> bool:
        """Whether he confirmed after the end."""
        return receipts.is_late(self.told)

    @property
    def is_called(self) -> bool:
        """Whether some officer is calling him in these minutes."""
        at = self.told.calling_at
        return at is not None and at > clock.now() - receipts.CALLING


def people(notice: Notice, unit: Unit) -> list[Reached]:
    """Who was told in a commune: first whose answer is to be read, then those of whom nothing was heard,
    officials before heads."""
    ordered = Prefetch("contact__addresses", Address.objects.order_by("rank", "pk"))
    calls = Prefetch("calls", Call.objects.select_related("person").order_by("-pk"))
    rows = Told.objects.filter(notice=notice, unit=unit)
    rows = rows.select_related("notice", "contact__neighbourhood", "contact__unit", "confirmed_by", "calling")
    found = list(rows.prefetch_related(ordered, calls))
    ways = _ways([notice], [one.contact_id for one in found])
    reached = [
        Reached(one, ways.get((notice.pk, one.contact_id), Way()), _has_left(one.contact)) for one in found
    ]
    return sorted(
        reached,
        key=lambda one: (
            not one.has_answered,
            one.told.confirmed_at is not None,
            one.told.contact.kind != Kind.OFFICIAL,
            one.told.contact.neighbourhood.folded if one.told.contact.neighbourhood else "",
            one.told.contact.folded,
        ),
    )


def _has_left(contact: Contact) -> bool:
    return contact.valid_to is not None


def _seen(notice: Notice, actor: Actor) -> bool:
    paths = actor.paths(actions.SEE)
    return any(unit.path.startswith(path) for unit in notice.units.all() for path in paths)
