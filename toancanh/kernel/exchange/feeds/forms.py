"""Where a feed is fetched, when, and with which secrets, as a form and back."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from toancanh.kernel.exchange.feeds import schedule
from toancanh.kernel.exchange.feeds.actions import Said
from toancanh.kernel.exchange.feeds.fetching import QUERY
from toancanh.kernel.exchange.feeds.models import Brings, Feed
from toancanh.lib.errors import Refused

DAILY, OWN = "daily", "own"
SECRETS = 6
"""Rows for secrets."""
FREE = 2
"""Of them shown empty."""
QUIET = (0, 1, 3, 6, 12, 24, 72, 168)


@dataclass(frozen=True)
class Secret:
    """One row of secrets; its value is never shown."""

    number: int
    kind: str
    name: str
    is_kept: bool = False


def said(post: MappingOf[str, str]) -> Said:
    """What the form says; raises Refused for what cannot be read."""
    return Said(
        name=post.get("name", "").strip(),
        url=post.get("url", "").strip(),
        brings=post.get("brings", Brings.READINGS),
        schedule=_line(post),
        quiet=int(text)
        if (text := post.get("quiet", "0")).isascii() and text.isdigit() and len(text) < 5
        else -1,
        headers=_headers(post.get("headers", "")),
        secrets=_secrets(post),
    )


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else -1


def _line(post: MappingOf[str, str]) -> str:
    chosen = post.get("schedule", "")
    if chosen == DAILY:
        return schedule.of_day(post.get("time", ""))
    return post.get("cron", "") if chosen == OWN else chosen


def _headers(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text[:20_000].splitlines():
        name, between, value = line.partition(":")
        if not line.strip():
            continue
        if not between:
            told = _("Write each header on a line of its own, like Accept-Language: vi")
            raise Refused(told, "bad_header")
        found[name.strip()] = value.strip()
    return found


def _secrets(post: MappingOf[str, str]) -> dict[str, str]:
    found = {}
    for number in range(SECRETS):
        name = post.get(f"secret_name_{number}", "").strip()
        value = post.get(f"secret_value_{number}", "").strip()
        if not name and value:
            raise Refused(_("Say what the secret is called, for example X-Api-Key."), "bad_header")
        if name and not post.get(f"secret_drop_{number}"):
            found[f"{QUERY if post.get(f'secret_kind_{number}') == 'query' else ''}{name}"] = value
    return found


def shown(feed: Feed | None, post: MappingOf[str, str] | None = None) -> dict[str, Any]:
    """What the form shows: what was typed, else what the feed has, else what most feeds need."""
    line = feed.schedule if feed else "*/15 * * * *"
    chosen = line if line in schedule.PLAIN else DAILY if schedule.time_of_day(line) else OWN
    known = {
        "name": feed.name if feed else "",
        "url": feed.url if feed else "",
        "brings": feed.brings if feed else Brings.READINGS.value,
        "schedule": chosen,
        "time": schedule.time_of_day(line) or "07:00",
        "cron": line,
        "quiet": str(feed.quiet if feed else 6),
        "headers": "\n".join(f"{name}: {value}" for name, value in feed.headers.items()) if feed else "",
    }
    typed = known if post is None else {**known, **{name: post.get(name, "") for name in known}}
    offered = [(plain, schedule.words(plain)) for plain in schedule.PLAIN]
    return {
        "typed": typed,
        "offered": [*offered, (DAILY, _("every day at a time")), (OWN, _("by a cron line"))],
        "quiets": [(str(hours), _hours(hours)) for hours in QUIET],
        "secrets": _rows(feed, post),
    }


def _hours(hours: int) -> str:
    if not hours:
        return _("never")
    if hours < 24:
        return _("after %(count)s hours") % {"count": hours}
    return _("after %(count)s days") % {"count": hours // 24}


def _rows(feed: Feed | None, post: MappingOf[str, str] | None) -> list[Secret]:
    kept = list(feed.secret_names) if feed else []
    rows = [
        Secret(n, "query" if name.startswith(QUERY) else "header", name.removeprefix(QUERY), is_kept=True)
        for n, name in enumerate(kept[:SECRETS])
    ]
    while len(rows) < min(SECRETS, len(kept) + FREE):
        number = len(rows)
        kind = (post or {}).get(f"secret_kind_{number}", "header")
        rows.append(Secret(number, kind, (post or {}).get(f"secret_name_{number}", "")[:100]))
    return rows
