"""Alerts as pages need them: those that ring now, all of them a page at a time, one with its story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet

from toancanh.kernel import catalogue
from toancanh.kernel.alerts.actions import RIGHT
from toancanh.kernel.alerts.escalation import queries as escalation
from toancanh.kernel.alerts.maintenance import queries as maintenance
from toancanh.kernel.alerts.models import Alert, AlertState
from toancanh.kernel.alerts.ringing import CHANGED
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.models import Post
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.runtime.brief import Brief
from toancanh.kernel.territory.queries import today
from toancanh.lib.errors import NotFound
from toancanh.lib.fold import fold

SIGHT = "console.see"
SOUNDING = 2
"""From this severity on it sounds until somebody acknowledges."""
SHOWN = 12
"""Alerts of the column."""
LENGTH = 50
LIVE = (AlertState.OPEN, AlertState.ACKNOWLEDGED)
STATES = ("live", "open", "acknowledged", "closed", "all")
PERIODS = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=31)}
_bell: Brief[Bell] = Brief(30.0)


def visible(to: Actor) -> QuerySet[Alert]:
    """Alerts of the units that the actor's posts stand over."""
    within = Q(pk__in=[])
    for path in to.paths(SIGHT):
        within |= Q(thing__unit__path__startswith=path)
    found = Alert.objects.filter(within)
    return found.select_related("thing__unit", "rule", "acknowledged_by", "closed_by")


def one(number: int, to: Actor) -> Alert:
    """The alert of that number, where the actor may see it."""
    alert = visible(to).filter(pk=number).first()
    if alert is None:
        raise NotFound("")
    return alert


@dataclass(frozen=True)
class Bell:
    """How many stand, how many nobody has acknowledged, how many of those sound, and the worst of them.

    At a station under maintenance an alert may stand, but calls nobody.
    """

    live: int = 0
    open: int = 0
    sounding: int = 0
    worst: int = 0


def bell(to: Actor) -> Bell:
    """The same for everyone who sees the same units, counted anew after every change."""
    paths = to.paths(SIGHT)
    return _bell.get((paths, revision.current(CHANGED)), lambda: _counted(to))


def _counted(to: Actor) -> Bell:
    standing = visible(to).filter(state__in=LIVE).order_by()
    rows = standing.exclude(maintenance.muted(clock.now())).values_list("state", "severity")
    counts = {(state, severity): n for state, severity, n in rows.annotate(n=Count("pk"))}
    waiting = {severity: n for (state, severity), n in counts.items() if state == AlertState.OPEN}
    return Bell(
        live=standing.count(),
        open=sum(waiting.values()),
        sounding=sum(n for severity, n in waiting.items() if severity >= SOUNDING),
        worst=max(waiting, default=0),
    )


def column(to: Actor) -> list[Alert]:
    """What rings now: the worst, what nobody has acknowledged, the newest first; muted ones last."""
    found = visible(to).filter(state__in=LIVE).order_by("-severity", "-opened_at", "-pk")[: SHOWN * 4]
    rows = with_windows(list(found))
    escalation.mark(rows, to.key)
    # What has come to this very officer stands above all.
    return sorted(rows, key=_urgency)[:SHOWN]


def _urgency(alert: Alert) -> tuple[object, ...]:
    return alert.window is not None, not alert.is_mine, -alert.severity, alert.state != AlertState.OPEN


def with_windows(rows: list[Alert]) -> list[Alert]:
    """Each with ``window``: the maintenance of its thing that holds now, or None."""
    windows = maintenance.of((alert.thing for alert in rows), clock.now())
    for alert in rows:
        alert.window = windows.get(alert.thing_id)
    return rows


def forget() -> None:
    """Count anew."""
    _bell.forget()


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Which alerts somebody wants to see, as the address says it."""

    state: str = "live"
    key: str = ""
    severity: int = 0
    period: str = ""
    q: str = ""
    thing: str = ""
    after: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Wish:
        """From the parameters of an address; what cannot be understood is passed over."""
        state, period, severity = asked.get("state", ""), asked.get("period", ""), asked.get("severity", "")
        key = asked.get("key", "")
        return cls(
            state=state if state in STATES else "live",
            key=key if key in catalogue.alert_rules() else "",
            severity=int(severity) if severity in ("1", "2", "3") else 0,
            period=period if period in PERIODS else "",
            q=asked.get("q", "").replace("\0", "").strip()[:100],
            thing=asked.get("thing", "").replace("\0", "")[:80],
            after=asked.get("after", ""),
        )

    def query(self, **other: object) -> str:
        """The same wish as the parameters of an address, with some of it changed."""
        said: dict[str, object] = {
            "state": "" if self.state == "live" else self.state,
            "key": self.key,
            "severity": self.severity or "",
            "period": self.period,
            "q": self.q,
            "thing": self.thing,
            **other,
        }
        return "?" + urlencode({name: value for name, value in said.items() if value})


@dataclass(frozen=True, kw_only=True)
class Page:
    """Alerts, newest first, and where the list goes on."""

    rows: list[Alert]
    next_url: str
    first_url: str


def page(to: Actor, wish: Wish) -> Page:
    """One page of what the wish lets through."""
    found = _after(_wanted(to, wish), wish.after).order_by("-opened_at", "-pk")
    rows = list(found[: LENGTH + 1])
    more = rows[LENGTH - 1] if len(rows) > LENGTH else None
    return Page(
        rows=with_windows(rows[:LENGTH]),
        next_url=wish.query(after=f"{clock.to_us(more.opened_at)}-{more.pk}") if more else "",
        first_url=wish.query() if wish.after else "",
    )


def _wanted(to: Actor, wish: Wish) -> QuerySet[Alert]:
    found = visible(to)
    if wish.state == "live":
        found = found.filter(state__in=LIVE)
    elif wish.state != "all":
        found = found.filter(state=wish.state)
    if wish.key:
        found = found.filter(key=wish.key)
    if wish.severity:
        found = found.filter(highest__gte=wish.severity)
    if wish.period:
        found = found.filter(opened_at__gte=clock.now() - PERIODS[wish.period])
    if wish.thing:
        found = found.filter(thing__code=wish.thing)
    for word in fold(wish.q).split():
        found = found.filter(thing__folded__contains=word)
    return found


def _after(found: QuerySet[Alert], after: str) -> QuerySet[Alert]:
    """Those behind the row that the address names; a mangled one begins at the start."""
    time, _dash, number = after.partition("-")
    if not (time.isascii() and time.isdigit() and number.isascii() and number.isdigit()):
        return found
    if len(time) > 16 or len(number) > 18:
        return found
    at = moment(int(time))
    return found.filter(Q(opened_at__lt=at) | Q(opened_at=at, pk__lt=int(number))) if at else found


def moment(time_us: int) -> datetime | None:
    """The moment, where there is one."""
    try:
        return clock.from_us(time_us)
    except (ValueError, OverflowError, OSError):
        return None


def answering(thing: Thing) -> list[Post]:
    """The posts of today that answer for alerts of the thing."""
    day, path = today(), thing.unit.path
    held = Q(valid_to=None) | Q(valid_to__gt=day)
    rows = Post.objects.filter(held, valid_from__lte=day, person__is_active=True, grants__right=RIGHT)
    rows = rows.select_related("person", "organisation").order_by("pk").distinct()
    rows = rows.prefetch_related("grants__unit")
    return [
        row
        for row in rows
        if any(
            grant.right == RIGHT and (grant.unit is None or path.startswith(grant.unit.path))
            for grant in row.grants.all()
        )
    ]
