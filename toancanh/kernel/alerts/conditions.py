"""Conditions as data: checked, and written as JSON for the tables; plain Python."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from toancanh.kernel.declare import Bands, Condition, Either, Every, Line, Silence

WORST = 3
"""The highest severity; it and the one below sound until somebody acknowledges."""
LONGEST_S = 7 * 86_400
"""No window, hold or silence is longer."""
MOST_PARTS = 8
LONGEST_NAME = 60
"""Characters of a series, with the code of its station where that is another."""
DEEPEST = 3


class Impossible(Exception):
    """A condition that cannot be; ``code`` says why, for the sentence that people read."""

    def __init__(self, code: str, where: str = "") -> None:
        super().__init__(f"{code} {where}".strip())
        self.code = code


def check(condition: Condition, depth: int = 1) -> None:
    """Raise Impossible unless the condition can be worked with."""
    if isinstance(condition, Every | Either):
        if depth > DEEPEST or not 1 <= len(condition.parts) <= MOST_PARTS:
            raise Impossible("parts")
        for part in condition.parts:
            check(part, depth + 1)
        if isinstance(condition, Every):
            _seconds(condition.valid_s, 1)
    elif len(condition.series) > LONGEST_NAME:
        raise Impossible("series", condition.series)
    elif isinstance(condition, Silence):
        _seconds(condition.after_s, 1)
        _severity(condition.severity)
    else:
        _check_bands(condition)


def _check_bands(bands: Bands) -> None:
    if not 1 <= len(bands.lines) <= MOST_PARTS:
        raise Impossible("lines")
    for line in bands.lines:
        _severity(line.severity)
        if isinstance(line.at, str):
            if not line.at.strip() or bands.of != "value":
                raise Impossible("line", line.at)
        elif not math.isfinite(line.at):
            raise Impossible("line", str(line.at))
    if len({line.severity for line in bands.lines}) != len(bands.lines):
        raise Impossible("severities")
    numbers = [line.at for line in sorted(bands.lines, key=lambda line: line.severity)]
    plain = [at for at in numbers if not isinstance(at, str)]
    if plain != sorted(plain, reverse=bands.falls):
        raise Impossible("order")
    if not (math.isfinite(bands.hysteresis) and bands.hysteresis >= 0):
        raise Impossible("hysteresis")
    if bands.spike is not None and not (math.isfinite(bands.spike) and bands.spike > 0):
        raise Impossible("spike")
    if bands.ebb is not None and (bands.of != "value" or not 0 < bands.ebb < 1):
        raise Impossible("ebb")
    _seconds(bands.spike_s, 0)
    _seconds(bands.window_s, 0 if bands.of == "value" else 60)
    _seconds(bands.hold_s, 0)
    _seconds(bands.calm_s, 0)


def _seconds(value: int, least: int) -> None:
    if not least <= value <= LONGEST_S:
        raise Impossible("seconds", str(value))


def _severity(value: int) -> None:
    if not 1 <= value <= WORST:
        raise Impossible("severity", str(value))


def leaves(condition: Condition) -> Iterator[Bands | Silence]:
    """What of the condition reads a series."""
    if isinstance(condition, Every | Either):
        for part in condition.parts:
            yield from leaves(part)
    else:
        yield condition


def series_names(condition: Condition) -> frozenset[str]:
    """The series that the condition reads."""
    return frozenset(leaf.series for leaf in leaves(condition))


def may_ring(condition: Condition, muted: Collection[str]) -> bool:
    """Whether it can ring at all while parts that read these series say nothing."""
    if isinstance(condition, Every):
        return all(may_ring(part, muted) for part in condition.parts)
    if isinstance(condition, Either):
        return any(may_ring(part, muted) for part in condition.parts)
    return condition.series not in muted


KINDS: Mapping[str, type[Any]] = {"bands": Bands, "silence": Silence, "every": Every, "either": Either}
NAMES = {kind: name for name, kind in KINDS.items()}


def to_json(condition: Condition) -> dict[str, Any]:
    """As the tables keep it."""
    if isinstance(condition, Every | Either):
        told = {"parts": [to_json(part) for part in condition.parts]}
        return {
            "is": NAMES[type(condition)],
            **told,
            **({"valid_s": condition.valid_s} if isinstance(condition, Every) else {}),
        }
    said = asdict(condition)
    if isinstance(condition, Bands):
        said["lines"] = [asdict(line) for line in condition.lines]
    return {"is": NAMES[type(condition)], **said}


def from_json(said: Mapping[str, Any]) -> Condition:
    """Back again; raises Impossible where it is none."""
    facts = dict(said)
    try:
        kind = KINDS[facts.pop("is")]
        if "parts" in facts:
            facts["parts"] = tuple(from_json(part) for part in facts["parts"])
        if "lines" in facts:
            facts["lines"] = tuple(Line(**line) for line in facts["lines"])
        condition: Condition = kind(**facts)
        check(condition)
    except (KeyError, TypeError, ValueError) as fault:
        raise Impossible("form", str(fault)) from fault
    return condition
