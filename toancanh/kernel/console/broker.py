"""The outside broker on the page of the system's state: how it goes there, and what mends it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.broker import queries
from toancanh.kernel.exchange.broker.actions import TOKEN
from toancanh.kernel.exchange.broker.queries import Seen
from toancanh.kernel.runtime.models import Process
from toancanh.kernel.telemetry.models import Gap
from toancanh.lib.trouble import Trouble
from toancanh.web import formats

BRIEF = timedelta(minutes=1)
"""For so long a broker may be away, as it is while it is started again, before it is grave."""
GAPS_OF = timedelta(days=1)


def seats(living: Iterable[Process]) -> list[Seen]:
    """Connections of processes that run: what stopped processes left behind is no news."""
    holders = {f"{one.host}:{one.pid}" for one in living}
    return [one for one in queries.seen() if one.holder in holders]


def troubles(living: Iterable[Process], now: datetime) -> Iterator[Trouble]:
    """What is wrong between us and the broker."""
    for one in seats(living):
        if one.trouble is None:
            continue
        lasts = now - (one.trouble_at or now)
        is_grave = one.since is None and lasts >= BRIEF
        code = "broker_away" if is_grave else "broker_troubled"
        yield Trouble(code, is_grave, one.trouble.what, one.trouble.mend)


def gaps(now: datetime) -> int:
    """Holes in what devices numbered that came through the broker, told within a day."""
    return Gap.objects.filter(source=TOKEN, told_at__gt=now - GAPS_OF).count()


def facts(one: Seen) -> list[tuple[str, str]]:
    """A connection in words and numbers."""
    language = get_language() or "vi"
    found = [
        (_("Our client name"), one.client),
        (_("MQTT version"), one.level),
    ]
    if one.group:
        found.append((_("Shared group"), one.group))
    if one.since is not None:
        found.append((_("Connected since"), formats.moment(one.since, language)))
    counts = [
        (_("Messages since start"), one.messages),
        (_("Being written"), one.in_flight),
        (_("Connected again since start"), one.reconnects),
    ]
    if one.dropped:
        counts.append((_("Let go (QoS 0, nothing could be kept)"), one.dropped))
    return found + [(title, formats.number(count, 0, language)) for title, count in counts]
