"""Water levels and rain in the words of Vietnamese hydrometeorological bulletins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toancanh.kernel.declare import Limit, Title
from toancanh.lib.rounding import rounded


def figure(value: float, language: str, decimals: int = 2) -> str:
    """A number as people write it: decimal comma in Vietnamese."""
    text = f"{rounded(value, decimals):.{decimals}f}"
    return text.replace(".", ",") if language == "vi" else text


def level(value: float, limits: Sequence[Limit], language: str) -> str:
    """``5,16 m, trên BĐ3 1,16 m``; against the highest level reached, or the first where none is.

    Level and difference are of the printed figures, so that reader and bulletin subtract alike.
    """
    shown = rounded(value, 2)
    said = f"{figure(shown, language)} m"
    if not limits:
        return said
    reached = [limit for limit in limits if shown >= limit.value]
    limit = reached[-1] if reached else limits[0]
    apart = rounded(abs(shown - limit.value), 2)
    if apart == 0 and reached:
        at = f"at {limit.name}" if language == "en" else f"bằng {limit.name}"
        return f"{said}, {at}"
    if language == "en":
        where = "above" if reached else "below"
        return f"{said}, {figure(apart, language)} m {where} {limit.name}"
    where = "trên" if reached else "dưới"
    return f"{said}, {where} {limit.name} {figure(apart, language)} m"


@dataclass(frozen=True)
class RainClass:
    """How strong a day's rain was; ``over`` is the amount in mm above which it begins."""

    key: str
    title: Title
    over: float


# Rain of 24 hours by the hydrometeorological service's classes (kttv.angiang.gov.vn): mưa nhỏ under 6 mm
# and mưa 6-15 mm are told together as light, mưa vừa 16-50, mưa to 51-100, mưa rất to above 100.
RAIN_OF_A_DAY = (
    RainClass("none", Title("không mưa", "no rain"), -1.0),
    RainClass("light", Title("mưa nhỏ", "light rain"), 0.0),
    RainClass("moderate", Title("mưa vừa", "moderate rain"), 15.0),
    RainClass("heavy", Title("mưa to", "heavy rain"), 50.0),
    RainClass("very_heavy", Title("mưa rất to", "very heavy rain"), 100.0),
)


def rain_class(sum_24h: float) -> RainClass:
    """The class of a day's rain in mm."""
    return [found for found in RAIN_OF_A_DAY if sum_24h > found.over][-1]


def rain(value: float, limits: Sequence[Limit], language: str) -> str:
    """One reading of a rain station: the amount of its period."""
    return f"{figure(value, language, 1)} mm"
