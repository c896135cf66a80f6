"""The demo's past of water and rain: what the stations would have sent, day after day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from toancanh.domains.flood import storm
from toancanh.kernel.declare import Message, Station

DAY_US = 86_400 * 1_000_000


def past(stations: Sequence[Station], start_us: int, end_us: int) -> Iterator[Message]:
    """Readings of gauges and rain stations in [start, end): the same model that the simulator continues."""
    days = [*range(start_us, end_us, DAY_US), end_us]
    for first, last in pairwise(days):
        for station in stations:
            yield from readings(station, first, last)


def readings(station: Station, start_us: int, end_us: int) -> Iterator[Message]:
    """One station's readings in [start, end)."""
    for series, period in station.periods.items():
        for time_us in storm.due_times(station.code, period, start_us, end_us):
            if series == "rain":
                place = (station.lon, station.lat)
                value = round(storm.rain_mm(place, time_us - period * 1_000_000, time_us), 1)
            else:
                value = round(storm.level_m(storm.Gauge(station.code, station.lon, station.lat), time_us), 2)
            yield Message(thing=station.code, series=series, time_us=time_us, value=value)
