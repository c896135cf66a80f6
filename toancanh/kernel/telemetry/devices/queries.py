"""Tokens with what is known of their life: when they were heard, how much they send, what was refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import Min, QuerySet, Sum

from toancanh.kernel.declare import Actor
from toancanh.kernel.people.models import Purpose, Token
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.devices.models import Activity, Contact
from toancanh.kernel.telemetry.devices.tally import KEPT, STEP
from toancanh.kernel.telemetry.models import Series
from toancanh.kernel.telemetry.store import DAY

BARS = 72
"""Steps of the small chart: six hours by five minutes."""
ONLINE_FOR = timedelta(seconds=20)
"""A connection counts as open for this long after a process has last seen it open."""
SHORTEST = timedelta(minutes=2)
UNKNOWN_PERIOD = timedelta(minutes=30)
"""How often a gateway that may send for everything should be heard at least."""


@dataclass(frozen=True, kw_only=True)
class Device:
    """One token and its life."""

    token: Token
    contact: Contact | None
    at: datetime
    bars: Sequence[int] = ()
    """Rows kept in each step of the last six hours, oldest first."""
    faults: dict[str, int] = field(default_factory=dict)
    """What was refused within a day, by reason."""
    period: timedelta | None = None
    """Time between two readings of the quickest quantity that it may send."""
    thing: Thing | None = None
    """The one that it may write for, where it is one."""

    @property
    def name(self) -> str:
        """What it signs in as."""
        return self.token.name

    @property
    def seen(self) -> datetime | None:
        """When it was last heard."""
        return self.contact.at if self.contact else None

    @property
    def is_online(self) -> bool:
        """Whether it holds a connection open."""
        online = self.contact.online_at if self.contact else None
        return online is not None and self.at - online <= ONLINE_FOR

    @property
    def per_minute(self) -> float:
        """Rows kept a minute over the last five to ten minutes."""
        recent = self.bars[-2:]
        passed = 5 + (clock.to_us(self.at) % STEP) / 60_000_000
        return sum(recent) / passed if recent else 0.0

    @property
    def is_ended(self) -> bool:
        """Whether no door takes its secret any more."""
        expires = self.token.expires_at
        return self.token.revoked_at is not None or (expires is not None and expires <= self.at)

    @cached_property
    def state(self) -> str:
        """``revoked``, ``expired``, ``new`` (never heard), ``silent`` or ``well``."""
        if self.token.revoked_at is not None:
            return "revoked"
        if self.is_ended:
            return "expired"
        if self.seen is None:
            return "new"
        patience = max(SHORTEST, 2 * self.period) if self.period else UNKNOWN_PERIOD
        return "silent" if self.at - self.seen > patience and not self.is_online else "well"

    @property
    def refused(self) -> int:
        """Rows and sign-ins refused within a day."""
        return sum(self.faults.values())


def visible(to: Actor) -> QuerySet[Token]:
    """Tokens that the actor may know of: an administrator's all, else those of the things in his units."""
    tokens = Token.objects.filter(purpose=Purpose.DEVICES).select_related("contact")
    if to.may("telemetry.arrange"):
        return tokens
    own = set(own_codes(to))
    rows = tokens.filter(things__isnull=False).values_list("pk", "things")
    return tokens.filter(pk__in=[key for key, things in rows if own.intersection(things)])


def own_codes(to: Actor) -> Iterable[str]:
    """Codes of the things in the units that the actor's posts stand over."""
    for path in to.paths("console.see"):
        yield from Thing.objects.filter(unit__path__startswith=path).values_list("code", flat=True)


def living(tokens: Sequence[Token], at: datetime) -> list[Device]:
    """The tokens with their life: four queries however many they are."""
    keys = [token.pk for token in tokens]
    bars, faults = bars_of(keys, at), faults_of(keys, at)
    periods = periods_of({code for token in tokens for code in token.things or ()})
    alone = {token.pk: token.things[0] for token in tokens if token.things and len(token.things) == 1}
    things = {thing.code: thing for thing in Thing.objects.filter(code__in=set(alone.values()))}
    return [
        Device(
            token=token,
            contact=contact_of(token),
            at=at,
            bars=bars.get(token.pk, (0,) * BARS),
            faults=faults.get(token.pk, {}),
            period=min((periods[code] for code in token.things or () if code in periods), default=None),
            thing=things.get(alone.get(token.pk, "")),
        )
        for token in tokens
    ]


def contact_of(token: Token) -> Contact | None:
    """Its contact as fetched along with it."""
    found = getattr(token, "contact", None)
    return found if isinstance(found, Contact) else None


def bars_of(tokens: Collection[int], at: datetime) -> dict[int, tuple[int, ...]]:
    """Rows kept in each step of the last six hours, by token."""
    now = clock.to_us(at)
    first = now - now % STEP - (BARS - 1) * STEP
    rows = Activity.objects.filter(token__in=tokens, what=KEPT, start_us__gte=first, start_us__lte=now)
    found: defaultdict[int, list[int]] = defaultdict(lambda: [0] * BARS)
    for token, start, count in rows.values_list("token", "start_us", "count"):
        found[token][(start - first) // STEP] += count
    return {token: tuple(bars) for token, bars in found.items()}


def faults_of(tokens: Collection[int], at: datetime) -> dict[int, dict[str, int]]:
    """What was refused within a day, by token and reason, the most frequent first."""
    rows = Activity.objects.filter(token__in=tokens, start_us__gte=clock.to_us(at) - DAY).exclude(what=KEPT)
    found: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for token, what, count in rows.values_list("token", "what").annotate(n=Sum("count")).order_by("-n"):
        found[token][what] = count
    return dict(found)


def periods_of(codes: Collection[str]) -> dict[str, timedelta]:
    """The shortest period of each thing's quantities."""
    if not codes:
        return {}
    rows = Series.objects.filter(thing__code__in=codes, is_active=True).values_list("thing__code")
    return {code: timedelta(seconds=period) for code, period in rows.annotate(p=Min("period_s"))}
