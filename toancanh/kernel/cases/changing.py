"""Correcting what is said of a case: title, unit, place, category, priority, level; always with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from toancanh.kernel.cases import access, reterming, searching, words
from toancanh.kernel.cases.models import Case, Event
from toancanh.kernel.cases.reasons import written
from toancanh.kernel.cases.writing import Writing, writing
from toancanh.kernel.declare import Actor
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotAllowed, Refused

RESTRICTED = 2
"""From this level on only who sees restricted cases sets it, or he would lose sight of it himself."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is to be true from now on; None: as it is."""

    title: str | None = None
    unit: Unit | None = None
    address: str | None = None
    place: tuple[float, float] | None = None
    """Longitude and latitude."""
    category: str | None = None
    priority: int | None = None
    level: int | None = None


def change(case: Case, to: Change, reason: str, *, by: Actor, seen: int | None = None) -> Event:
    """Write it with the reason. Another category brings its term, from the same beginning; Refused where
    nothing differs.
    """
    with writing(case, by=by, seen=seen) as on:
        if not access.roles(on.case, on.said, by) & {"desk", "giver"}:
            raise NotAllowed(_("The desk or who gave the work corrects what is said of it."))
        said = written(reason)
        before = _shown(on.case)
        _write(on, to, by)
        after = _shown(on.case)
        changed = {name: [before[name], after[name]] for name in before if before[name] != after[name]}
        if not changed:
            raise Refused(_("Nothing differs from what is said already."), "same")
        row = on.case
        row.folded = searching.folded(row, on.said)
        told = reterming.category_changed(on) if "category" in changed else []
        more = {"clocks": told} if told else {}
        return on.tell("changed", {"changed": changed, "reason": said, **more})


def _shown(row: Case) -> dict[str, Any]:
    place = "" if row.lon is None or row.lat is None else f"{row.lat:.6f}, {row.lon:.6f}"
    return {
        "title": row.title,
        "unit": row.unit.name,
        "address": row.address,
        "place": place,
        "category": row.category,
        "priority": row.priority,
        "level": row.level,
    }


def _write(on: Writing, to: Change, by: Actor) -> None:
    row = on.case
    if to.title is not None:
        row.title = written(to.title, 200, code="no_title")
    if to.unit is not None and to.unit.pk != row.unit_id:
        if not by.may(on.said.rights.desk, to.unit.path) and not by.paths(on.said.rights.give):
            raise NotAllowed(_("Your post does not reach the unit %(name)s.") % {"name": to.unit.name})
        row.unit, row.unit_path = to.unit, to.unit.path
    if to.address is not None:
        row.address = written(to.address, 300) if to.address.strip() else ""
    if to.place is not None:
        lon, lat = to.place
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            raise Refused(_("This place lies nowhere on earth."), "bad_place")
        row.lon, row.lat = lon, lat
    if to.category is not None:
        row.category = to.category.strip()[:60]
    if to.priority is not None:
        if to.priority not in words.PRIORITIES:
            raise Refused(_("Choose one of the priorities."), "bad_priority")
        row.priority = to.priority
    if to.level is not None and to.level != row.level:
        _grade(on, to.level, by)


def _grade(on: Writing, level: int, by: Actor) -> None:
    if level not in words.LEVELS:
        raise Refused(_("Choose one of the levels."), "bad_level")
    needed = on.said.rights.restricted
    if max(level, on.case.level) >= RESTRICTED and not by.may(needed, on.case.unit_path):
        raise NotAllowed(_("Who sees restricted cases grades them; your administrator can grant it."))
    on.case.level = level
