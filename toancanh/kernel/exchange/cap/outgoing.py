"""Our warnings as CAP 1.2: what was approved, word for word, in the languages that it was written in.

A message never changes once it was told, nor does what is written here of it: a later message of its thread
speaks of it by sender, number and moment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime

from toancanh.kernel import catalogue
from toancanh.kernel.exchange.queries import locality
from toancanh.kernel.runtime import clock, marks
from toancanh.kernel.territory.models import Boundary, Unit
from toancanh.kernel.warnings import queries, texts
from toancanh.kernel.warnings.models import Kind, Warning
from toancanh.kernel.warnings.texts import Text
from toancanh.lib.cap.message import Alert, Area, Info, Pair, Point, Reference

LANGUAGES: dict[texts.Language, str] = {"vi": "vi-VN", "en": "en"}
MSG_TYPE = {
    Kind.ALERT: "Alert",
    Kind.UPDATE: "Update",
    Kind.CORRECTION: "Update",
    Kind.ALL_CLEAR: "Cancel",
}
SEVERITY = {1: "Minor", 2: "Moderate", 3: "Severe", 4: "Extreme", 5: "Extreme"}
"""By disaster-risk level; the level itself goes along as a parameter."""
UNIT_CODE = "VN-DVHC"
"""Name of geocodes: the five-figure codes of the catalogue of administrative units."""
LEVEL = "RuiRoThienTai"
ALARM = "BaoDong"
TOLERANCE = 0.0005
"""Degrees (about 50 m) by which an outline is simplified: phones read these."""
SMALLEST = 0.02
"""Parts of a unit below this share of its largest are left out of the polygons; the code holds them."""


def sender() -> str:
    """Who we are among senders: fixed when first asked, as later messages refer to earlier ones by it."""
    code = locality()["code"]
    return marks.first("cap_sender", f"vn.dvhc.{code}" if code else "vn.toancanh")


def of(warning: Warning, web: str = "") -> Alert:
    """The message of a warning that was told; ``web`` is the address of its page."""
    own = sender()
    earlier = [one for one in queries.thread(warning) if _is_before(one, warning)]
    said = [text for text in (texts.of(warning, language) for language in LANGUAGES) if text.is_translated]
    areas = tuple(_areas(warning))
    return Alert(
        identifier=warning.number or "",
        sender=own,
        sent=_sent(warning),
        status="Exercise" if warning.is_exercise else "Actual",
        msg_type=MSG_TYPE[Kind(warning.kind)],
        scope="Public",
        note="; ".join(text.label for text in said) if warning.is_exercise else "",
        references=tuple(
            Reference(sender=own, identifier=one.number or "", sent=_sent(one)) for one in earlier
        ),
        infos=tuple(_info(warning, text, areas, web) for text in said),
    )


def _sent(warning: Warning) -> datetime:
    """When it was told; only told messages are written."""
    assert warning.approved_at is not None
    return warning.approved_at.astimezone(clock.VIETNAM).replace(microsecond=0)


def _is_before(one: Warning, other: Warning) -> bool:
    assert one.approved_at is not None
    assert other.approved_at is not None
    return (one.approved_at, one.pk) < (other.approved_at, other.pk)


def _info(warning: Warning, text: Text, areas: tuple[Area, ...], web: str) -> Info:
    event = catalogue.warning_events().get(warning.event)
    is_over = warning.kind == Kind.ALL_CLEAR
    is_seen = warning.since is not None and warning.since <= _sent(warning)
    described = [text.what, text.where, *text.quotes, text.order]
    return Info(
        language=LANGUAGES[text.language],
        categories=(event.category if event else "Other",),
        event=text.event,
        response_types=("AllClear",) if is_over else (),
        urgency="Past" if is_over else "Immediate" if is_seen else "Expected",
        severity="Minor" if is_over else SEVERITY.get(warning.level or 0, "Unknown"),
        certainty="Observed" if is_over or is_seen else "Likely",
        effective=_local(warning.valid_from),
        onset=_local(warning.since),
        expires=_local(warning.valid_until),
        sender_name=warning.issuer,
        headline=text.headline,
        description="\n".join(part for part in described if part),
        instruction=text.instruction,
        web=web,
        parameters=tuple(_parameters(warning)),
        areas=areas,
    )


def _local(moment: datetime | None) -> datetime | None:
    return moment.astimezone(clock.VIETNAM).replace(microsecond=0) if moment else None


def _parameters(warning: Warning) -> Iterator[Pair]:
    if warning.level is not None:
        yield LEVEL, str(warning.level)
    line = warning.origin.line if warning.origin is not None else ""
    if found := re.fullmatch(r"BĐ([123])", line):
        yield ALARM, found[1]


def _areas(warning: Warning) -> Iterator[Area]:
    """The drawn area with the codes of its units, or each unit with its outline."""
    units = [place.unit for place in warning.places.all()]
    if warning.area is not None:
        (ring,) = warning.area["coordinates"]
        yield Area(
            area_desc=", ".join(unit.full_name for unit in units),
            polygons=(tuple((lat, lon) for lon, lat in ring),),
            geocodes=tuple((UNIT_CODE, unit.code) for unit in units),
        )
        return
    outlines = {row.unit_id: row for row in Boundary.objects.filter(unit__in=units)}
    for unit in units:
        yield _area(unit, outlines.get(unit.pk))


def _area(unit: Unit, outline: Boundary | None) -> Area:
    polygons = tuple(_polygons(outline.geometry)) if outline is not None else ()
    return Area(area_desc=unit.full_name, polygons=polygons, geocodes=((UNIT_CODE, unit.code),))


def _polygons(geometry: str) -> Iterator[tuple[Point, ...]]:
    """The outer rings of an outline, simplified, latitude first; what is too small to matter left out."""
    from shapely.geometry import shape  # slow import

    found = shape(json.loads(geometry)).simplify(TOLERANCE)
    parts = sorted(getattr(found, "geoms", [found]), key=lambda part: -part.area)
    for part in parts:
        if part.area >= parts[0].area * SMALLEST:
            yield tuple((round(y, 5), round(x, 5)) for x, y in part.exterior.coords)
