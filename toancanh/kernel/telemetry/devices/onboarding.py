"""Taking in a new sensor: the thing, what it measures and its token, made in one step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.declare import Actor, SeriesType, Title
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.actions import MadeToken
from toancanh.kernel.people.models import Purpose, Token
from toancanh.kernel.registry import actions as registry
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.telemetry import actions as telemetry
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotFound, Refused
from toancanh.lib.fold import fold


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One thing to be measured: declared by the kind, or described by whoever registers the sensor."""

    name: str
    period_s: int
    title: str = ""
    title_en: str = ""
    unit: str = ""
    low: float = 0.0
    high: float = 0.0

    @property
    def own(self) -> SeriesType:
        """As an open kind takes it."""
        title = self.title or self.name
        return SeriesType(
            name=self.name,
            title=Title(title, self.title_en or title),
            unit=self.unit,
            low=self.low,
            high=self.high,
            period=self.period_s,
        )


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """A sensor as an installer describes it."""

    code: str
    kind: str
    name: str
    lon: float | None
    lat: float | None
    unit: Unit | None = None
    is_public: bool = False
    quantities: Sequence[Quantity] = ()


PRESETS = (
    Quantity(
        name="water_level", title="Mực nước", title_en="Water level", unit="m", low=-5, high=30, period_s=300
    ),
    Quantity(name="rain", title="Lượng mưa", title_en="Rainfall", unit="mm", low=0, high=100, period_s=300),
    Quantity(
        name="temperature",
        title="Nhiệt độ",
        title_en="Temperature",
        unit="°C",
        low=-10,
        high=60,
        period_s=300,
    ),
    Quantity(name="humidity", title="Độ ẩm", title_en="Humidity", unit="%", low=0, high=100, period_s=300),
    Quantity(
        name="wind_speed", title="Tốc độ gió", title_en="Wind speed", unit="m/s", low=0, high=80, period_s=300
    ),
    Quantity(
        name="pressure", title="Khí áp", title_en="Air pressure", unit="hPa", low=850, high=1100, period_s=300
    ),
    Quantity(
        name="pm25",
        title="Bụi PM2.5",
        title_en="Fine dust PM2.5",
        unit="µg/m³",
        low=0,
        high=1000,
        period_s=300,
    ),
    Quantity(
        name="pm10", title="Bụi PM10", title_en="Dust PM10", unit="µg/m³", low=0, high=2000, period_s=300
    ),
    Quantity(name="noise", title="Tiếng ồn", title_en="Noise", unit="dBA", low=20, high=140, period_s=60),
    Quantity(name="salinity", title="Độ mặn", title_en="Salinity", unit="‰", low=0, high=45, period_s=600),
    Quantity(name="ph", title="Độ pH", title_en="pH", unit="pH", low=0, high=14, period_s=600),
    Quantity(
        name="turbidity", title="Độ đục", title_en="Turbidity", unit="NTU", low=0, high=4000, period_s=600
    ),
    Quantity(name="flow", title="Lưu lượng", title_en="Flow", unit="m³/s", low=0, high=20000, period_s=600),
    Quantity(
        name="battery",
        title="Điện áp pin",
        title_en="Battery voltage",
        unit="V",
        low=0,
        high=60,
        period_s=3600,
    ),
)
"""Quantities that cities measure most, offered to kinds that declare none of their own."""


@transaction.atomic
def take_in(sensor: Sensor, *, by: Actor, gateway: str = "") -> MadeToken | None:
    """Register a new sensor with its quantities, and make its token.

    With ``gateway`` it gets no token of its own: that gateway may write for it from now on.
    """
    if Thing.objects.filter(code=sensor.code).exists():
        text = _("The code %(code)s is taken by another station; choose another one.")
        raise Refused(text % {"code": sensor.code}, "taken")
    place = {"lon": sensor.lon, "lat": sensor.lat}
    thing = registry.register(
        sensor.code,
        sensor.kind,
        sensor.name,
        **place,
        by=by,
        unit=sensor.unit if sensor.lon is None else None,
        is_public=sensor.is_public,
        position_verified=sensor.lon is not None,
    )
    measure(thing, sensor.quantities, by=by)
    if not gateway:
        return people.create_token(sensor.code, by=by, things=[sensor.code])
    admit(gateway, sensor.code, by=by)
    return None


@transaction.atomic
def measure(thing: Thing, quantities: Sequence[Quantity], *, by: Actor) -> None:
    """Let the thing measure these; a kind that declares them describes them itself."""
    if not quantities:
        raise Refused(_("Choose at least one quantity that it measures."), "no_series")
    for quantity in quantities:
        is_declared = catalogue.series_type(thing.kind, quantity.name) is not None
        own = None if is_declared else quantity.own
        telemetry.define_series(thing, quantity.name, by=by, period_s=quantity.period_s, own=own)


def admit(gateway: str, code: str, *, by: Actor) -> Token:
    """Let a gateway write for one more thing; one that may write for everything stays as it is."""
    token = Token.objects.filter(name=gateway, revoked_at=None, purpose=Purpose.DEVICES).first()
    if token is None:
        raise NotFound(_("There is no token %(name)s in force.") % {"name": gateway})
    if token.things is None or code in token.things:
        return token
    things = [*token.things, code]
    return people.narrow_token(gateway, by=by, things=things, rate=token.rate, expires_at=token.expires_at)


def gateways() -> list[Token]:
    """Tokens through which another sensor may be sent."""
    rows = Token.objects.filter(revoked_at=None, is_program=False, purpose=Purpose.DEVICES)
    found = rows.order_by("name")
    return [token for token in found if token.things is None or len(token.things) != 1]


def code_for(name: str) -> str:
    """A code made of a name: plain letters and hyphens, not longer than codes may be."""
    return fold(name).replace(" ", "-")[:80].strip("-")


def series_for(title: str) -> str:
    """A name of a quantity made of its title."""
    return fold(title).replace(" ", "_")[:60].strip("_")


def kind_for(series: Sequence[str]) -> str:
    """The kind whose declared quantities fit names best; an open kind where none does."""
    kinds = catalogue.thing_types()
    sent = set(series)

    def fit(key: str) -> tuple[int, int]:
        declared = {one.name for one in kinds[key].series}
        return len(sent & declared), -len(sent - declared)

    closed = [key for key, kind in kinds.items() if not kind.open and fit(key)[0] and not fit(key)[1]]
    best = max(closed, key=fit, default="")
    return best or next((key for key, kind in kinds.items() if kind.open), "")
