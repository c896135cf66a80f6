"""A small city for tests, made by the same actions as a real one: two square communes beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from tests.kept_rows import Made
from toancanh.kernel.declare import Actor, Message, SeriesType, program
from toancanh.kernel.exchange.models import Pack
from toancanh.kernel.people import access
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Person
from toancanh.kernel.registry import actions as registry
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import actions as telemetry
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.backfill import keep
from toancanh.kernel.telemetry.directory import database_directory
from toancanh.kernel.telemetry.intake import Taken
from toancanh.kernel.telemetry.models import Series
from toancanh.kernel.territory import actions as territory
from toancanh.kernel.territory.models import Unit

BY = program("tests")
START = date(2020, 1, 1)
NOON = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
PASSWORD = "một mật khẩu đủ dài"
LEVELS = (("BĐ1", 1.0), ("BĐ2", 2.0), ("BĐ3", 3.5))


def unit_row(code: str, tier: str, name: str, parent: str = "", **more: str) -> dict[str, str]:
    """A row of units.csv."""
    row = {"code": code, "tier": tier, "name": name, "full_name": name, "full_name_en": f"{code} in English"}
    row |= {"parent_code": parent, "valid_from": START.isoformat(), "valid_to": "", "legal_basis": ""}
    return row | more


def square(code: str, west: float, south: float, size: float = 0.1) -> dict[str, Any]:
    """A square outline of a unit."""
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    properties = {"code": code, "valid_from": START.isoformat(), "source": "made for tests"}
    return {"properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}


@dataclass
class City:
    """What tests need of the small city."""

    province: Unit
    west: Unit
    east: Unit
    gauge: Thing
    rain: Thing

    @staticmethod
    def build() -> City:
        """Province 90 with the communes 90001 (west) and 90002 (east); the gauge stands in the west."""
        rows = [
            unit_row("90", "province", "Tỉnh Thử"),
            unit_row("90001", "commune", "Phường Dương Nỗ", "90"),
            unit_row("90002", "commune", "Xã Kim Bình", "90"),
        ]
        territory.arrange_units(rows, by=BY)
        territory.draw_boundaries([square("90001", 107.0, 16.0), square("90002", 107.1, 16.0)], by=BY)
        facts = {"title": "Tỉnh Thử", "title_en": "Trial Province", "version": "1", "digest": "x" * 64}
        unit = Unit.objects.get(code="90")
        Pack.objects.create(name="trial", unit=unit, loaded_at=clock.now(), sources=["nguồn"], **facts)
        gauge = thing("gauge", lon=107.05, name="Trạm Cầu Gỗ")
        thing("rain", "flood.rain_station", "rain", lon=107.15, name="Trạm mưa Đồi Thông")
        for name, value in LEVELS:
            telemetry.set_threshold(series_of(gauge), name, value, START, by=BY, source="kiểm thử")
        return City.found()

    @staticmethod
    def found() -> City:
        """The city as it stands in the database."""
        units = [Unit.objects.get(code=code) for code in ("90", "90001", "90002")]
        things = Thing.objects.select_related("unit")
        return City(*units, things.get(code="gauge"), things.get(code="rain"))

    @property
    def level(self) -> Series:
        """The gauge's series."""
        return series_of(self.gauge)


CITY = Made(City.build, at=NOON)


def thing(
    code: str,
    kind: str = "flood.gauge",
    series: str = "level",
    lon: float = 107.05,
    lat: float = 16.05,
    name: str = "",
    *,
    public: bool = True,
    own: SeriesType | None = None,
    **facts: Any,
) -> Thing:
    """Register a thing with one series, which ``own`` describes where its kind does not."""
    made = registry.register(
        code, kind, name or f"Trạm {code}", lon, lat, by=BY, is_public=public, source="kiểm thử", **facts
    )
    telemetry.define_series(made, series, by=BY, own=own)
    return made


def series_of(of: Thing) -> Series:
    """The one series of a thing."""
    return Series.objects.select_related("thing__unit").get(thing=of)


def measure(of: Thing, at: datetime, *values: float, every: float = 60.0, correction: bool = False) -> Taken:
    """Let the thing have measured the values, the last of them at ``at``; judged and kept as by the doors."""
    name, last = series_of(of).name, clock.to_us(at)
    step = round(every * 1_000_000)
    first = last - step * (len(values) - 1)
    told = [
        Message(thing=of.code, series=name, time_us=first + n * step, value=v) for n, v in enumerate(values)
    ]
    return keep(engine.store(), database_directory().refresh(), told, clock.now_us())


def person(
    username: str, unit: Unit | None = None, rights: Sequence[str] = people.STAFF, *, post: bool = True
) -> Person:
    """An account, with a post over the unit (everywhere without) unless told otherwise."""
    made = people.create_person(username, f"Nguyễn {username}", PASSWORD, by=BY)
    if post:
        office = people.found_organisation("office", "Văn phòng", by=BY, unit=unit)
        people.appoint(made, office, "Cán bộ", rights, by=BY, unit=unit)
    return made


def actor(username: str, unit: Unit | None = None, rights: Sequence[str] = people.STAFF) -> Actor:
    """Somebody with those rights over the unit."""
    return access.actor(person(username, unit, rights))
