"""What a domain may contribute, as frozen data: the page to read first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from toancanh.kernel.declare_cases import CaseType
from toancanh.kernel.titles import Title as Title

Tone = Literal["plain", "good", "watch", "bad"]
"""What a figure means, from which its colour follows."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts, in which post, with which rights.

    ``grants`` holds pairs (right, unit path); a grant on a unit holds for everything below it.
    ``everywhere`` is for the program itself: commands run on the host and jobs.
    """

    name: str
    key: str
    post: str = ""
    organisation: str = ""
    unit_code: str = ""
    organisation_path: str = ""
    """Of the organisation of the post in its tree: its own cases and those of the organisations below it."""
    grants: frozenset[tuple[str, str]] = frozenset()
    everywhere: bool = False

    def may(self, right: str, unit_path: str = "") -> bool:
        """Whether the actor holds ``right`` at the unit of that path or at one above it."""
        return self.everywhere or any(r == right and unit_path.startswith(path) for r, path in self.grants)

    def paths(self, right: str) -> tuple[str, ...]:
        """Roots of the unit subtrees in which the actor holds ``right``."""
        return ("",) if self.everywhere else tuple(sorted(path for r, path in self.grants if r == right))


ANYONE = Actor(name="", key="anyone")


def program(name: str) -> Actor:
    """The program acting by itself: a command, a job, a loader."""
    return Actor(name=name, key=f"program:{name}", everywhere=True)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One threshold in force at some moment, as a reading's sentence and a chart's line need it."""

    name: str
    value: float
    verified: bool


@dataclass(frozen=True, kw_only=True)
class SeriesType:
    """What a kind of thing measures. ``low`` and ``high`` bound what is plausible, in ``unit``."""

    name: str
    title: Title
    unit: str
    low: float
    high: float
    period: int
    """Seconds between two readings; a station is silent after twice that."""
    precision: int = 2
    adds_up: bool = False
    """True where readings are amounts per period (rain): buckets are sums, charts are bars."""
    sentence: Callable[[float, Sequence[Limit], str], str] | None = None
    """(value, limits in force, language) → the reading as the field's bulletins write it."""


@dataclass(frozen=True, kw_only=True)
class ThingType:
    """A kind of thing that has a place and an owner; its key is ``domain.name``."""

    name: str
    title: Title
    icon: str
    series: tuple[SeriesType, ...] = ()
    open: bool = False
    """Its things may bring quantities that are not declared here, each described by its own series."""


@dataclass(frozen=True, kw_only=True)
class Legend:
    """What the classes of a layer's points (``rain_class`` of a feature) are called in the key of the map."""

    title: Title
    classes: tuple[tuple[str, Title], ...]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Point features for the maps; ``features(scope, at)`` gives GeoJSON features."""

    name: str
    title: Title
    icon: str
    features: Callable[[Actor, datetime], Iterable[Mapping[str, Any]]]
    public: bool = False
    legend: Legend | None = None


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One figure under the map: its value now, in words, and the page with the records behind it."""

    name: str
    title: Title
    value: Callable[[Actor, datetime], Figure]
    link: str


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A tile's content: text as people write it, a tone for its colour, when it was measured."""

    text: str
    note: str = ""
    doubt: str = ""
    """What of it was not checked against its source, in words; empty where nothing is doubtful."""
    tone: Tone = "plain"
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class On:
    """After-commit reaction to the event ``name``; called at least once for each, in any order."""

    name: str
    react: Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, kw_only=True)
class Message:
    """One reading of the demo's past, as a device would have sent it at ``time_us``."""

    thing: str
    series: str
    time_us: int
    value: float


@dataclass(frozen=True, kw_only=True)
class Station:
    """What the demo needs to know of a thing to let it measure."""

    code: str
    kind: str
    lon: float
    lat: float
    periods: Mapping[str, int]


