"""Arranging the roster: posts, what repeats every week, exceptions, stand-ins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.people.actions import check_name
from toancanh.kernel.people.models import Organisation, Person
from toancanh.kernel.people.shifts.models import DutyPost, Pattern, Shift
from toancanh.kernel.people.shifts.queries import candidates, path_of
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.territory.queries import today
from toancanh.lib.errors import NotAllowed, Refused

RIGHT = "duty.arrange"
"""To write the roster of organisations in a unit."""
CHANGED = "roster"
"""The revision that moves with every change of who is on duty when."""
HORIZON = timedelta(days=42)
"""So far ahead shifts of every week are written."""
LEVELS = 9
DAY = 24 * 60
LONGEST = timedelta(days=7)
MOST_TEXT = 300


def check(organisation: Organisation, by: Actor) -> None:
    """Only who arranges duty over the organisation's unit writes its roster."""
    path = organisation.unit.path if organisation.unit else ""
    if not by.may(RIGHT, path):
        raise NotAllowed(_("The roster is written by who arranges duty; your administrator can grant it."))


@transaction.atomic
def create_post(
    organisation: Organisation, title: str, level: int, *, by: Actor, round_the_clock: bool = True
) -> DutyPost:
    """Put a post on the roster."""
    check(organisation, by)
    _check_post(title, level)
    made = DutyPost.objects.create(
        organisation=organisation,
        title=title.strip(),
        level=level,
        is_round_the_clock=round_the_clock,
        created=clock.now(),
    )
    _keep("duty_post_created", made, by, {"level": level, "round_the_clock": round_the_clock})
    return made


@transaction.atomic
def change_post(
    duty: DutyPost, title: str, level: int, *, by: Actor, round_the_clock: bool, is_active: bool = True
) -> DutyPost:
    """Name it anew, give it another level, or close it: then nobody is on duty there from now on."""
    check(duty.organisation, by)
    _check_post(title, level)
    row, now = DutyPost.objects.select_for_update().get(pk=duty.pk), clock.now()
    row.title, row.level, row.is_round_the_clock = title.strip(), level, round_the_clock
    if row.is_active and not is_active:
        row.patterns.filter(Q(valid_to=None) | Q(valid_to__gt=today())).update(valid_to=today())
        row.shifts.filter(starts__gt=now, cancelled_at=None).update(cancelled_at=now)
        row.shifts.filter(starts__lt=now, ends__gt=now).update(ends=now)
    row.is_active = is_active
    row.save()
    content = {"level": level, "round_the_clock": round_the_clock, "is_active": is_active}
    _keep("duty_post_changed", row, by, content)
    return row


@transaction.atomic
def repeat(
    duty: DutyPost, person: Person, weekdays: Iterable[int], start: int, end: int, first: date, *, by: Actor
) -> list[Pattern]:
    """Let the person fill the post on these days; an ``end`` not after ``start`` is the next day's."""
    check(duty.organisation, by)
    _check_person(duty, person)
    days = sorted(set(weekdays))
    if not days or not set(days) <= set(range(7)) or not (0 <= start < DAY and 0 <= end <= DAY):
        raise Refused(_("Say on which days, from when to when."), "bad_time")
    if first < today():
        raise Refused(_("What repeats begins today or later; the past stays as it was."), "past")
    length = end - start if end > start else end + DAY - start
    same = duty.patterns.filter(Q(valid_to=None) | Q(valid_to__gt=first), person=person, weekday__in=days)
    if same.filter(start__lt=start + length, start__gt=start - F("length")).exists():
        raise Refused(_("%(name)s is on duty there at that time already.") % {"name": person}, "taken")
    made = []
    for weekday in days:
        facts = {"weekday": weekday, "start": start, "length": length, "valid_from": first}
        made.append(Pattern.objects.create(duty=duty, person=person, **facts))
    content = {"person": person.pk, "days": days, "start": start, "length": length}
    _keep("duty_repeated", duty, by, {**content, "from": first.isoformat()})
    _write(made, clock.now())
    return made


@transaction.atomic
def stop_repeating(pattern: Pattern, day: date, *, by: Actor) -> None:
    """From the day on it repeats no more; shifts that people changed by hand stay."""
    check(pattern.duty.organisation, by)
    day = max(day, today(), pattern.valid_from)
    Pattern.objects.filter(pk=pattern.pk).update(valid_to=day)
    plain = Shift.objects.filter(pattern=pattern, day__gte=day, starts__gt=clock.now())
    plain.filter(stands_in_for=None, cancelled_at=None).delete()
    content = {"person": pattern.person_id, "weekday": pattern.weekday, "to": day.isoformat()}
    _keep("duty_stopped", pattern.duty, by, content)


@transaction.atomic
def add_shift(
    duty: DutyPost, person: Person, starts: datetime, ends: datetime, *, by: Actor, reason: str = ""
) -> Shift:
    """Write one shift by hand."""
    check(duty.organisation, by)
    _check_person(duty, person)
    if not duty.is_active:
        raise Refused(_("This post is closed."), "closed")
    if ends <= starts or ends - starts > LONGEST:
        raise Refused(_("A shift ends after it begins, within a week."), "bad_time")
    if ends <= clock.now():
        raise Refused(_("This shift would be over already; the past stays as it was."), "past")
    _check_free(duty, person, starts, ends, 0)
    facts = {"starts": starts, "ends": ends, "reason": _text(reason)}
    made = Shift.objects.create(duty=duty, person=person, **facts)
    _keep_shift("shift_added", made, by)
    return made


