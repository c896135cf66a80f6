"""Things and series under all the names by which a table may call them."""

from __future__ import annotations

from django.db.models import Q

from toancanh.kernel import catalogue
from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.sheets.naming import Known, KnownThing
from toancanh.kernel.exchange.taking import RIGHT
from toancanh.kernel.telemetry.models import Series


def of(by: Actor) -> Known:
    """Those that the actor may fill: one query."""
    within = Q(pk__in=[])
    for path in by.paths(RIGHT):
        within |= Q(thing__unit__path__startswith=path)
    rows = Series.objects.filter(within, is_active=True, thing__is_active=True)
    columns = (
        "thing__code",
        "thing__name",
        "thing__name_en",
        "thing__kind",
        "thing__is_sample",
        "name",
        "title",
        "title_en",
    )
    things: dict[str, KnownThing] = {}
    series: dict[str, dict[str, tuple[str, ...]]] = {}
    for code, name, name_en, kind, is_sample, what, title, title_en in rows.order_by(
        "thing__code", "name"
    ).values_list(*columns):
        declared = catalogue.series_type(kind, what)
        titles = (declared.title.vi, declared.title.en) if declared else (title, title_en)
        series.setdefault(code, {})[what] = tuple(filter(None, titles))
        names = tuple(filter(None, (name, name_en)))
        things[code] = KnownThing(code, names, series[code], is_sample)
    return Known(things.values())
