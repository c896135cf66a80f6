"""Disaster-risk levels with their official colours, as dated data: a message keeps those of its day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from toancanh.kernel.declare import Title

HIGHEST = 5


@dataclass(frozen=True, kw_only=True)
class Level:
    """One level: its number, what people call it, its colour in words and for the screen.

    The regulation names the colours; the values on the screen are ours (``ink`` is read on ``fill``).
    """

    number: int
    title: Title
    colour: Title
    fill: str
    ink: str


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The levels in force [valid_from, valid_to)."""

    valid_from: date
    valid_to: date | None
    basis: str
    source: str
    levels: tuple[Level, ...]

    def level(self, number: int) -> Level:
        """The level of that number."""
        return self.levels[number - 1]


def _level(number: int, risk: Title, colour: Title, fill: str, ink: str) -> Level:
    title = Title(f"Cấp {number}: rủi ro {risk.vi}", f"Level {number}: {risk.en} risk")
    return Level(number=number, title=title, colour=colour, fill=fill, ink=ink)


SCALES = (
    Scale(
        valid_from=date(2021, 7, 1),
        valid_to=None,
        basis="Quyết định 18/2021/QĐ-TTg, Điều 4",
        source="hethongphapluat.com, Quyết định 18/2021/QĐ-TTg, Điều 4",
        levels=(
            _level(1, Title("thấp", "low"), Title("xanh dương nhạt", "light blue"), "#9fd3f5", "#06283d"),
            _level(
                2, Title("trung bình", "moderate"), Title("vàng nhạt", "light yellow"), "#fff3a3", "#3a3000"
            ),
            _level(3, Title("lớn", "high"), Title("da cam", "orange"), "#f7941d", "#261400"),
            _level(4, Title("rất lớn", "very high"), Title("đỏ", "red"), "#c8141c", "#ffffff"),
            _level(5, Title("thảm họa", "catastrophic"), Title("tím", "violet"), "#7b2d8b", "#ffffff"),
        ),
    ),
)


def scale(on: date) -> Scale:
    """The levels in force on a day; before the first known, the first."""
    found = [one for one in SCALES if one.valid_from <= on and (one.valid_to is None or on < one.valid_to)]
    return found[-1] if found else SCALES[0]
