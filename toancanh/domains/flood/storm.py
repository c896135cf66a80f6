"""Seeded weather and rivers: what the demo's past and the simulator agree upon, as functions of time.

Not a forecast and not hydrology to rely on: a plausible rainy season that never ends. Small storms come
every ten hours or so, a great one every twenty days. Everything follows from ``seed`` and absolute time,
so that two programs that never met continue each other's curves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import cos, exp, pi, radians, sin, tau
from random import Random
from typing import NamedTuple
from zlib import crc32

Point = tuple[float, float]
"""(longitude, latitude) in degrees."""

DEFAULT_SEED = 2026

SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
BIN_US = 300 * SECOND_US
"""Rain falls evenly within a bin; sums over adjacent periods are therefore exact."""

_BIN_H = BIN_US / HOUR_US
_MIDDLE = (107.5, 16.4)
_KM_LON, _KM_LAT = 111.2 * cos(radians(_MIDDLE[1])), 110.6

_SLOT_H, _SLOT_LONGEST_H = 10, 14
_GREAT_H, _GREAT_LONGEST_H = 20 * 24, 60
_DRIZZLE = 0.08
"""mm/h below which a gauge feels nothing."""


@dataclass(frozen=True)
class Gauge:
    """A place at a river; code and position decide how its catchment answers rain."""

    code: str
    lon: float
    lat: float


class _Cell(NamedTuple):
    """A shower with a middle that moves, from ``start`` on, in hours and kilometres."""

    start: float
    life: float
    x: float
    y: float
    vx: float
    vy: float
    radius: float
    peak: float


class _Veil(NamedTuple):
    """Steady rain under a great storm, heavier towards the mountains."""

    start: float
    life: float
    rate: float
    phase: float


class _Spot(NamedTuple):
    """A cell as it stands during one bin."""

    x: float
    y: float
    rate: float
    spread: float
    reach: float


def rain_mm(point: Point, start_us: int, end_us: int, seed: int = DEFAULT_SEED) -> float:
    """Millimetres that fall at ``point`` in [start, end), never below 0."""
    x, y = _plane(point)
    total = 0.0
    for number in range(start_us // BIN_US, -(-end_us // BIN_US)):
        rate = _rate(x, y, number, seed)
        if rate:
            begin = number * BIN_US
            share = (min(end_us, begin + BIN_US) - max(start_us, begin)) / BIN_US
            total += rate * _BIN_H * share
    return total


def level_m(gauge: Gauge, time_us: int, seed: int = DEFAULT_SEED) -> float:
    """Water level in metres: a smooth curve through the hours, and a tide that a flood drowns."""
    hour, rest = divmod(time_us, HOUR_US)
    t = rest / HOUR_US
    before, here, after, later = (_stage(gauge, hour + i, seed) for i in (-1, 0, 1, 2))
    bend = 2 * before - 5 * here + 4 * after - later + t * (3 * (here - after) + later - before)
    flood = here + 0.5 * t * (after - before + t * bend)
    river = _river(gauge)
    hours = time_us / HOUR_US
    tide = sin(tau * hours / 12.4206 + river.phase) + 0.5 * sin(tau * hours / 23.9345)
    return river.base + flood + river.tide * exp(-2 * max(0.0, flood)) * tide


def due_times(code: str, period_s: int, start_us: int, end_us: int) -> Iterator[int]:
    """When the station of that code reports in (start, end]: every period, each code at its own second."""
    period = period_s * SECOND_US
    phase = crc32(code.encode()) % period_s * SECOND_US
    first = (start_us - phase) // period + 1
    for number in range(first, (end_us - phase) // period + 1):
        yield number * period + phase


def _plane(point: Point) -> Point:
    return (point[0] - _MIDDLE[0]) * _KM_LON, (point[1] - _MIDDLE[1]) * _KM_LAT


def _rate(x: float, y: float, number: int, seed: int) -> float:
    """mm/h at a place during a bin."""
    spots, veil = _sky(number, seed)
    rate = 0.0
    if veil:
        inland = min(45.0, max(0.0, 10.0 - 0.7 * (x + y)))
        wave = 0.75 + 0.25 * sin(0.09 * x - 0.07 * y + number * 0.11)
        rate = veil * (1.0 + inland / 60) * wave
    for spot in spots:
        dx, dy = x - spot.x, y - spot.y
        apart = dx * dx + dy * dy
        if apart < spot.reach:
            rate += spot.rate * exp(-apart * spot.spread)
    if rate < _DRIZZLE:
        return 0.0
    return rate * _gust(x, y, number, seed)


def _gust(x: float, y: float, number: int, seed: int) -> float:
    """Between 0.6 and 1.4, without memory: what makes real rain gauges restless."""
    mixed = (int(x * 97) * 73_856_093) ^ (int(y * 89) * 19_349_663) ^ (number * 83_492_791) ^ seed
    mixed = (mixed * 2_654_435_761) & 0xFFFFFFFF
    mixed ^= mixed >> 15
    return 0.6 + 0.8 * ((mixed * 2_246_822_519) & 0xFFFFFFFF) / 0xFFFFFFFF


@lru_cache(maxsize=4096)
def _sky(number: int, seed: int) -> tuple[tuple[_Spot, ...], float]:
    """Cells that rain during a bin, and the rate of the veil."""
    now = (number + 0.5) * _BIN_H
    spots = []
    cells, veils = _weather(int(now), seed)
    for cell in cells:
        age = now - cell.start
        if 0 < age < cell.life:
            rate = cell.peak * sin(pi * age / cell.life) ** 2
            around = cell.radius * cell.radius
            x, y = cell.x + cell.vx * age, cell.y + cell.vy * age
            spots.append(_Spot(x, y, rate, 0.5 / around, 9 * around))
    rate = 0.0
    for veil in veils:
        age = now - veil.start
        if 0 < age < veil.life:
            pulse = 0.6 + 0.4 * sin(tau * age / 11 + veil.phase)
            rate += veil.rate * pulse * sin(pi * age / veil.life) ** 0.7
    return tuple(spots), rate


@lru_cache(maxsize=256)
def _weather(hour: int, seed: int) -> tuple[tuple[_Cell, ...], tuple[_Veil, ...]]:
    """Everything in the sky at some time of that hour."""
    cells: list[_Cell] = []
    veils: list[_Veil] = []
    for slot in range((hour - _SLOT_LONGEST_H) // _SLOT_H, hour // _SLOT_H + 1):
        cells += _small_storm(slot, seed)
    for block in range((hour - _GREAT_LONGEST_H) // _GREAT_H, hour // _GREAT_H + 1):
        veil, band = _great_storm(block, seed)
        veils.append(veil)
        cells += band
    return (
        tuple(c for c in cells if c.start < hour + 1 and c.start + c.life > hour),
        tuple(v for v in veils if v.start < hour + 1 and v.start + v.life > hour),
    )


@lru_cache(maxsize=64)
def _small_storm(slot: int, seed: int) -> tuple[_Cell, ...]:
    """A few showers within five hours, from the sea or over the mountains."""
    luck = Random(f"{seed}:shower:{slot}")
    start = slot * _SLOT_H + luck.uniform(0, 3)
    strength = luck.uniform(2, 9) if luck.random() < 0.8 else luck.uniform(10, 24)
    return tuple(
        _cell(
            luck, start + luck.uniform(0, 4), luck.uniform(2, 5), strength * luck.uniform(0.5, 1.3), (6, 15)
        )
        for _ in range(luck.randint(3, 6))
    )


@lru_cache(maxsize=16)
def _great_storm(block: int, seed: int) -> tuple[_Veil, tuple[_Cell, ...]]:
    """One to two days and a half of rain, several hundred millimetres where the cells pass."""
    luck = Random(f"{seed}:great:{block}")
    life = luck.uniform(34, 58)
    start = block * _GREAT_H + luck.uniform(0.35, 0.65) * _GREAT_H
    might = luck.uniform(0.6, 1.4)
    cells = tuple(
        _cell(
            luck, start + luck.uniform(0, life - 9), luck.uniform(4, 9), might * luck.uniform(14, 34), (9, 22)
        )
        for _ in range(luck.randint(12, 18))
    )
    return _Veil(start, life, might * luck.uniform(3.2, 4.6), luck.uniform(0, tau)), cells


def _cell(luck: Random, start: float, life: float, peak: float, size: tuple[float, float]) -> _Cell:
    """A shower that drifts with the north-east wind and is over the coast in the middle of its life."""
    vx, vy = luck.uniform(-16, -4), luck.uniform(-12, 2)
    x, y = luck.uniform(-55, 65), luck.uniform(-45, 40)
    half = life / 2
    return _Cell(start, life, x - vx * half, y - vy * half, vx, vy, luck.uniform(*size), peak)


class _River(NamedTuple):
    """How a gauge answers: quiet level and tide in metres, hours to the crest, phase of its tide."""

    base: float
    tide: float
    crest_h: float
    phase: float


@lru_cache(maxsize=512)
def _river(gauge: Gauge) -> _River:
    luck = Random(f"river:{gauge.code}")
    return _River(
        luck.uniform(0.25, 0.5), luck.uniform(0.03, 0.09), luck.uniform(6.5, 9.5), luck.uniform(0, tau)
    )


_CATCHMENT_KM = ((-4.0, -8.0), (-12.0, -14.0), (5.0, -20.0), (-18.0, -24.0), (12.0, -28.0))
"""Where a river of this coast comes from, seen from its gauge: the mountains south and south-west."""

_MEMORY_H = 72
_SOIL_H = 48


@lru_cache(maxsize=8192)
def _areal_mm(gauge: Gauge, hour: int, seed: int) -> float:
    """Rain of an hour over the catchment."""
    x, y = _plane((gauge.lon, gauge.lat))
    first = hour * HOUR_US // BIN_US
    rates = (
        _rate(x + dx, y + dy, first + number, seed) for number in (1, 4, 7, 10) for dx, dy in _CATCHMENT_KM
    )
    return sum(rates) / (4 * len(_CATCHMENT_KM))


@lru_cache(maxsize=8192)
def _running_off(gauge: Gauge, hour: int, seed: int) -> float:
    """The part of an hour's rain that the river gets: more of it when the soil is full."""
    rain = _areal_mm(gauge, hour, seed)
    if not rain:
        return 0.0
    soaked = sum(_areal_mm(gauge, hour - i, seed) for i in range(1, _SOIL_H))
    return rain * (0.12 + 0.73 * (1 - exp(-soaked / 120)))


