"""The devices themselves: what stands where, when each reports, and what is wrong with two of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from toancanh.domains.flood.storm import (
    HOUR_US,
    SECOND_US,
    Gauge,
    due_times,
    level_m,
    rain_mm,
)

PERIOD_S = {"level": 60, "rain": 300}
"""What is measured here, and how often where the door does not say."""

STRANGER_AT = (107.607, 16.494)
"""Where it stands: on the lower Hương, below the old town."""

_SPIKE_EVERY_US = 6 * HOUR_US
_SPIKE = {"level": 99.99, "rain": 409.5}
"""What such instruments say when they have lost their mind: far outside what a series allows."""
_LEVEL_NOISE_M = 0.008
_TIP_MM = 0.2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Sensor:
    """One series of one thing."""

    thing: str
    series: str
    period_s: int
    lon: float
    lat: float
    latest_us: int | None = None


@dataclass(frozen=True)
class Faults:
    """Who misbehaves: chosen by the seed among those there are, so that a demo can be told beforehand."""

    silent: str | None
    spiking: str | None


_FLOOD_M = 2.6
_RISE = 5
"""Minutes; steeper, and the rules would doubt its readings."""
_MINUTE_US = 60 * SECOND_US


def flood_m(passed_us: int) -> float:
    """A flash flood on top of the river: up within five minutes, down again within two hours."""
    minutes = passed_us / _MINUTE_US
    if not 0 < minutes < 125:
        return 0.0
    if minutes < _RISE:
        share = minutes / _RISE
        return _FLOOD_M * share * share * (3 - 2 * share)
    return _FLOOD_M * min(1.0, (125 - minutes) / 90)


def sensors_of(things: Iterable[Mapping[str, Any]]) -> list[Sensor]:
    """The water levels and rain series among the things that the door lists."""
    return [
        Sensor(
            thing["code"],
            series["name"],
            int(series.get("period") or PERIOD_S[series["name"]]),
            float(thing["location"]["lon"]),
            float(thing["location"]["lat"]),
            _latest_us(thing, series["name"]),
        )
        for thing in things
        if thing["kind"].startswith("flood.")
        for series in thing["series"]
        if series["name"] in PERIOD_S
    ]


def faults_of(sensors: Iterable[Sensor], seed: int, honest: str = "") -> Faults:
    """A silent rain station where another one is left, and a gauge (or rain station) that jumps.

    The gauge ``honest`` does not, where there is another one.
    """
    known = list(sensors)
    rain = sorted(s.thing for s in known if s.series == "rain")
    levels = sorted(s.thing for s in known if s.series == "level")
    silent = Random(f"{seed}:silent").choice(rain) if len(rain) > 1 else None
    rest = [code for code in levels if code != honest] or levels
    rest = rest or [code for code in rain if code != silent]
    return Faults(silent, Random(f"{seed}:spiking").choice(rest) if rest else None)


class Fleet:
    """All sensors, each with how far it has reported."""

    def __init__(self, seed: int, flood_us: int | None = None, flood_at: str = "") -> None:
        """``flood_us``: when a gauge, ``flood_at`` if there is one of that code, has a flash flood: somebody
        who looks sees an alert."""
        self._seed = seed
        self._flood_us = flood_us
        self._flood_at = flood_at
        self.flooded: str | None = None
        self._told: dict[tuple[str, str], int] = {}
        self._sensors: list[Sensor] = []
        self.faults = Faults(None, None)

    def __len__(self) -> int:
        return len(self._sensors)

    def muster(self, sensors: Iterable[Sensor], since_us: int, *, from_latest: bool) -> None:
        """Take over what the door lists; newcomers begin at ``since_us`` or after their latest reading."""
        self._sensors = sorted(sensors, key=lambda s: (s.thing, s.series))
        self.faults = faults_of(self._sensors, self._seed, self._flood_at)
        levels = [s.thing for s in self._sensors if s.series == "level" and s.thing != self.faults.spiking]
        levels.sort(key=lambda code: code != self._flood_at)
        self.flooded = next(iter(levels), None) if self._flood_us is not None else None
        for sensor in self._sensors:
            start = max(since_us, sensor.latest_us or 0) if from_latest else since_us
            self._told.setdefault((sensor.thing, sensor.series), start)

    def report(self, until_us: int) -> list[dict[str, Any]]:
        """Everything due since the last report and until then, oldest first."""
        due = sorted(self._due(until_us), key=lambda reading: (reading[0], reading[1].thing))
        return [
            {
                "thing": sensor.thing,
                "series": sensor.series,
                "time": rfc3339(time_us),
                "value": self.value(sensor, time_us),
            }
            for time_us, sensor in due
        ]

    def begin_at_last(self, until_us: int) -> None:
        """Forget what is older than one reading each: the next report holds just the last one."""
        for sensor in self._sensors:
            self._told[sensor.thing, sensor.series] = until_us - sensor.period_s * SECOND_US

    def oldest_us(self, default_us: int) -> int:
        """The moment up to which every sensor has reported."""
        return min((self._told[s.thing, s.series] for s in self._sensors), default=default_us)

    def value(self, sensor: Sensor, time_us: int) -> float:
        """What the device reads: the model's truth, noise, the step of the instrument, and its fault."""
        luck = Random(f"{self._seed}:{sensor.thing}:{sensor.series}:{time_us}")
        if sensor.series == "level":
            gauge = Gauge(sensor.thing, sensor.lon, sensor.lat)
            level = level_m(gauge, time_us, self._seed) + luck.gauss(0, _LEVEL_NOISE_M)
            if sensor.thing == self.flooded and self._flood_us is not None:
                level += flood_m(time_us - self._flood_us)
            value = round(level, 2)
        else:
            begin = time_us - sensor.period_s * SECOND_US
            fallen = rain_mm((sensor.lon, sensor.lat), begin, time_us, self._seed)
            # A bucket tips at whole steps; chance stands for what was left in it, sums stay right.
            value = round(int(fallen / _TIP_MM + luck.random()) * _TIP_MM if fallen else 0.0, 1)
        if sensor.thing == self.faults.spiking and self._spikes(sensor, time_us):
            value = _SPIKE[sensor.series]
        return value

    def _due(self, until_us: int) -> Iterator[tuple[int, Sensor]]:
        for sensor in self._sensors:
            key = sensor.thing, sensor.series
            if sensor.thing != self.faults.silent:
                for time_us in due_times(sensor.thing, sensor.period_s, self._told[key], until_us):
                    yield time_us, sensor
            self._told[key] = max(self._told[key], until_us)

    def _spikes(self, sensor: Sensor, time_us: int) -> bool:
        """One reading in every six hours."""
        turn = time_us // _SPIKE_EVERY_US
        period_us = sensor.period_s * SECOND_US
        within = Random(f"{self._seed}:spike:{turn}").uniform(0, _SPIKE_EVERY_US - 2 * period_us)
        return within <= time_us - turn * _SPIKE_EVERY_US < within + period_us


def stranger(code: str, seed: int, since_us: int) -> Fleet:
    """A gauge that somebody has put up and switched on before anyone registered it."""
    alone = Fleet(seed)
    alone.muster([Sensor(code, "level", PERIOD_S["level"], *STRANGER_AT)], since_us, from_latest=False)
    alone.faults = Faults(None, None)
    return alone


def rfc3339(time_us: int) -> str:
    """A time as the API writes it."""
    return (_EPOCH + timedelta(microseconds=time_us)).isoformat().replace("+00:00", "Z")


def time_us_of(text: str) -> int:
    """Microseconds of an RFC 3339 time; without an offset it is no moment."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no offset such as Z or +07:00.")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _latest_us(thing: Mapping[str, Any], series: str) -> int | None:
    reading = (thing.get("latest") or {}).get(series)
    return time_us_of(reading["time"]) if reading else None
