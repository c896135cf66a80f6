"""Received messages as pages show them: the list, one with all that is to be said of it, its areas."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.cap import words
from toancanh.kernel.exchange.cap.intake import alert_of
from toancanh.kernel.exchange.cap.models import Received
from toancanh.kernel.runtime import clock
from toancanh.lib.cap.message import Alert, Info
from toancanh.lib.errors import NotFound

LENGTH = 50
AHEAD = timedelta(minutes=5)
"""As much as clocks of two centres may differ."""
LATE = timedelta(hours=3)
STATES = ("now", "all", "unread")
METRES_A_DEGREE = 111_320.0


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Which messages somebody wants to see, as the address says it."""

    state: str = "now"
    severity: int = 0
    feed: str = ""
    before: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Wish:
        """From the parameters of an address; what cannot be understood is passed over."""
        state, severity, feed = asked.get("state", ""), asked.get("severity", ""), asked.get("feed", "")
        default = "all" if feed else "now"
        return cls(
            state=state if state in STATES else default,
            severity=int(severity) if severity in ("2", "3", "4") else 0,
            feed=feed if feed.isascii() and feed.isdigit() and len(feed) < 16 else "",
            before=asked.get("before", ""),
        )

    def query(self, **other: object) -> str:
        """The same wish as the parameters of an address, with some of it changed."""
        said = {"state": self.state, "severity": self.severity or "", "feed": self.feed, **other}
        return "?" + urlencode({name: value for name, value in said.items() if value})


@dataclass(frozen=True, kw_only=True)
class Tag:
    """A short mark beside a message, its tone, and the sentence behind it."""

    text: str
    tone: str
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A message of the list."""

    row: Received
    severity: str
    tags: tuple[Tag, ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    """Messages, the newest first, and where the list goes on."""

    rows: list[Shown]
    next_url: str
    first_url: str


def in_force(now: datetime) -> QuerySet[Received]:
    """Real messages that nothing has replaced and whose time has not run out."""
    found = Received.objects.filter(Q(expires=None) | Q(expires__gt=now), replaced_by=None)
    return found.filter(status="Actual", msg_type__in=("Alert", "Update")).exclude(identifier="")


def page(wish: Wish) -> Page:
    """One page of what the wish lets through."""
    now = clock.now()
    found = Received.objects.all()
    if wish.state == "now":
        found = in_force(now)
    elif wish.state == "unread":
        found = found.filter(identifier="")
    if wish.severity:
        found = found.filter(severity__gte=wish.severity)
    if wish.feed:
        found = found.filter(feed=int(wish.feed))
    rows = list(
        _after(found, wish.before)
        .defer("message", "original")
        .select_related("replaced_by")
        .order_by("-received_at", "-pk")[: LENGTH + 1]
    )
    more = rows[LENGTH - 1] if len(rows) > LENGTH else None
    return Page(
        rows=[Shown(row=row, severity=severity(row), tags=tuple(tags(row, now))) for row in rows[:LENGTH]],
        next_url=wish.query(before=f"{clock.to_us(more.received_at)}-{more.pk}") if more else "",
        first_url=wish.query() if wish.before else "",
    )


def _after(found: QuerySet[Received], before: str) -> QuerySet[Received]:
    time, _dash, number = before.partition("-")
    if not (time.isascii() and time.isdigit() and number.isascii() and number.isdigit()):
        return found
    if len(time) > 16 or len(number) > 18:
        return found
    at = clock.from_us(int(time))
    return found.filter(Q(received_at__lt=at) | Q(received_at=at, pk__lt=int(number)))


def severity(row: Received) -> str:
    """The worst of its blocks, in words."""
    return str(words.SEVERITY[words.RANKED[row.severity]])


def tags(row: Received, now: datetime) -> list[Tag]:
    """What is to be known before anybody believes it."""
    if not row.identifier or row.sent is None:
        told = _("It could not be understood; what came is kept and can be downloaded.")
        return [Tag(text=_("Not understood"), tone="bad", sentence=told)]
    found = []
    if row.status != "Actual":
        told = _("The sender marks it as: %(status)s. Nobody acts on it.")
        status = str(words.STATUS[row.status])
        found.append(Tag(text=status, tone="watch", sentence=told % {"status": status.lower()}))
    if row.msg_type == "Cancel":
        found.append(Tag(text=_("Cancellation"), tone="plain"))
    if row.replaced_by is not None:
        is_end = row.replaced_by.msg_type == "Cancel"
        text = _("Cancelled") if is_end else _("Replaced")
        told = _("A later message of the sender stands in its place.")
        found.append(Tag(text=text, tone="plain", sentence=told))
    elif row.expires is not None and row.expires <= now:
        found.append(Tag(text=_("Expired"), tone="plain", sentence=_("Its time has run out.")))
    if row.sent > row.received_at + AHEAD:
        told = _("It says that it was sent later than it came: the sender's clock or its text is wrong.")
        found.append(Tag(text=_("Dated ahead"), tone="bad", sentence=told))
    elif row.received_at - row.sent > LATE and row.feed_id is not None:
        hours = round((row.received_at - row.sent).total_seconds() / 3600)
        told = _("It came %(hours)s hours after it was sent.") % {"hours": hours}
        found.append(Tag(text=_("Came late"), tone="watch", sentence=told))
    if row.other_text_at is not None:
        told = _("The sender has sent another text under the same name. Ask which one holds.")
        found.append(Tag(text=_("Two texts"), tone="bad", sentence=told))
    if any(one["kind"] == "fault" for one in row.remarks):
        found.append(Tag(text=_("Breaks the standard"), tone="watch"))
    return found


def one(number: int) -> Received:
    """The message of that number."""
    found = Received.objects.filter(pk=number).select_related("replaced_by", "feed").first()
    if found is None:
        raise NotFound(_("There is no such message."))
    return found


@dataclass(frozen=True, kw_only=True)
class Block:
    """What a message says in one language, in words."""

    info: Info
    language: str
    facts: tuple[tuple[str, str], ...]
    is_first: bool


def blocks(alert: Alert) -> list[Block]:
    """Its blocks, that of the reader's language first."""
    own = alert.info((get_language() or "vi")[:2])
    ordered = sorted(alert.infos, key=lambda info: info is not own)
    return [_block(info, is_first=info is own) for info in ordered]