@lru_cache(maxsize=512)
def _response(gauge: Gauge) -> tuple[float, ...]:
    """Unit hydrograph by hours: a quick wave with its crest, and a slow tail."""
    scale = _river(gauge).crest_h / 2
    wave = [(i / scale) ** 2 * exp(-i / scale) for i in range(1, _MEMORY_H + 1)]
    tail = [exp(-i / 20) - exp(-i / 4) for i in range(1, _MEMORY_H + 1)]
    quick, slow = sum(wave), sum(tail)
    # Faded out at the end, so that no hour of rain leaves the memory with a step.
    fade = [min(1.0, (_MEMORY_H + 1 - i) / 24) for i in range(1, _MEMORY_H + 1)]
    return tuple(f * (0.8 * w / quick + 0.2 * s / slow) for f, w, s in zip(fade, wave, tail, strict=True))


@lru_cache(maxsize=8192)
def _stage(gauge: Gauge, hour: int, seed: int) -> float:
    """Metres above the quiet level on the hour; banks widen, so the last metres take far more water."""
    flow = sum(
        weight * _running_off(gauge, hour - i, seed) for i, weight in enumerate(_response(gauge), start=1)
    )
    return 5.4 * (1 - exp(-((flow / 5.2) ** 0.85))) if flow > 0 else 0.0
