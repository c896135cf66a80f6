"""The waiting room: who sends under a code or a quantity that nobody here knows, and what came of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Max, Min, QuerySet
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.brief import Brief
from toancanh.kernel.telemetry.devices.models import Dismissal, Knock
from toancanh.kernel.telemetry.letterbox import replay
from toancanh.kernel.telemetry.letterbox.replay import Outcome
from toancanh.kernel.telemetry.models import Letter
from toancanh.lib.errors import NotAllowed, NotFound, Refused

UNKNOWN = ("unknown_thing", "unknown_series")
SHEET = "sheet"
"""What an uploaded table calls a station is told, and mended, with the table; no device waits for it."""
LATELY = timedelta(days=31)
MOST = 200
MOST_QUANTITIES = 12
KNOCKED_LATELY = timedelta(days=1)
counted: Brief[int] = Brief(10.0)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One quantity that came under a code: how often, and what last."""

    series: str
    count: int
    last: Letter


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Who waits: a code that nobody knows, or a station here that sends more than it measures."""

    code: str
    thing: Thing | None
    count: int
    first: datetime
    last: datetime
    sources: list[str]
    sent: list[Sent] = field(default_factory=list)
    dismissed: str = ""
    """Why it was put aside; empty where it was not."""

    @property
    def series(self) -> list[str]:
        """Names of the quantities it sent."""
        return [one.series for one in self.sent]


def room(to: Actor, *, dismissed: bool = False) -> list[Waiting]:
    """Who waits, those heard last first; with ``dismissed`` those that were put aside instead."""
    found = _unknown(to)
    put_aside = dict(Dismissal.objects.values_list("thing", "reason"))
    found = found.filter(thing__in=put_aside) if dismissed else found.exclude(thing__in=put_aside)
    rows = found.values("thing").annotate(count=Count("pk"), first=Min("at"), last=Max("at"))
    heads = list(rows.order_by("-last", "thing")[:MOST])
    codes = [head["thing"] for head in heads]
    sent, sources = _sent(found.filter(thing__in=codes)), _sources(found.filter(thing__in=codes))
    things = {thing.code: thing for thing in Thing.objects.filter(code__in=codes, is_active=True)}
    return [
        Waiting(
            code=head["thing"],
            thing=things.get(head["thing"]),
            count=head["count"],
            first=head["first"],
            last=head["last"],
            sources=sources[head["thing"]],
            sent=sent[head["thing"]],
            dismissed=put_aside.get(head["thing"], ""),
        )
        for head in heads
    ]


def one(code: str, to: Actor) -> Waiting:
    """Who waits under this code; raises NotFound."""
    found = next((w for put in (False, True) for w in room(to, dismissed=put) if w.code == code), None)
    if found is None:
        raise NotFound(_("Nothing waits under the code %(code)s.") % {"code": code})
    return found


def count(to: Actor) -> int:
    """How many wait, as every page of the console shows it; up to ten seconds old."""
    return counted.get(to.paths("telemetry.arrange"), lambda: _count(to))


def _count(to: Actor) -> int:
    put_aside = Dismissal.objects.values("thing")
    return _unknown(to).exclude(thing__in=put_aside).values("thing").distinct().count()


def knocks(to: Actor) -> list[Knock]:
    """Sign-ins of the last day that failed under names which no token bears, newest first."""
    if not to.may("telemetry.arrange"):
        return []
    since = clock.to_us(clock.now() - KNOCKED_LATELY)
    return list(Knock.objects.filter(last_us__gte=since).order_by("-last_us", "pk")[:20])


def let_in(code: str, *, by: Actor) -> Outcome:
    """Take in what was sent under a code while it waited; called once its thing and series are there."""
    letters = Letter.objects.filter(thing=code, code__in=(*UNKNOWN, "forbidden"), settled_at=None)
    outcome = replay.replay(letters, by=by)
    Dismissal.objects.filter(thing=code).delete()
    counted.forget()
    return outcome


@transaction.atomic
def dismiss(code: str, reason: str, *, by: Actor) -> Dismissal:
    """Put a code aside: its letters stay as long as others do, the waiting room shows it no more."""
    _check(by)
    if not reason.strip() or len(reason) > 300:
        raise Refused(_("Say in a few words why nobody needs it."), "no_reason")
    if not _unknown(by).filter(thing=code).exists():
        raise NotFound(_("Nothing waits under the code %(code)s.") % {"code": code})
    said = {"reason": reason.strip(), "at": clock.now(), "by": by.key}
    dismissal, _new = Dismissal.objects.update_or_create(thing=code, defaults=said)
    journal.record("telemetry.sender_dismissed", f"sender:{code}", by=by, content={"reason": reason.strip()})
    counted.forget()
    return dismissal


@transaction.atomic
def recall(code: str, *, by: Actor) -> None:
    """Let a code that was put aside wait again."""
    _check(by)
    gone, _kinds = Dismissal.objects.filter(thing=code).delete()
    if not gone:
        raise NotFound(_("Nothing waits under the code %(code)s.") % {"code": code})
    counted.forget()
    journal.record("telemetry.sender_recalled", f"sender:{code}", by=by, content={})


def _unknown(to: Actor) -> QuerySet[Letter]:
    if not to.may("telemetry.arrange"):
        return Letter.objects.none()
    since = clock.now() - LATELY
    found = Letter.objects.filter(code__in=UNKNOWN, settled_at=None, at__gte=since)
    return found.exclude(door=SHEET).order_by()


def _sent(found: QuerySet[Letter]) -> dict[str, list[Sent]]:
    rows = list(found.values("thing", "series").annotate(count=Count("pk"), newest=Max("pk")))
    rows.sort(key=lambda row: (-row["count"], row["series"]))
    letters = Letter.objects.in_bulk([row["newest"] for row in rows])
    sent: defaultdict[str, list[Sent]] = defaultdict(list)
    for row in rows:
        last = letters.get(row["newest"])
        if last is not None and len(sent[row["thing"]]) < MOST_QUANTITIES:
            sent[row["thing"]].append(Sent(series=row["series"], count=row["count"], last=last))
    return sent


def _sources(found: QuerySet[Letter]) -> dict[str, list[str]]:
    sources: defaultdict[str, list[str]] = defaultdict(list)
    for thing, source in found.values_list("thing", "source").distinct().order_by("source"):
        sources[thing].append(source)
    return sources


def _check(by: Actor) -> None:
    if not by.may("telemetry.arrange"):
        raise NotAllowed(_("Devices are taken in by the administrator of your locality."))
