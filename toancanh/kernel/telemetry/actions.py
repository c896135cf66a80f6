"""Declaring what a thing measures and the thresholds it is judged by."""

from __future__ import annotations

import math
import re
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.declare import Actor, SeriesType
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import revision
from toancanh.kernel.telemetry.models import Series, Threshold
from toancanh.lib.errors import NotAllowed, Refused

LONGEST_S = 366 * 86_400
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}\Z")
RESERVED = ("ack", "cmd")
"""Names that the topics of MQTT need for themselves."""


def check(thing: Thing, by: Actor) -> None:
    """Only who arranges measurements over the thing's unit writes here."""
    if not by.may("telemetry.arrange", thing.unit.path):
        raise NotAllowed(_("Series and thresholds are arranged by the administrator of your locality."))


@transaction.atomic
def define_series(
    thing: Thing, name: str, *, by: Actor, period_s: int | None = None, own: SeriesType | None = None
) -> Series:
    """Let the thing measure ``name`` as its kind declares it; ``period_s`` where this station differs.

    A series that was ended begins again. A thing of an open kind may bring a quantity that the kind does not
    declare: ``own`` describes it.
    """
    check(thing, by)
    declared = catalogue.series_type(thing.kind, name)
    described = declared or _own(thing, name, own)
    if period_s is not None and not 0 < period_s <= LONGEST_S:
        raise Refused(_("A period is a number of seconds from 1 to a year."), "bad_period")
    series, is_new = Series.objects.update_or_create(
        thing=thing,
        name=name,
        defaults={
            "unit": described.unit,
            "low": described.low,
            "high": described.high,
            "period_s": period_s or described.period,
            "title": "" if declared else described.title.vi,
            "title_en": "" if declared else described.title.en,
            "is_active": True,
        },
    )
    verb = "telemetry.series_defined" if is_new else "telemetry.series_changed"
    content = {"unit": series.unit, "low": series.low, "high": series.high, "period_s": series.period_s}
    journal.record(verb, f"series:{thing.code}/{name}", by=by, content=content)
    revision.bump("directory")
    return series


@transaction.atomic
def end_series(series: Series, *, by: Actor) -> Series:
    """Take a series out of doors, maps and lists; its readings stay, and defining it again brings it back."""
    check(series.thing, by)
    series.is_active = False
    series.save(update_fields=["is_active"])
    journal.record("telemetry.series_ended", f"series:{series.thing.code}/{series.name}", by=by, content={})
    revision.bump("directory")
    return series


def _own(thing: Thing, name: str, own: SeriesType | None) -> SeriesType:
    """What describes a quantity that only this thing has; refused where its kind is not open."""
    kind = catalogue.thing_type(thing.kind)
    if kind is None or not kind.open or own is None:
        text = _("A %(kind)s measures no %(name)s.") % {"kind": thing.kind, "name": name}
        raise Refused(text, "bad_series")
    if not NAME.match(name) or name in RESERVED:
        text = _("A series is named with a-z, 0-9, - and _, and not ack or cmd: %(name)s")
        raise Refused(text % {"name": name}, "bad_name")
    is_bounded = math.isfinite(own.low) and math.isfinite(own.high) and own.low < own.high
    if not is_bounded or not 0 < own.period <= LONGEST_S:
        raise Refused(_("%(name)s has an impossible range or period.") % {"name": name}, "bad_series")
    if len(own.unit) > 20 or max(len(own.title.vi), len(own.title.en)) > 120:
        raise Refused(_("%(name)s has too long a title or unit of measure.") % {"name": name}, "bad_series")
    return own


@transaction.atomic
def set_threshold(
    series: Series,
    name: str,
    value: float,
    valid_from: date,
    *,
    by: Actor,
    source: str,
    valid_to: date | None = None,
    legal_basis: str = "",
    is_verified: bool = False,
    note: str = "",
) -> Threshold:
    """Put a threshold in force from a day on (a row of the same name and day is changed); maps recolour."""
    check(series.thing, by)
    is_named = bool(name.strip()) and len(name) <= 40
    if not is_named or not math.isfinite(value) or (valid_to is not None and valid_to <= valid_from):
        raise Refused(
            _("Threshold %(name)s has an impossible name, value or validity.") % {"name": name},
            "bad_threshold",
        )
    if not source:
        raise Refused(_("Threshold %(name)s needs a source.") % {"name": name}, "no_source")
    threshold, _new = Threshold.objects.update_or_create(
        series=series,
        name=name,
        valid_from=valid_from,
        defaults={
            "value": value,
            "valid_to": valid_to,
            "legal_basis": legal_basis,
            "source": source,
            "is_verified": is_verified,
            "note": note,
        },
    )
    content = {"name": name, "value": value, "valid_from": str(valid_from), "source": source}
    content["is_verified"] = is_verified
    subject = f"series:{series.thing.code}/{series.name}"
    entry = journal.record("telemetry.threshold_set", subject, by=by, content=content)
    journal.emit("telemetry.threshold_set", str(entry.pk), {"series": series.pk})
    revision.bump("directory")
    return threshold