Demo = Callable[[Sequence[Station], int, int], Iterator[Message]]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line that, once crossed, means a severity from 1 (watch) to 3 (urgent)."""

    at: float | str
    """The value, or the name of a threshold of the series (``BĐ2``) that is in force on the day."""
    severity: int


@dataclass(frozen=True, kw_only=True)
class Bands:
    """A series against lines, each of its own severity.

    A line rings once it was held for ``hold_s``, and stops once the series was back behind it by more than
    ``hysteresis`` for ``calm_s``.
    """

    series: str
    lines: tuple[Line, ...]
    of: Literal["value", "rate", "sum"] = "value"
    """What is judged: the reading, its rise per hour over ``window_s``, or the sum over ``window_s``."""
    window_s: int = 0
    falls: bool = False
    """True where low is bad: the lines are crossed downwards."""
    hysteresis: float = 0.0
    hold_s: int = 0
    calm_s: int = 0
    spike: float | None = None
    """A reading further than this from the one before counts only once the next one confirms it …"""
    spike_s: int = 0
    """… and those after it for so long, or for ``hold_s`` where they get worse and worse. Where this is set,
    one that does not move at all after its leap is taken for a stuck sensor."""
    ebb: float | None = None
    """Of ``value``: it also ends once this share of the height above the mildest line is lost for
    ``calm_s``; a rise by this share of the lowest height since then, and twice the hysteresis, is
    a wave of its own."""


@dataclass(frozen=True, kw_only=True)
class Silence:
    """Nothing heard of a series for ``after_s``."""

    series: str
    after_s: int
    severity: int = 1


@dataclass(frozen=True, kw_only=True)
class Every:
    """All parts ring: as severe as the mildest. A part not heard for ``valid_s`` does not ring."""

    parts: tuple[Condition, ...]
    valid_s: int = 3600


@dataclass(frozen=True, kw_only=True)
class Either:
    """Some part rings: as severe as the worst."""

    parts: tuple[Condition, ...]


Condition = Bands | Silence | Every | Either


@dataclass(frozen=True, kw_only=True)
class AlertRule:
    """When things of ``kind`` need an officer: a default, which a locality changes with validity and reason.

    Its key is ``domain.name``. ``basis`` says where lines and delays come from.
    """

    name: str
    title: Title
    kind: str
    condition: Condition
    basis: str


@dataclass(frozen=True, kw_only=True)
class WarningText:
    """What a warning says in one language; names in braces such as ``{reading}`` are filled from an alert."""

    headline: str
    what: str
    where: str
    instruction: str


@dataclass(frozen=True, kw_only=True)
class WarningTemplate:
    """Words to begin a warning with: a default, which a locality changes with validity and reason.

    Its key is ``domain.event.name``. ``rules`` are the alert rules from whose alerts it is proposed.
    """

    name: str
    title: Title
    vi: WarningText
    en: WarningText
    basis: str
    kind: Literal["alert", "all_clear"] = "alert"
    rules: tuple[str, ...] = ()
    lasts_h: int = 12
    """Hours that a warning holds unless its author says otherwise."""


@dataclass(frozen=True, kw_only=True)
class WarningEvent:
    """Something that the public is warned of; its key is ``domain.name``. ``category`` is that of CAP 1.2."""

    name: str
    title: Title
    category: Literal[
        "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE",
        "Other",
    ]  # fmt: skip
    templates: tuple[WarningTemplate, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A page of staff that stands in the rail, for whoever holds ``right`` somewhere."""

    name: str
    title: Title
    icon: str
    url: str
    right: str


@dataclass(frozen=True, kw_only=True)
class PortalDoor:
    """A large door on the public's first page, and its place in the portal's bar."""

    name: str
    title: Title
    hint: Title
    """What is behind it, in one short sentence."""
    icon: str
    url: str
    url_en: str = ""
    """Of the English page, where it has an address of its own."""


@dataclass(frozen=True, kw_only=True)
class BoxRow:
    """One line of a box: a thing with its page, and where it stands."""

    code: str
    title: str
    url: str
    note: str = ""
    is_over: bool = False


@dataclass(frozen=True, kw_only=True)
class BoxAction:
    """A button of a box: what it says, and the page on which it goes on."""

    title: str
    url: str
    icon: str


@dataclass(frozen=True, kw_only=True)
class Box:
    """What a domain has to say on a page about something of others, in the language of the reader."""

    name: str
    title: str
    rows: Sequence[BoxRow] = ()
    actions: Sequence[BoxAction] = ()


@dataclass(frozen=True, kw_only=True)
class Addition:
    """Puts a box onto pages about subjects of others, named as in `runtime.subjects`, such as ``alert:12``.

    ``box`` takes the subject and the reader, with a constant number of queries; None where it has nothing.
    """

    name: str
    box: Callable[[str, Actor], Box | None]


@dataclass(frozen=True, kw_only=True)
class Domain:
    """Everything that one field of city life brings; see docs/handbook for how to write one."""

    name: str
    title: Title
    icon: str
    things: tuple[ThingType, ...] = ()
    layers: tuple[Layer, ...] = ()
    tiles: tuple[Tile, ...] = ()
    reactions: tuple[On, ...] = ()
    alerts: tuple[AlertRule, ...] = ()
    warnings: tuple[WarningEvent, ...] = ()
    cases: tuple[CaseType, ...] = ()
    demo: Demo | None = None
    screens: tuple[Screen, ...] = ()
    doors: tuple[PortalDoor, ...] = ()
    additions: tuple[Addition, ...] = ()
    rights: tuple[tuple[str, Title], ...] = field(default_factory=tuple)
