"""Reports that a question asks for: published ones, and to a key those that it has brought."""

from __future__ import annotations

import math
from collections.abc import Sequence

from django.db.models import Exists, F, FloatField, OuterRef, Q, QuerySet
from django.db.models.functions import Cast, Round

from toancanh.domains.reports.models import Sending
from toancanh.domains.reports.open311.asking import Around, Asked, Range
from toancanh.domains.reports.public import seeing
from toancanh.domains.reports.similar import METRES
from toancanh.kernel.cases.access import OPEN_LEVEL
from toancanh.kernel.cases.models import Case, Event
from toancanh.kernel.people.models import Token


def cases(asked: Asked) -> list[Case]:
    """Those of the page, the newest first."""
    if asked.codes:
        rows = seeing.published().filter(code__in=asked.codes)
    else:
        rows = _narrowed(seeing.listed(), asked)
    rows = rows.select_related("unit", "organisation").order_by("-opened_at", "-pk")
    first = (asked.page - 1) * asked.size
    return list(rows[first : first + asked.size])


def own(asked: Asked, token: Token) -> list[Case]:
    """Of the ids asked for those that this key has brought and that are not published."""
    brought = Sending.objects.filter(client=token.name, party__isnull=False)
    rows = Case.objects.filter(code__in=asked.codes, level__lte=OPEN_LEVEL, pk__in=brought.values("case"))
    shown = seeing.published().filter(code__in=asked.codes)
    found = rows.exclude(pk__in=shown.values("pk")).select_related("organisation")
    return list(found.order_by("-opened_at", "-pk"))


def _narrowed(rows: QuerySet[Case], asked: Asked) -> QuerySet[Case]:
    if asked.services:
        rows = rows.filter(category__in=asked.services)
    if asked.statuses:
        rows = rows.filter(is_open__in=[status == "open" for status in asked.statuses])
    if asked.requested:
        rows = rows.filter(opened_at__gte=asked.requested.since, opened_at__lt=asked.requested.before)
    if asked.updated:
        rows = rows.filter(_changed(asked.updated))
    return _within(rows, asked.around) if asked.around else rows


def _changed(when: Range) -> Q:
    """Something public happened, or its public text was checked, within the range."""
    told = Event.objects.filter(case=OuterRef("pk"), is_public=True, at__gte=when.since, at__lt=when.before)
    return Q(Exists(told)) | Q(report__checked_at__gte=when.since, report__checked_at__lt=when.before)


def _within(rows: QuerySet[Case], around: Around) -> QuerySet[Case]:
    """By the place as it is told: by the exact one, circles upon circles would find it out."""
    wide = math.cos(math.radians(around.lat))
    told = {
        "told_lon": Cast(Round("lon", precision=seeing.DECIMALS), FloatField()),
        "told_lat": Cast(Round("lat", precision=seeing.DECIMALS), FloatField()),
    }
    east, north = (F("told_lon") - around.lon) * wide, F("told_lat") - around.lat
    reach = around.metres / METRES
    near = rows.filter(lon__isnull=False, lat__range=(around.lat - reach - 0.001, around.lat + reach + 0.001))
    return near.annotate(**told).alias(off=east * east + north * north).filter(off__lte=reach * reach)


def happened(when: Range, token: Token | None) -> QuerySet[Event]:
    """What the public may know to have happened, the oldest first; to a key also what it has brought."""
    seen = Q(case__in=seeing.published().values("pk"))
    if token is not None:
        brought = Sending.objects.filter(client=token.name, party__isnull=False, case__level__lte=OPEN_LEVEL)
        seen |= Q(case__in=brought.values("case"))
    rows = Event.objects.filter(seen, is_public=True, kind="moved", at__gte=when.since, at__lt=when.before)
    return rows.select_related("case").order_by("at", "pk")


def brought(events: Sequence[Event], token: Token | None) -> frozenset[int]:
    """Of the cases to which that happened those that this key has brought."""
    if token is None:
        return frozenset()
    rows = Sending.objects.filter(client=token.name, case__in={event.case_id for event in events})
    return frozenset(rows.values_list("case", flat=True))
