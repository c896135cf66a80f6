"""Setting a window, making it longer or shorter, ending it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.alerts import conditions, ringing, rules
from toancanh.kernel.alerts.actions import RIGHT
from toancanh.kernel.alerts.maintenance.models import Maintenance
from toancanh.kernel.alerts.maintenance.queries import CHANGED, about
from toancanh.kernel.alerts.models import Alert, AlertState, Chapter
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.people.access import person
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotAllowed, Refused
from toancanh.web import formats

LONGEST = timedelta(days=30)
"""A station that nobody heeds for longer is to be set up anew."""
EARLIER = timedelta(minutes=5)
"""A page was open for so long before its form came."""
MOST_THINGS = 500
MOST_TEXT = 300


def check(things: Sequence[Thing], kind: str, unit: Unit | None, by: Actor) -> None:
    """Only who answers for alerts of all the things mutes them."""
    paths = [unit.path if unit else ""] if kind else [thing.unit.path for thing in things]
    if not all(by.may(RIGHT, path) for path in paths):
        raise NotAllowed(
            _("Your post does not answer for alerts of all these stations; choose others, or ask who does.")
        )


@transaction.atomic
def begin(
    things: Sequence[Thing],
    *,
    by: Actor,
    ends: datetime,
    reason: str,
    starts: datetime | None = None,
    kind: str = "",
    unit: Unit | None = None,
) -> Maintenance:
    """Let nothing ring of the things (or, with ``kind``, of every one of it in the unit) for a while."""
    now = clock.now()
    begins = starts if starts is not None and starts > now else now
    if starts is not None and starts < now - EARLIER:
        raise Refused(_("Maintenance begins now or later; what has rung already stays."), "past")
    if kind and catalogue.thing_type(kind) is None:
        raise Refused(_("There is no such kind of station."), "no_kind")
    if not kind and not 0 < len(things) <= MOST_THINGS:
        text = _("Choose 1 to %(most)s stations, or a whole kind.") % {"most": MOST_THINGS}
        raise Refused(text, "no_things")
    check(things, kind, unit, by)
    _check_end(begins, ends, now)
    made = Maintenance.objects.create(
        kind=kind,
        unit=unit if kind else None,
        starts=begins,
        ends=ends,
        reason=_checked(reason),
        made_by=person(by),
        post=by.post[:120],
        created=now,
    )
    if not kind:
        made.things.set(things)
    _keep(made, "begun", by)
    _tell(made, now, by)
    return made


@transaction.atomic
def change(window: Maintenance, ends: datetime, *, by: Actor, reason: str = "") -> Maintenance:
    """Let it end later or sooner; the reason may be said anew."""
    row, now = _locked(window, by), clock.now()
    _check_end(row.starts, ends, now)
    row.ends = ends
    row.reason = _checked(reason) if reason.strip() else row.reason
    row.save(update_fields=["ends", "reason"])
    _keep(row, "changed", by)
    _tell(row, now, by)
    return row


@transaction.atomic
def end(window: Maintenance, *, by: Actor) -> Maintenance:
    """The work is done, or will not be: from now on everything of it rings again."""
    row, now = _locked(window, by), clock.now()
    row.ends, row.ended_at, row.ended_by = now, now, person(by)
    # One that never began held nothing back.
    row.starts = min(row.starts, now)
    row.save(update_fields=["starts", "ends", "ended_at", "ended_by"])
    _keep(row, "ended", by)
    return row


def _locked(window: Maintenance, by: Actor) -> Maintenance:
    row = Maintenance.objects.select_for_update(of=("self",)).select_related("unit").get(pk=window.pk)
    check(list(row.things.select_related("unit")), row.kind, row.unit, by)
    if row.ends <= clock.now():
        raise Refused(_("This maintenance is over; set another one."), "over")
    return row


def _check_end(starts: datetime, ends: datetime, now: datetime) -> None:
    if ends <= now or ends <= starts:
        raise Refused(_("Maintenance must end after it begins, and after now."), "bad_end")
    if ends - starts > LONGEST:
        raise Refused(_("Maintenance lasts 30 days at most: set another one when it ends."), "too_long")


def _checked(reason: str) -> str:
    if not reason.strip() or len(reason) > MOST_TEXT:
        raise Refused(_("Say why, in at most 300 characters."), "no_reason")
    return reason.strip()


def _keep(row: Maintenance, what: str, by: Actor) -> None:
    content = {
        "things": sorted(row.things.values_list("code", flat=True)),
        "kind": row.kind,
        "unit": row.unit.code if row.unit else "",
        "starts": row.starts.isoformat(),
        "ends": row.ends.isoformat(),
        "reason": row.reason,
    }
    entry = journal.record(f"alerts.maintenance_{what}", f"maintenance:{row.pk}", by=by, content=content)
    journal.emit(f"alerts.maintenance_{what}", str(entry.pk), {"maintenance": row.pk})
    revision.bump(CHANGED)
    # The bell no longer counts what is muted, or counts it again.
    ringing.number()


def _tell(row: Maintenance, now: datetime, by: Actor) -> None:
    """Write it into the story of what stands already."""
    language = get_language() or "vi"
    text = _("%(from)s–%(to)s: %(reason)s") % {
        "from": formats.moment(row.starts, language),
        "to": formats.moment(row.ends, language),
        "reason": row.reason,
    }
    if row.starts > now:
        return
    standing = Alert.objects.filter(about(row), over_at=None).exclude(state=AlertState.CLOSED)
    facts = {"at": now, "what": "muted", "person": person(by), "post": by.post[:120], "text": text[:1000]}
    Chapter.objects.bulk_create(
        Chapter(alert=alert, severity=alert.severity, **facts) for alert in standing.order_by("pk")
    )
    standing.update(revision=ringing.number())
    _tell_readers(row, text, facts)


def _tell_readers(row: Maintenance, text: str, facts: dict[str, Any]) -> None:
    """The same for what stands elsewhere and also reads one of these stations."""
    reading: dict[str, list[Alert]] = {}
    standing = Alert.objects.filter(over_at=None).exclude(about(row)).exclude(state=AlertState.CLOSED)
    # A series elsewhere is named with its station and a slash: of thousands that ring few read any.
    standing = standing.annotate(said=Cast("rule__condition", TextField())).filter(said__contains="/")
    for alert in standing.select_related("rule").order_by("pk"):
        condition = rules.read(alert.rule)
        for name in conditions.series_names(condition) if condition is not None else ():
            code, slash, _name = name.rpartition("/")
            if slash:
                reading.setdefault(code, []).append(alert)
    things = Thing.objects.filter(about(row, prefix=""), code__in=reading).order_by("pk")
    told = {alert.pk: (alert, thing) for thing in things for alert in reading[thing.code]}
    Chapter.objects.bulk_create(
        Chapter(
            alert=alert,
            severity=alert.severity,
            **{**facts, "what": ringing.PART_MUTED, "text": f"{thing}: {text}"[:1000]},
        )
        for alert, thing in told.values()
    )
    Alert.objects.filter(pk__in=told).update(revision=ringing.number())
