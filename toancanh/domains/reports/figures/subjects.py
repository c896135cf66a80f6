"""Figures of reports as others speak of them: which, of whom, of which days."""

from __future__ import annotations

from datetime import date
from typing import get_args
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from toancanh.domains.reports import naming
from toancanh.domains.reports.figures import counting
from toancanh.domains.reports.figures.counting import By
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.runtime.subjects import LONGEST, Subject
from toancanh.kernel.territory import queries as territory

RIGHT = "cases.see"
OWN = "reports"
ROWS = "/console/reports/figures/rows/"


def name(first: date, last: date, by: By, figure: str, key: str | None) -> str:
    """What a figure is called; empty where a name cannot hold it."""
    parts = [OWN, first.isoformat(), last.isoformat(), by, figure, *([] if key is None else [key])]
    made = f"figure:{'/'.join(parts)}"
    return made if len(made) <= LONGEST else ""


def find(rest: str, to: Actor) -> Subject | None:
    """The figure of that name, for who may see figures of reports."""
    parts = rest.split("/", 5)
    if len(parts) < 5 or parts[0] != OWN or not to.paths(RIGHT):
        return None
    _own, since, until, by, figure, *keys = parts
    formulas = counting.formulas()
    if by not in get_args(By) or figure not in formulas:
        return None
    try:
        first, last = date.fromisoformat(since), date.fromisoformat(until)
    except ValueError:
        return None
    asked = {"from": f"{first:%d/%m/%Y}", "to": f"{last:%d/%m/%Y}", "by": by, "figure": figure}
    asked |= {"key": keys[0]} if keys else {}
    of = _called(by, keys[0]) if keys else ""
    title = f"{formulas[figure][0]}{f' · {of}' if of else ''} ({first:%d/%m/%Y}–{last:%d/%m/%Y})"
    return Subject(
        key=f"figure:{rest}",
        kind=_("Report figures"),
        title=title,
        url=f"{ROWS}?{urlencode(asked)}",
        words=title,
    )


def _called(by: str, key: str) -> str:
    if by == "organisation":
        return Organisation.objects.filter(code=key).values_list("name", flat=True).first() or key
    if by == "area":
        unit = territory.unit(key)
        return unit.full_name if unit else key
    known = naming.categories() if by == "category" else naming.channels()
    return known.get(key, key)
