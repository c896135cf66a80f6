"""Every write about a message: drafted, edited, submitted, returned, approved or issued, followed, given up.

Who acts names the version that he saw. Where somebody else was first he is told who and what, and keeps what
he typed: nothing is written over unseen.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.alerts.models import Alert
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.people.access import person
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.models import Unit
from toancanh.kernel.warnings import asking, orders, policies, reach
from toancanh.kernel.warnings import content as said
from toancanh.kernel.warnings.content import Content
from toancanh.kernel.warnings.keeping import (
    DRAFT,
    ISSUED,
    ORDER,
    Conflict,
    check,
    is_author,
    keep,
    locked,
    next_number,
    next_revision,
    tell,
)
from toancanh.kernel.warnings.models import (
    TOLD,
    UNFINISHED,
    Kind,
    Place,
    StandingOrder,
    State,
    Thread,
    Warning,
)
from toancanh.lib.errors import NotAllowed, Refused

# --- writing


@transaction.atomic
def draft(content: Content, *, by: Actor, origin: Alert | None = None, is_exercise: bool = False) -> Warning:
    """Begin a thread with a draft."""
    now = clock.now()
    thread = Thread.objects.create(event=content.event, is_exercise=is_exercise, opened_at=now)
    return _begin(content, thread, Kind.ALERT, None, now, by, origin)


@transaction.atomic
def follow(previous: Warning, kind: str, content: Content, *, by: Actor) -> Warning:
    """Draft what follows a message: an update, a correction or the all-clear.

    One is written at a time in a thread: who comes second is told who was first.
    """
    thread = Thread.objects.select_for_update().get(pk=previous.thread_id)
    _check_follow(thread, previous, kind)
    unfinished = Warning.objects.filter(thread=thread, state__in=UNFINISHED).first()
    if unfinished is not None:
        who = unfinished.drafted_by.full_name if unfinished.drafted_by else ""
        text = _("%(name)s is already writing the next message of this warning (#%(number)s).")
        raise Conflict(text % {"name": who, "number": unfinished.pk}, "being_written")
    return _begin(content, thread, Kind(kind), previous, clock.now(), by, previous.origin)


def _check_follow(thread: Thread, previous: Warning, kind: str) -> None:
    if kind not in (Kind.UPDATE, Kind.CORRECTION, Kind.ALL_CLEAR):
        raise Refused(_("Choose what is to be done."), "bad_kind")
    if thread.ended_at is not None:
        raise Refused(_("The all-clear of this warning was given already: begin a new one."), "ended")
    newest = Warning.objects.filter(thread=thread, state__in=TOLD).order_by("-approved_at", "-pk").first()
    if newest is None or newest.pk != previous.pk:
        raise Conflict(_("There is a newer message of this warning: follow that one."), "not_newest")


def _begin(
    content: Content,
    thread: Thread,
    kind: Kind,
    previous: Warning | None,
    now: datetime,
    by: Actor,
    origin: Alert | None,
) -> Warning:
    columns = said.columns(content)
    if previous is not None and columns["event"] != previous.event:
        raise Refused(_("A message that follows is about the same event."), "other_event")
    units = _units(content, now)
    check(DRAFT, [one.unit for one in units], by)
    warning = Warning.objects.create(
        thread=thread,
        kind=kind,
        previous=previous,
        is_exercise=thread.is_exercise,
        origin=origin,
        drafted_by=person(by),
        drafted_post=by.post[:120],
        drafted_at=now,
        changed_by=person(by),
        changed_at=now,
        revision=next_revision(),
        **columns,
    )
    _place(warning, units)
    tell(warning, "drafted", now, by)
    return warning


@transaction.atomic
def edit(warning: Warning, version: int, content: Content, *, by: Actor) -> Warning:
    """Change a draft; one that waits for approval goes back to its authors, as nobody approves unseen."""
    row, now = locked(warning, version), clock.now()
    _unfinished(row)
    check(DRAFT, _now(row), by)
    columns = said.columns(content)
    if row.previous is not None and columns["event"] != row.event:
        raise Refused(_("A message that follows is about the same event."), "other_event")
    units = _units(content, now)
    check(DRAFT, [one.unit for one in units], by)
    for name, value in columns.items():
        setattr(row, name, value)
    row.state = State.DRAFT
    asking.stop(row, by=by)
    if row.previous is None:
        Thread.objects.filter(pk=row.thread_id).update(event=row.event)
    row.places.all().delete()
    _place(row, units)
    return keep(row, "edited", "", now, by)


def _units(content: Content, now: datetime) -> list[reach.Addressed]:
    """The units in force that the content names; where it names none, the communes of its drawn area."""
    day = now.astimezone(clock.VIETNAM).date()
    area = reach.checked_area(content.area)
    if not content.units and area is not None:
        touched = reach.within(area, day)
        if not touched:
            raise Refused(_("The drawn area touches no commune that is known here."), "bad_area")
        return reach.addressed(touched, day)
    return reach.addressed(reach.named(content.units, day), day)


def _place(warning: Warning, units: list[reach.Addressed]) -> None:
    rows = [Place(warning=warning, unit=one.unit, formers=one.rows()) for one in units]
    Place.objects.bulk_create(rows)


def _now(warning: Warning) -> list[Unit]:
    return [place.unit for place in warning.places.select_related("unit")]


# --- towards the order


@transaction.atomic
def submit(warning: Warning, version: int, *, by: Actor) -> Warning:
    """Ask for approval of exactly this version."""
    row, now = locked(warning, version), clock.now()
    if row.state not in (State.DRAFT, State.RETURNED):
        raise Refused(_("Only a draft is submitted for approval."), "not_a_draft")
    check(DRAFT, _now(row), by)
    _complete(row, now)
    row.state, row.submitted_by, row.submitted_at = State.SUBMITTED, person(by), now
    row.reminded_at = row.escalated_at = None
    return keep(row, "submitted", "", now, by)


@transaction.atomic
def send_back(warning: Warning, version: int, reason: str, *, by: Actor) -> Warning:
    """Return it to its authors with what is to be mended."""
    row, now = locked(warning, version), clock.now()
    check(ORDER, _now(row), by)
    if row.state != State.SUBMITTED:
        raise Refused(_("Nothing waits for approval here."), "not_submitted")
    row.state, row.reason = State.RETURNED, _reason(reason)
    asking.stop(row, by=by)
    return keep(row, "returned", row.reason, now, by)


@transaction.atomic
def withdraw(warning: Warning, version: int, reason: str, *, by: Actor) -> Warning:
    """Give a message up that nobody was told yet; what was told is ended by an all-clear instead."""
    row, now = locked(warning, version), clock.now()
    _unfinished(row)
    check(DRAFT, _now(row), by)
    row.state, row.reason = State.WITHDRAWN, _reason(reason)
    asking.stop(row, by=by)
    return keep(row, "withdrawn", row.reason, now, by)


@transaction.atomic
def approve(warning: Warning, version: int, *, by: Actor) -> Warning:
    """Order it: number, journal and the event for all channels in one transaction."""
    row, now = locked(warning, version), clock.now()
    if row.state != State.SUBMITTED:
        raise Refused(_("Nothing waits for approval here."), "not_submitted")
    _settle(row, now)
    check(ORDER, _now(row), by)
    me = person(by)
    if not policies.current(now).may_approve_own and me is not None and is_author(row, me.pk):
        raise NotAllowed(
            _("Who has written a warning does not approve it: somebody else who may order it does.")
        )
    return _issue(row, "approved", now, by)


@transaction.atomic
def issue(warning: Warning, version: int, order: StandingOrder, *, by: Actor) -> Warning:
    """Issue it at once in a case that was decided beforehand; the decision's number stands in the message."""
    row, now = locked(warning, version), clock.now()
    _unfinished(row)
    _settle(row, now)
    check(DRAFT, _now(row), by)
    orders.check_case(order, row, now)
    row.order = order
    return _issue(row, "issued", now, by)


