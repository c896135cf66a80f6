"""Calendars as packs bring them, a row at a time (``packs/README.md``); what is wrong raises ValueError."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.territory import queries as places
from toancanh.kernel.territory.calendars import actions, queries
from toancanh.kernel.territory.calendars.actions import Basis, Days
from toancanh.kernel.territory.calendars.models import WorkCalendar
from toancanh.lib.errors import Refused
from toancanh.lib.worktime import hours
from toancanh.lib.worktime.calendar import Kind, Season

Row = Mapping[str, str]


def calendar(row: Row, *, by: Actor) -> None:
    """A row of ``calendars.csv``."""
    unit = places.unit(row["unit_code"]) if row["unit_code"] else None
    if row["unit_code"] and unit is None:
        raise Refused(_("Unit %(code)s is not in force.") % {"code": row["unit_code"]}, "no_unit")
    keeps = _is(row["keeps_holidays"])
    actions.found(row["code"], row["name"], by=by, name_en=row["name_en"], unit=unit, keeps_holidays=keeps)


def week(rows: Sequence[Row], *, by: Actor) -> None:
    """The rows of ``weeks.csv`` that are one decision, a season each."""
    first = rows[0]
    actions.set_week(
        _calendar(first["calendar_code"]),
        date.fromisoformat(first["valid_from"]),
        [Season(_since(row["since"]), hours.read_week(row["hours"])) for row in rows],
        _basis(first),
        by=by,
        cut_off=_minute(first["cut_off"]) if first["cut_off"] else None,
        day_minutes=int(first["day_minutes"]) if first["day_minutes"] else None,
        is_from_pack=True,
    )


def days(row: Row, *, by: Actor) -> None:
    """A row of ``days.csv``."""
    closed = hours.read(row["closed"])
    given = Days(
        kind=Kind(row["kind"]),
        first=date.fromisoformat(row["first"]),
        last=date.fromisoformat(row["last"]),
        hours=hours.read(row["hours"]) if row["hours"] else None,
        like=date.fromisoformat(row["like"]) if row["like"] else None,
        closed=closed[0] if closed else None,
    )
    of = _calendar(row["calendar_code"]) if row["calendar_code"] else None
    actions.enter(of, given, _basis(row), by=by, is_from_pack=True)


def _calendar(code: str) -> WorkCalendar:
    """The calendar of that code, which may have no hours yet."""
    return WorkCalendar.objects.filter(code=code).first() or queries.one(code)


def _basis(row: Row) -> Basis:
    return Basis(
        reason=row["reason"],
        reason_en=row["reason_en"],
        legal_basis=row["legal_basis"],
        source=row["source"],
        is_verified=_is(row["verified"]),
    )


def _since(said: str) -> tuple[int, int]:
    """04-01 as (4, 1); empty: the whole year."""
    month, _dash, day = (said or "01-01").partition("-")
    return int(month), int(day)


def _minute(said: str) -> int:
    """15:00 as minutes after midnight."""
    return hours.read(f"00:00-{said}")[0][1]


def _is(said: str) -> bool:
    if said not in ("true", "false"):
        raise ValueError(f"true | false, {said!r}?")
    return said == "true"
