"""Names and readings as templates write them."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from toancanh.kernel.telemetry import features
from toancanh.kernel.telemetry.queries import Measured

register = template.Library()


register.filter("named", features.named)
register.filter("said", features.said)


def unit(one: Measured) -> str:
    """The unit of one reading: for amounts with the time in which they fell."""
    if not one.per:
        return one.series.unit
    return _("%(unit)s in %(minutes)s min") % {"unit": one.series.unit, "minutes": one.per}


@register.simple_tag
def reading(one: Measured, big: bool = False) -> SafeString:
    """A reading that the page keeps live: value, level, age, silence."""
    found = one.reading
    said: dict[str, Any] = {
        "code": one.thing.code,
        "series": one.series.name,
        "value": found.value if found else None,
        "unit": unit(one),
        "precision": one.precision,
        "time": one.time,
        "period": one.series.period_s,
        "level": one.rank,
        "level_name": one.level_name,
        "level_verified": features.level_verified(one),
        "below": one.limits[0].name if one.limits else "",
        "limits": features.limits_json(one) if one.limits else "",
        "quality": found.quality if found else 0,
        "sample": one.thing.is_sample,
    }
    return render_to_string("web/components/reading.html", {"reading": said, "big": big})
