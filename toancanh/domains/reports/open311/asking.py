"""What a caller asks of the list: which reports, of which days, which page. Everything may be left out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.utils.translation import gettext as _

from toancanh.kernel.runtime import api as house
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Refused

SPAN = timedelta(days=90)
"""Longest range of one question, and what is told where none is said."""
MOST_ROWS = 1_000
MOST_CODES = 200
LONGEST_CODE = 24
MOST_SKIPPED = 100_000
WIDEST_M = 50_000.0
STATUSES = ("open", "closed")
SECOND = timedelta(seconds=1)
NUMBER = re.compile(r"-?\d{1,9}(?:\.\d{1,15})?", re.ASCII)


@dataclass(frozen=True)
class Range:
    """Moments from … on, and up to before … ."""

    since: datetime
    before: datetime


@dataclass(frozen=True)
class Around:
    """A circle: its centre in degrees, its radius in metres."""

    lon: float
    lat: float
    metres: float


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question."""

    codes: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    requested: Range | None = None
    updated: Range | None = None
    around: Around | None = None
    page: int = 1
    size: int = MOST_ROWS


def read(said: Mapping[str, str]) -> Asked:
    """The question. Raises Refused with what is wrong and how it is said right."""
    page, size = paging(said)
    codes = _list(said.get("service_request_id", ""))
    if len(codes) > MOST_CODES:
        text = _("Ask for at most %(most)s requests by their ids at once.")
        raise Refused(text % {"most": MOST_CODES}, "too_many")
    if codes:
        # By the specification ids override every other argument.
        return Asked(codes=tuple(code.upper()[:LONGEST_CODE] for code in codes), page=page, size=size)
    statuses = tuple(one.lower() for one in _list(said.get("status", "")))
    if set(statuses) - set(STATUSES):
        raise Refused(_("status is open, closed or both with a comma between."), "bad_status")
    updated = between(said, "updated_after", "updated_before")
    requested = between(said, "start_date", "end_date")
    if updated is None and requested is None:
        requested = newest()
    return Asked(
        services=tuple(_list(said.get("service_code", ""))[:MOST_CODES]),
        statuses=statuses,
        requested=requested,
        updated=updated,
        around=_around(said),
        page=page,
        size=size,
    )


def paging(said: Mapping[str, str]) -> tuple[int, int]:
    """Number and length of the page."""
    size = _whole(said, "page_size" if said.get("page_size") else "per_page", MOST_ROWS, MOST_ROWS)
    page = _whole(said, "page", 1, MOST_SKIPPED)
    if (page - 1) * size > MOST_SKIPPED:
        raise Refused(_("So many pages are not turned: ask for fewer days at once."), "bad_page")
    return page, size


def newest() -> Range:
    """The range where none is said."""
    now = clock.now()
    return Range(now - SPAN, now + SECOND)


def between(said: Mapping[str, str], first: str, last: str) -> Range | None:
    """The range that both names say; with one of them alone, ninety days from or up to it."""
    since, before = _moment(said, first), _moment(said, last, is_end=True)
    if since is None and before is None:
        return None
    since = since or (before or clock.now()) - SPAN
    before = before or since + SPAN
    if before <= since:
        raise Refused(_("%(first)s comes before %(last)s.") % {"first": first, "last": last}, "bad_range")
    if before - since > SPAN + timedelta(days=1):
        text = _("From %(first)s to %(last)s at most 90 days: ask for the others once more.")
        raise Refused(text % {"first": first, "last": last}, "too_long")
    return Range(since, before)


def _moment(said: Mapping[str, str], name: str, *, is_end: bool = False) -> datetime | None:
    """A W3C time, or a day, which is meant whole. Ends are told to the second, so they hold theirs."""
    text = said.get(name, "").strip()
    if not text:
        return None
    if house.DAY.match(text):
        day = house.day(text)
        if day is not None:
            start = datetime.combine(day, time(), clock.VIETNAM)
            return min(max(start, house.FIRST), house.LAST) + timedelta(days=is_end)
    try:
        found = house.moment(text, name)
    except Refused as fault:
        text = _("%(name)s is a time such as 2026-11-01T00:00:00Z.")
        raise Refused(text % {"name": name}, "bad_time") from fault
    return found + SECOND if is_end else found


def _list(said: str) -> list[str]:
    return [one.strip()[:60] for one in said.split(",") if one.strip()]


def _whole(said: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = said.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10) or int(text) < 1:
        raise Refused(_("%(name)s is a number from 1 on.") % {"name": name}, "bad_page")
    return min(int(text), most)


def _around(said: Mapping[str, str]) -> Around | None:
    texts = [said.get(name, "").strip() for name in ("lat", "long", "radius")]
    if not any(texts):
        return None
    if not all(NUMBER.fullmatch(text) for text in texts):
        raise Refused(_("A circle is lat, long and radius: degrees, degrees and metres."), "bad_circle")
    lat, lon, metres = (float(text) for text in texts)
    if not (math.fabs(lat) <= 90 and math.fabs(lon) <= 180 and 0 < metres <= WIDEST_M):
        raise Refused(_("A circle lies on earth and has a radius of at most 50,000 metres."), "bad_circle")
    return Around(lon, lat, metres)