def _block(info: Info, *, is_first: bool) -> Block:
    said = {
        _("Kind"): ", ".join(str(words.CATEGORY[one]) for one in info.categories),
        _("Severity"): str(words.SEVERITY[info.severity]),
        _("Urgency"): str(words.URGENCY[info.urgency]),
        _("Certainty"): str(words.CERTAINTY[info.certainty]),
        _("To do"): ", ".join(str(words.RESPONSE[one]) for one in info.response_types),
        _("For whom"): info.audience,
        _("Area"): "; ".join(area.area_desc for area in info.areas),
        _("Contact"): info.contact,
    }
    facts = tuple((name, value) for name, value in said.items() if value)
    return Block(info=info, language=_language(info.language), facts=facts, is_first=is_first)


def _language(code: str) -> str:
    known = {"vi": _("Vietnamese"), "en": _("English")}
    return known.get(code.lower().split("-")[0], code)


def related(row: Received) -> list[tuple[Received | None, str]]:
    """The earlier messages that it speaks of: ours where we have them, and their name."""
    cited = list(row.cites.all())
    wanted = Q(pk__in=[])
    for one_cited in cited:
        wanted |= Q(sender=one_cited.sender, identifier=one_cited.identifier, sent=one_cited.sent)
    rows = Received.objects.filter(wanted).defer("message", "original")
    held = {(found.sender, found.identifier, found.sent): found for found in rows}
    return [(held.get((c.sender, c.identifier, c.sent)), f"{c.sender} · {c.identifier}") for c in cited]


def areas(row: Received) -> dict[str, Any]:
    """Its polygons and circles as GeoJSON, longitude first."""
    alert = alert_of(row)
    tone = str(max(row.severity - 1, 0)) if row.severity else ""
    features = []
    for info in alert.infos[:1] if alert else ():
        for area in info.areas:
            said = {"name": area.area_desc[:200], "tone": tone}
            rings = [[[lon, lat] for lat, lon in polygon] for polygon in area.polygons]
            rings += [_ring(*circle.center, circle.radius_km) for circle in area.circles]
            features += [
                {
                    "type": "Feature",
                    "properties": said,
                    "geometry": {"type": "Polygon", "coordinates": [ring]},
                }
                for ring in rings
            ]
    return {"type": "FeatureCollection", "features": features}


def _ring(lat: float, lon: float, radius_km: float) -> list[list[float]]:
    """A circle of 48 corners; one of no size becomes a dot that can be seen."""
    reach = max(radius_km, 1.0) * 1000 / METRES_A_DEGREE
    wide = reach / max(math.cos(math.radians(lat)), 0.01)
    turns = [math.tau * step / 48 for step in range(48)]
    ring = [[lon + wide * math.cos(turn), lat + reach * math.sin(turn)] for turn in turns]
    return [*ring, ring[0]]
