"""Offices for tests of work with a deadline: organisations in a tree, a calendar, people at desks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tests.city import BY, CITY, NOON, PASSWORD, City
from tests.kept_rows import Made
from toancanh.kernel.cases import opening, types
from toancanh.kernel.cases.models import Case
from toancanh.kernel.cases.opening import Said
from toancanh.kernel.declare import Actor
from toancanh.kernel.people import access
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.calendars import actions as calendars
from toancanh.kernel.territory.calendars.actions import Basis
from toancanh.kernel.territory.calendars.models import WorkCalendar
from toancanh.lib.worktime import hours
from toancanh.lib.worktime.calendar import PLACE, Season

HOURS = hours.read_week("T2-T6: 07:30-11:30, 13:00-17:00")
DESK = ("console.see", "cases.see", "cases.desk", "cases.identity")
GIVER = ("console.see", "cases.see", "cases.give", "cases.urge")


def moment(text: str) -> datetime:
    """A time of Việt Nam, such as ``2026-11-20 08:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=PLACE)


def at(text: str) -> AbstractContextManager[None]:
    """Live at that time of Việt Nam."""
    return clock.set_to(moment(text))


@dataclass
class Office:
    """People's Committee with two departments, one of which has a division; a desk and a leader."""

    city: City
    calendar: WorkCalendar
    committee: Organisation
    works: Organisation
    roads: Organisation
    health: Organisation
    desk: Actor
    leader: Actor
    engineer: Actor
    """Of roads, which stands below works."""
    doctor: Actor

    @staticmethod
    def build(city: City) -> Office:
        """Everything by the product's own actions."""
        types.declare()
        row = calendars.found("gio", "Giờ hành chính", by=BY, unit=city.province)
        basis = Basis(reason="kiểm thử", legal_basis="kiểm thử")
        calendars.set_week(row, date(2024, 1, 1), [Season((1, 1), HOURS)], basis, by=BY, cut_off=900)
        committee = people.found_organisation("ubnd", "UBND tỉnh", by=BY, unit=city.province)
        works = people.found_organisation("sxd", "Sở Xây dựng", by=BY, unit=city.province, parent=committee)
        roads = people.found_organisation(
            "qlhtgt", "Phòng Quản lý hạ tầng", by=BY, unit=city.province, parent=works
        )
        health = people.found_organisation("syt", "Sở Y tế", by=BY, unit=city.province, parent=committee)
        return Office(
            city=city,
            calendar=row,
            committee=committee,
            works=works,
            roads=roads,
            health=health,
            desk=employ("tiepnhan", committee, DESK, city.province),
            leader=employ("chutich", committee, GIVER, city.province),
            engineer=employ("kysu", roads, people.HANDLER, city.province),
            doctor=employ("bacsi", health, people.HANDLER, city.province),
        )

    def report(self, title: str = "Nắp cống vỡ", **more: Any) -> Case:
        """A field report in the west that nobody has looked at yet."""
        said = Said(**{"title": title, "unit": self.city.west, "lon": 107.05, "lat": 16.05, **more})
        return opening.open("reports.report", said, by=self.desk)

    def order(self, lead: Organisation, title: str = "Khắc phục ngập", **more: Any) -> Case:
        """An order of the leader."""
        said = Said(**{"title": title, "unit": self.city.province, "organisation": lead, **more})
        return opening.open("directives.directive", said, by=self.leader)


OFFICE = Made(Office.build, upon=CITY, at=NOON)


def employ(username: str, at: Organisation, rights: Sequence[str], over: Any = None) -> Actor:
    """Somebody in an organisation, with rights over a unit."""
    made = people.create_person(username, f"Trần {username}", PASSWORD, by=BY)
    people.appoint(made, at, "Chuyên viên", rights, by=BY, unit=over)
    return access.actor(made)