@transaction.atomic
def stand_in(shift: Shift, person: Person, *, by: Actor, reason: str) -> Shift:
    """Let somebody else take the shift, or what is left of it: who was on duty until now stays written."""
    row = _locked(shift, by)
    _check_person(row.duty, person)
    if person.pk == row.person_id:
        raise Refused(_("%(name)s has this shift already.") % {"name": person}, "same")
    reason, now = _needed(reason), clock.now()
    _check_free(row.duty, person, max(row.starts, now), row.ends, row.pk)
    before = row.person
    if row.starts < now:
        facts = {"starts": row.starts, "ends": now, "reason": row.reason}
        Shift.objects.create(duty=row.duty, person=before, stands_in_for=row.stands_in_for, **facts)
        row.starts = now
    first = row.stands_in_for or before
    row.person, row.reason = person, reason
    row.stands_in_for = None if first.pk == person.pk else first
    row.save()
    _keep_shift("shift_stood_in", row, by)
    return row


@transaction.atomic
def cancel(shift: Shift, *, by: Actor, reason: str) -> None:
    """Nobody fills it: a shift that has begun ends now, one to come does not take place."""
    row, now = _locked(shift, by), clock.now()
    row.reason = _needed(reason)
    if row.starts < now:
        row.ends = now
    else:
        row.cancelled_at = now
    row.save()
    _keep_shift("shift_cancelled", row, by)


def prolong() -> int:
    """Write the shifts of every week up to the horizon; returns 0, for a loop of the worker."""
    now = clock.now()
    last = today()
    with transaction.atomic():
        rows = Pattern.objects.filter(Q(valid_to=None) | Q(valid_to__gt=last), duty__is_active=True)
        _write(rows, now)
    return 0


def _write(patterns: Iterable[Pattern], now: datetime) -> None:
    """Write what is missing; a day that is there already stays as people left it."""
    first = now.astimezone(clock.VIETNAM).date()
    made = []
    for pattern in patterns:
        start = max(first - timedelta(days=1), pattern.valid_from)
        end = min(pattern.valid_to or date.max, first + HORIZON)
        day = start + timedelta(days=(pattern.weekday - start.weekday()) % 7)
        while day < end:
            starts = datetime.combine(day, time(), clock.VIETNAM) + timedelta(minutes=pattern.start)
            ends = starts + timedelta(minutes=pattern.length)
            if ends > now:
                facts = {"duty_id": pattern.duty_id, "person_id": pattern.person_id, "pattern": pattern}
                made.append(Shift(**facts, day=day, starts=starts, ends=ends))
            day += timedelta(days=7)
    there = Shift.objects.filter(
        pattern__in={shift.pattern_id for shift in made}, day__gte=first - timedelta(days=1)
    )
    known = set(there.values_list("pattern", "day"))
    missing = [shift for shift in made if (shift.pattern_id, shift.day) not in known]
    if missing:
        # Another worker may have written them a moment ago.
        Shift.objects.bulk_create(missing, ignore_conflicts=True)
        revision.bump(CHANGED)


def _locked(shift: Shift, by: Actor) -> Shift:
    rows = Shift.objects.select_for_update(of=("self",))
    row = rows.select_related("duty__organisation__unit", "person", "stands_in_for").get(pk=shift.pk)
    check(row.duty.organisation, by)
    if row.cancelled_at is not None or row.ends <= clock.now():
        raise Refused(_("This shift is over or was cancelled; the past stays as it was."), "past")
    return row


def _check_post(title: str, level: int) -> None:
    check_name(title, 120)
    if not 1 <= level <= LEVELS:
        raise Refused(_("A level is a number from 1 to %(most)s.") % {"most": LEVELS}, "bad_level")


def _check_person(duty: DutyPost, person: Person) -> None:
    if person.pk not in {one.pk for one in candidates(path_of(duty))}:
        text = _("%(name)s does not answer for alerts there, so cannot be on duty.")
        raise Refused(text % {"name": person}, "no_right")


def _check_free(duty: DutyPost, person: Person, starts: datetime, ends: datetime, but: int) -> None:
    taken = Shift.objects.filter(
        duty=duty, person=person, cancelled_at=None, starts__lt=ends, ends__gt=starts
    )
    if taken.exclude(pk=but).exists():
        raise Refused(_("%(name)s is on duty there at that time already.") % {"name": person}, "taken")


def _text(reason: str) -> str:
    if len(reason) > MOST_TEXT:
        raise Refused(_("Say why, in at most 300 characters."), "no_reason")
    return reason.strip()


def _needed(reason: str) -> str:
    if not reason.strip():
        raise Refused(_("Say why, in at most 300 characters."), "no_reason")
    return _text(reason)


def _keep_shift(what: str, shift: Shift, by: Actor) -> None:
    content = {
        "shift": shift.pk,
        "person": shift.person_id,
        "stands_in_for": shift.stands_in_for_id,
        "starts": shift.starts.isoformat(),
        "ends": shift.ends.isoformat(),
    }
    _keep(what, shift.duty, by, {**content, "reason": shift.reason})


def _keep(what: str, duty: DutyPost, by: Actor, content: Mapping[str, object]) -> None:
    journal.record(f"people.{what}", f"duty_post:{duty.pk}", by=by, content=content)
    revision.bump(CHANGED)