def _settle(row: Warning, now: datetime) -> None:
    """The units as they are at this moment: what merged since the draft is followed."""
    day = now.astimezone(clock.VIETNAM).date()
    places = list(row.places.select_related("unit"))
    if any(not reach.is_valid(place.unit, day) for place in places):
        kept = {place.unit_id: place.formers for place in places if reach.is_valid(place.unit, day)}
        units = reach.addressed([place.unit for place in places], day)
        row.places.all().delete()
        rows = [
            Place(warning=row, unit=one.unit, formers=kept.get(one.unit.pk, []) + one.rows()) for one in units
        ]
        Place.objects.bulk_create(rows)
    _complete(row, now)


def _complete(row: Warning, now: datetime) -> None:
    lacks = said.lacking(row, now)
    if lacks:
        raise Refused(" ".join(lacks), "incomplete")


def _issue(row: Warning, what: str, now: datetime, by: Actor) -> Warning:
    thread = Thread.objects.select_for_update().get(pk=row.thread_id)
    if row.previous is not None:
        _check_follow(thread, row.previous, row.kind)
        end(row.previous, now, by)
    asking.stop(row, by=by)
    row.number = next_number(row.is_exercise, now)
    row.state, row.approved_at, row.approved_by = State.APPROVED, now, person(by)
    row.approved_post, row.issuer = by.post[:120], by.organisation[:200]
    row.valid_from = max(row.valid_from, now) if row.valid_from else now
    row.reason = ""
    if row.kind == Kind.ALL_CLEAR:
        thread.ended_at = now
        thread.save(update_fields=["ended_at"])
    keep(row, what, row.number, now, by)
    payload = {"warning": row.pk, "number": row.number, "kind": row.kind, "is_exercise": row.is_exercise}
    journal.emit(ISSUED, row.number, payload)
    return row


def end(previous: Warning, now: datetime, by: Actor) -> None:
    """A later message stands in its place from now on."""
    row = Warning.objects.select_for_update(of=("self",)).get(pk=previous.pk)
    if row.state == State.APPROVED:
        row.state = State.ENDED
        keep(row, "ended", "", now, by, counts=False)


def _unfinished(row: Warning) -> None:
    if row.state not in UNFINISHED:
        raise Refused(_("This message is told already: update, correct or end it instead."), "told")


def _reason(text: str) -> str:
    text = text.strip()
    if not text or len(text) > 500:
        raise Refused(_("Say why, in at most 500 characters."), "no_reason")
    return text
