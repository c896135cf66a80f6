"""Cases whose time of keeping is over: nominated, proposed by one, reviewed by another, then destroyed.

What is under legal hold, open again or kept longer is not destroyed, whatever list it stands on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from toancanh.kernel.cases import destroying, opening, types
from toancanh.kernel.cases.access import below
from toancanh.kernel.cases.keeping import BY, withdraw
from toancanh.kernel.cases.models import Case, Disposal, Event, Nomination
from toancanh.kernel.cases.reasons import written
from toancanh.kernel.cases.writing import Writing, writing
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.people.access import person_key
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, Refused

RIGHT = "cases.arrange"
MOST = 500
"""Cases of one list."""
AT_ONCE = 200
"""Cases nominated or destroyed at one look of the worker."""
LONGEST_DAYS = 36_500
PREFIX = "HTL"


def may(case: Case, by: Actor) -> bool:
    """Whether the actor says how long it is kept."""
    return by.may(RIGHT, case.unit_path)


def hold(case: Case, reason: str, *, by: Actor, seen: int | None = None) -> Event:
    """Put a case under legal hold: nothing of it is destroyed until that is lifted."""
    with writing(case, by=by, seen=seen) as on:
        _check(on)
        if on.case.hold:
            raise Refused(_("It is under legal hold already."), "held")
        on.case.hold = written(reason, 300)
        withdraw(on.case)
        return on.tell("held", {"reason": on.case.hold})


def release(case: Case, reason: str, *, by: Actor, seen: int | None = None) -> Event:
    """Lift the legal hold."""
    with writing(case, by=by, seen=seen) as on:
        _check(on)
        if not on.case.hold:
            raise Refused(_("It is under no legal hold."), "not_held")
        on.case.hold = ""
        return on.tell("released", {"reason": written(reason, 300)})


def nominate() -> int:
    """Nominate what ended long enough ago; returns how many cases."""
    due = Case.objects.filter(is_open=False, destroyed_at=None, hold="", nomination=None)
    found = list(due.filter(retain_until__lte=clock.now()).order_by("retain_until", "pk")[:AT_ONCE])
    for case in found:
        with writing(case, by=BY) as on:
            if not on.case.is_open and not on.case.hold:
                _row, is_new = Nomination.objects.get_or_create(case=on.case, defaults={"at": on.now})
                if is_new:
                    on.tell("nominated", {})
    return len(found)


def keep(case: Case, days: int, reason: str, *, by: Actor) -> Event:
    """Review a nominated case and keep it longer: so many days from now."""
    if not 1 <= days <= LONGEST_DAYS:
        raise Refused(_("Keep it for 1 to 36,500 days more."), "bad_days")
    with writing(case, by=by) as on:
        _check(on)
        if not Nomination.objects.filter(case=on.case, disposal=None).exists():
            raise Refused(_("%(code)s does not wait for review any more.") % {"code": on.case.code}, "gone")
        withdraw(on.case)
        on.case.retain_until = on.now + timedelta(days=days)
        return on.tell("kept", {"days": days, "reason": written(reason)})


@transaction.atomic
def propose(codes: Sequence[str], basis: str, *, by: Actor) -> Disposal:
    """Put nominated cases on a list that somebody else reviews."""
    wanted = sorted(set(codes))
    if not 1 <= len(wanted) <= MOST:
        raise Refused(_("Choose 1 to 500 cases."), "bad_count")
    person = _person(by)
    rows = nominated(by).filter(case__code__in=wanted)
    found = list(rows.select_for_update(of=("self",)).select_related("case").order_by("case"))
    if len(found) != len(wanted):
        raise Refused(_("Some of them do not wait for review any more. Look at the list again."), "gone")
    now = clock.now()
    year = now.astimezone(clock.VIETNAM).year
    made = Disposal.objects.create(
        code=opening.number(PREFIX, year),
        basis=written(basis),
        unit_path=_root(row.case.unit_path for row in found),
        proposed_at=now,
        proposed_by_id=person,
        cases=len(found),
    )
    Nomination.objects.filter(pk__in=[row.pk for row in found]).update(disposal=made)
    told = {"cases": [row.case.code for row in found], "basis": made.basis}
    journal.record("cases.disposal_proposed", f"disposal:{made.code}", by=by, content=told)
    return made


@transaction.atomic
def settle(disposal: Disposal, is_approved: bool, words: str, *, by: Actor) -> Disposal:
    """Review a list: by somebody else than who proposed it. What is approved is destroyed by the worker."""
    row = Disposal.objects.select_for_update(of=("self",)).get(pk=disposal.pk)
    person = _person(by)
    if not by.may(RIGHT, row.unit_path):
        raise NotAllowed(_("Your post does not reach all cases of this list."))
    if person == row.proposed_by_id:
        raise NotAllowed(_("Somebody else reviews what you have proposed."))
    if row.is_approved is not None:
        raise Refused(_("This list was reviewed already."), "settled")
    row.is_approved, row.words = is_approved, written(words)
    row.settled_at, row.settled_by_id = clock.now(), person
    row.save()
    if not is_approved:
        row.items.update(disposal=None)
    told = {"approved": is_approved, "words": row.words}
    journal.record("cases.disposal_settled", f"disposal:{row.code}", by=by, content=told)
    return row


def carry_out() -> int:
    """Destroy what was approved, each case for itself; goes on where it was killed. Returns how many."""
    done = 0
    for disposal in Disposal.objects.filter(is_approved=True, done_at=None).order_by("pk"):
        waiting = disposal.items.filter(destroyed_at=None).order_by("case").values_list("case", flat=True)
        for pk in list(waiting[: AT_ONCE - done]):
            done += _destroy(disposal, pk)
        if not disposal.items.filter(destroyed_at=None).exists():
            _finish(disposal)
        if done >= AT_ONCE:
            break
    return done


@transaction.atomic
def _destroy(disposal: Disposal, pk: int) -> int:
    case = Case.objects.select_for_update(of=("self",)).get(pk=pk)
    # Who puts it under hold or opens it again was first: it is on no list any more.
    item = (
        Nomination.objects.select_for_update().filter(case=case, disposal=disposal, destroyed_at=None).first()
    )
    if item is None or case.is_open or case.hold:
        return 0
    gone = destroying.destroy(Writing(case, types.by_key(case.version_id), BY, clock.now()), disposal.code)
    item.destroyed_at = clock.now()
    item.save(update_fields=["destroyed_at"])
    Disposal.objects.filter(pk=disposal.pk).update(
        events=F("events") + gone.events, files=F("files") + gone.files, parties=F("parties") + gone.parties
    )
    return 1


@transaction.atomic
def _finish(disposal: Disposal) -> None:
    row = Disposal.objects.select_for_update(of=("self",)).get(pk=disposal.pk)
    if row.done_at is None:
        row.done_at, row.cases = clock.now(), row.items.count()
        row.save(update_fields=["done_at", "cases"])
        told = {"cases": row.cases, "events": row.events, "files": row.files, "parties": row.parties}
        journal.record("cases.disposed", f"disposal:{row.code}", by=BY, content=told)


def nominated(to: Actor) -> QuerySet[Nomination]:
    """What waits for review within the actor's reach, on no list yet."""
    rows = Nomination.objects.filter(disposal=None, destroyed_at=None)
    return rows.filter(_reach(to, "case__unit_path")).order_by("pk")


def disposals(to: Actor) -> QuerySet[Disposal]:
    """Lists all of whose cases are within the actor's reach, the newest first."""
    rows = Disposal.objects.filter(_reach(to, "unit_path")).select_related("proposed_by", "settled_by")
    return rows.order_by("-pk")


def held(to: Actor) -> QuerySet[Case]:
    """Cases under legal hold within the actor's reach."""
    return Case.objects.exclude(hold="").filter(_reach(to, "unit_path")).order_by("-pk")


def _root(paths: Iterable[str]) -> str:
    """The smallest unit that holds all of them."""
    first, *others = sorted(set(paths))
    while not all(path.startswith(first) for path in others):
        first = first.removesuffix("/").rpartition("/")[0] + "/"
    return first


def _reach(to: Actor, column: str) -> Q:
    return below(column, to.paths(RIGHT))


def _check(on: Writing) -> None:
    if not may(on.case, on.by):
        raise NotAllowed(_("How long cases are kept is for who arranges work here to say."))


def _person(by: Actor) -> int:
    found = person_key(by)
    if found is None:
        raise NotAllowed(_("Destroying is proposed and reviewed by persons, signed in."))
    return found
