"""Keeping the filters of the queue under a name: for oneself, or for one's organisation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from toancanh.kernel.cases.queue.models import FirstView, SavedView
from toancanh.kernel.cases.queue.wishes import Wish
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.people.access import person_key
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, NotFound, Refused
from toancanh.lib.fold import fold

RIGHT = "cases.arrange"
"""Of whoever keeps views for a whole organisation."""
LONGEST = 60
MOST = 20
"""Views of one person, and of one organisation: more are no tabs any more."""


@dataclass(frozen=True)
class View:
    """A kept view as somebody sees it."""

    row: SavedView
    wish: Wish
    is_first: bool
    may_change: bool

    @property
    def url(self) -> str:
        """The address that shows it; by its number, so that what has gone since can be told."""
        return f"?view={self.row.pk}"

    def dropped(self) -> list[str]:
        """Parameters that it was kept with and that mean nothing any more."""
        said = asdict(self.wish)
        return [name for name, value in self.row.wish.items() if value and said.get(name, "") != value]


def of(to: Actor) -> list[View]:
    """Views that the actor may open, his own first. One query."""
    person = person_key(to)
    if person is None:
        return []
    above = [int(key) for key in to.organisation_path.split("/") if key]
    first = FirstView.objects.filter(person=person, view=OuterRef("pk"))
    rows = SavedView.objects.filter(Q(person=person) | Q(organisation__in=above)).annotate(
        is_first=Exists(first)
    )
    ordered = rows.order_by("organisation", "folded", "pk")
    found = [View(row, Wish.of(row.wish), row.is_first, _may(row, to, person)) for row in ordered]
    # Databases differ on where nothing stands in an order.
    return sorted(found, key=lambda view: view.row.person_id is None)


def chosen(views: Iterable[View], number: str) -> View | None:
    """The view of that number, as an address names it."""
    return next((view for view in views if str(view.row.pk) == number), None)


def may_share(to: Actor) -> bool:
    """Whether the actor keeps views for his organisation."""
    return bool(to.organisation_path) and bool(to.paths(RIGHT))


def _may(row: SavedView, to: Actor, person: int) -> bool:
    if row.person_id is not None:
        return row.person_id == person
    own = [key for key in to.organisation_path.split("/") if key]
    return may_share(to) and str(row.organisation_id) == own[-1]


@transaction.atomic
def keep(name: str, wish: Wish, *, by: Actor, is_shared: bool = False) -> SavedView:
    """Keep a wish under a name; the same name of the same owner again takes its place."""
    person = _person(by)
    owner: dict[str, int] = {"person_id": person}
    if is_shared:
        if not may_share(by):
            told = _("Views for a whole organisation are kept by who arranges work there.")
            raise NotAllowed(told)
        owner = {"organisation_id": int(by.organisation_path.rstrip("/").rpartition("/")[2])}
        # Of several who keep at the same time the others wait, so that they are counted.
        Organisation.objects.select_for_update(of=("self",)).get(pk=owner["organisation_id"])
    name, folded = _named(name)
    rows = SavedView.objects.filter(**owner)
    known = rows.filter(folded=folded).first()
    if known is None and rows.count() >= MOST:
        told = _("There are %(most)s views already; delete one that nobody needs.")
        raise Refused(told % {"most": MOST}, "too_many")
    said = {key: value for key, value in asdict(wish).items() if value and key != "after"}
    row = known or SavedView(**owner, folded=folded)
    row.name, row.wish, row.made_at, row.made_by = name, said, clock.now(), by.key
    row.save()
    told_of = {"name": name, "wish": said, "shared": is_shared}
    journal.record("cases.view_kept", f"work-view:{row.pk}", by=by, content=told_of)
    return row


@transaction.atomic
def rename(number: str, name: str, *, by: Actor) -> SavedView:
    """Call it otherwise."""
    row = _own(number, by).row
    name, folded = _named(name)
    others = SavedView.objects.filter(person=row.person_id, organisation=row.organisation_id, folded=folded)
    if others.exclude(pk=row.pk).exists():
        raise Refused(_("There is a view of that name already."), "taken")
    journal.record("cases.view_renamed", f"work-view:{row.pk}", by=by, content={"from": row.name, "to": name})
    row.name, row.folded = name, folded
    row.save(update_fields=["name", "folded"])
    return row


@transaction.atomic
def forget(number: str, *, by: Actor) -> str:
    """Delete it; the list opens without it for everybody who had chosen it. Returns its name."""
    row = _own(number, by).row
    journal.record("cases.view_deleted", f"work-view:{row.pk}", by=by, content={"name": row.name})
    row.delete()
    return row.name


@transaction.atomic
def open_with(number: str, *, by: Actor) -> None:
    """Let the list open with that view from now on; an empty number: with all open work."""
    person = _person(by)
    if not number:
        FirstView.objects.filter(person=person).delete()
    else:
        view = _found(number, by)
        FirstView.objects.update_or_create(person_id=person, defaults={"view": view.row})
    journal.record("cases.view_first", f"person:{person}", by=by, content={"view": number})


def _person(by: Actor) -> int:
    person = person_key(by)
    if person is None:
        raise NotAllowed(_("Views are kept by people with an account."))
    return person


def _named(typed: str) -> tuple[str, str]:
    name = " ".join(typed.split())
    folded = fold(name)
    if not folded or len(name) > LONGEST or len(folded) > LONGEST or not name.isprintable():
        told = _("A name has 1 to %(most)s characters that can be printed.")
        raise Refused(told % {"most": LONGEST}, "bad_name")
    return name, folded


def _found(number: str, by: Actor) -> View:
    found = chosen(of(by), number)
    if found is None:
        raise NotFound(_("There is no such view; perhaps somebody has deleted it."))
    return found


def _own(number: str, by: Actor) -> View:
    found = _found(number, by)
    if not found.may_change:
        raise NotAllowed(_("This view is your organisation's: who arranges work there changes it."))
    return found
