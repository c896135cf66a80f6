"""What lies in the letterbox: letters in groups of one reason and source, and one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Count, Max, Min, Q, QuerySet

from toancanh.kernel.declare import Actor
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.models import Letter

PERIODS = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=31)}
STATES = ("waiting", "replayed", "all")
LENGTH = 100
MOST_GROUPS = 200
MOST_ROWS = 100_000
"""Letters of one export."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Which letters somebody wants to see, as the address says it."""

    code: str = ""
    source: str = ""
    thing: str = ""
    q: str = ""
    period: str = "month"
    state: str = "waiting"
    after: int = 0

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Wish:
        """From the parameters of an address; what cannot be understood is passed over."""
        after = asked.get("after", "")
        period, state = asked.get("period", ""), asked.get("state", "")
        return cls(
            code=_plain(asked, "code"),
            source=_plain(asked, "source"),
            thing=_plain(asked, "thing"),
            q=_plain(asked, "q").strip(),
            period=period if period in PERIODS else "month",
            state=state if state in STATES else "waiting",
            after=int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0,
        )

    @property
    def is_narrow(self) -> bool:
        """Whether there may be letters that it does not ask for."""
        return self != Wish()

    def query(self, **other: object) -> str:
        """The same wish as the parameters of an address, with some of it changed."""
        said = {
            "code": self.code,
            "source": self.source,
            "thing": self.thing,
            "q": self.q,
            "period": "" if self.period == "month" else self.period,
            "state": "" if self.state == "waiting" else self.state,
            **other,
        }
        return "?" + urlencode({key: value for key, value in said.items() if value})


@dataclass(frozen=True, kw_only=True)
class Group:
    """Letters that one source brought for one reason."""

    code: str
    source: str
    door: str
    count: int
    things: int
    first: datetime
    last: datetime


@dataclass(frozen=True, kw_only=True)
class Page:
    """Letters in the order in which they came, newest first, and where the list goes on."""

    rows: list[Letter]
    next_url: str
    first_url: str


def letters(to: Actor, wish: Wish) -> QuerySet[Letter]:
    """The letters wished for; none for whoever does not arrange measurements everywhere.

    What was refused may name things that nobody here knows, so it belongs to no unit.
    """
    if not to.may("telemetry.arrange"):
        return Letter.objects.none()
    found = Letter.objects.filter(at__gte=clock.now() - PERIODS[wish.period])
    if wish.state == "waiting":
        found = found.filter(settled_at=None)
    elif wish.state == "replayed":
        found = found.exclude(settled_at=None)
    for name in ("code", "source", "thing"):
        if value := getattr(wish, name):
            found = found.filter(**{name: value})
    for word in wish.q.split()[:8]:
        named = Q(thing__icontains=word) | Q(series__icontains=word) | Q(source__icontains=word)
        found = found.filter(named | Q(raw__icontains=word))
    return found


def groups(to: Actor, wish: Wish) -> list[Group]:
    """The letters wished for in groups, those that grew last first."""
    rows = (
        letters(to, wish)
        .order_by()
        .values("code", "source", "door")
        .annotate(count=Count("pk"), things=Count("thing", distinct=True), first=Min("at"), last=Max("at"))
    )
    return [Group(**row) for row in rows.order_by("-last", "code", "source")[:MOST_GROUPS]]


def page(to: Actor, wish: Wish) -> Page:
    """A hundred letters; further ones are reached by the number of the last."""
    found = letters(to, wish).order_by("-pk")
    if wish.after:
        found = found.filter(pk__lt=wish.after)
    rows = list(found[: LENGTH + 1])
    shown = rows[:LENGTH]
    goes_on = len(rows) > LENGTH
    return Page(
        rows=shown,
        next_url=wish.query(after=shown[-1].pk) if goes_on else "",
        first_url=wish.query() if wish.after else "",
    )


def everything(to: Actor, wish: Wish) -> Iterator[Letter]:
    """All letters wished for, a bounded number, without holding them in memory."""
    return letters(to, wish).order_by("-pk")[:MOST_ROWS].iterator(chunk_size=2_000)


def _plain(asked: Mapping[str, str], name: str) -> str:
    return asked.get(name, "")[:100].replace("\0", "")
