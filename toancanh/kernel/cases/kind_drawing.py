"""How a kind of work goes, drawn: states in columns by phase, moves as arrows with their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap

from toancanh.kernel.cases.saying import named
from toancanh.kernel.declare_cases import ENDED, CaseState, CaseType

COLUMNS = (
    ("draft", "received", "waiting_citizen"),
    ("accepted",),
    ("working", "waiting_other"),
    ("decided", "delivered"),
    ENDED,
)
"""Phases that stand in one column, from left to right."""
WIDTH, HEIGHT = 136, 46
ACROSS, DOWN = 150, 70
MARGIN, LETTERS, LINE = 16, 17, 14
LETTER = 6.4
"""How wide a letter of a label is, on the average."""
ALONG = (0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73, 0.2, 0.8)
"""Where on an arrow its name is tried, first to last."""
Spot = tuple[float, float]
Area = tuple[float, float, float, float]
Curve = tuple[Spot, Spot, Spot, Spot]


@dataclass(frozen=True)
class Text:
    """A line of text around a spot. Whole numbers: fractions would be written with the reader's comma."""

    x: int
    y: int
    words: str


@dataclass(frozen=True)
class Box:
    """A state where it stands."""

    name: str
    lines: tuple[str, ...]
    phase: str
    left: int
    top: int
    column: int

    @property
    def right(self) -> int:
        """Of the box."""
        return self.left + WIDTH

    @property
    def bottom(self) -> int:
        """Of the box."""
        return self.top + HEIGHT

    @property
    def text(self) -> list[Text]:
        """Its lines."""
        return _lines(self.lines, self.left + WIDTH / 2, self.top + HEIGHT / 2)


@dataclass(frozen=True)
class Arrow:
    """A move from one state to another; its name stands beside one of its arrows."""

    path: str
    tone: str
    title: str
    label: list[Text]


@dataclass(frozen=True)
class Drawing:
    """The whole graph."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    box_width: int = WIDTH
    box_height: int = HEIGHT
    tones: tuple[str, ...] = ("plain", "good", "watch", "bad")


def drawn(said: CaseType) -> Drawing:
    """The graph of a version. The same version is drawn the same way every time."""
    columns = [[one for one in said.states if one.phase in phases] for phases in COLUMNS]
    columns = [column for column in columns if column]
    rows = max(len(column) for column in columns)
    height = 2 * MARGIN + rows * HEIGHT + (rows - 1) * DOWN
    boxes = {box.name: box for n, column in enumerate(columns) for box in _column(n, column, height)}
    taken: list[Area] = [(one.left, one.top, one.right, one.bottom) for one in boxes.values()]
    arrows = []
    for move in said.moves:
        target, title = boxes[move.target], named(move.title)
        near = min(move.sources, key=lambda name: _far(boxes[name], boxes[move.target]))
        for source in move.sources:
            curve = _curve(boxes[source], target)
            label = _label(title, curve, taken) if source == near else []
            arrows.append(Arrow(_path(curve), move.tone, title, label))
    width = 2 * MARGIN + len(columns) * WIDTH + (len(columns) - 1) * ACROSS
    return Drawing(width, height, tuple(boxes.values()), tuple(arrows))


def _column(n: int, states: Sequence[CaseState], height: int) -> Iterable[Box]:
    whole = len(states) * HEIGHT + (len(states) - 1) * DOWN
    top = (height - whole) // 2
    for row, one in enumerate(states):
        lines = tuple(wrap(named(one.title), LETTERS)[:2])
        x, y = MARGIN + n * (WIDTH + ACROSS), top + row * (HEIGHT + DOWN)
        yield Box(one.name, lines, one.phase, x, y, n)


def _far(one: Box, other: Box) -> float:
    return abs(one.left - other.left) + abs(one.top - other.top)


def _curve(one: Box, to: Box) -> Curve:
    """From the side of a box that looks to the other; there and back run beside each other."""
    start: Spot
    end: Spot
    if one.column < to.column:
        start, end = (one.right, one.top + HEIGHT * 0.35), (to.left, to.top + HEIGHT * 0.35)
    elif one.column > to.column:
        start, end = (one.left, one.top + HEIGHT * 0.7), (to.right, to.top + HEIGHT * 0.7)
    elif abs(one.top - to.top) > HEIGHT + DOWN:
        # Past the boxes between them.
        start, end = (one.left, one.top + HEIGHT / 2), (to.left, to.top + HEIGHT / 2)
        return start, (start[0] - ACROSS / 3, start[1]), (end[0] - ACROSS / 3, end[1]), end
    elif one.top < to.top:
        start, end = (one.left + WIDTH * 0.3, one.bottom), (to.left + WIDTH * 0.3, to.top)
        return start, start, end, end
    else:
        start, end = (one.left + WIDTH * 0.7, one.top), (to.left + WIDTH * 0.7, to.bottom)
        return start, start, end, end
    half = (start[0] + end[0]) / 2
    return start, (half, start[1]), (half, end[1]), end


def _path(curve: Curve) -> str:
    start, first, second, end = (f"{x:.0f} {y:.0f}" for x, y in curve)
    return f"M{start} C{first} {second} {end}"


def _at(curve: Curve, t: float) -> Spot:
    shares = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    x = sum(share * spot[0] for share, spot in zip(shares, curve, strict=True))
    return x, sum(share * spot[1] for share, spot in zip(shares, curve, strict=True))


def _label(title: str, curve: Curve, taken: list[Area]) -> list[Text]:
    """The name where the arrow leaves room for it: nearest to the middle of its way."""
    lines = wrap(title, LETTERS)
    wide, high = max(map(len, lines)) * LETTER + 4, len(lines) * LINE
    places = [_at(curve, t) for t in ALONG]
    areas = [(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2) for x, y in places]
    free = [n for n, area in enumerate(areas) if not any(_meet(area, other) for other in taken)]
    chosen = free[0] if free else 0
    taken.append(areas[chosen])
    return _lines(lines, *places[chosen])


def _lines(lines: Sequence[str], x: float, y: float) -> list[Text]:
    first = y - len(lines) * LINE / 2 + LINE - 3
    return [Text(round(x), round(first + n * LINE), line) for n, line in enumerate(lines)]


def _meet(one: Area, other: Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
