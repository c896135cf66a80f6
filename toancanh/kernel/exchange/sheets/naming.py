"""Things and series by all the names under which a table or a person may call them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from toancanh.lib.fold import fold

UNIT = 8
"""Characters of the unit that may stand behind the name of a quantity."""


@dataclass(frozen=True)
class KnownThing:
    """What of a thing helps to recognise it: names as people write them, and what it measures."""

    code: str
    names: tuple[str, ...]
    series: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name of a series to its titles."""
    is_sample: bool = False


class Known:
    """Finds the one that is meant; where several may be, none."""

    def __init__(self, things: Iterable[KnownThing]) -> None:
        self.things = {thing.code: thing for thing in things}
        self.titles: dict[str, tuple[str, ...]] = {}
        """Names of series to their titles, over all things."""
        self._by_name: dict[str, set[str]] = {}
        self._series: dict[str, set[str]] = {}
        for thing in self.things.values():
            for name in (thing.code, *thing.names):
                self._by_name.setdefault(fold(name), set()).add(thing.code)
            for series, titles in thing.series.items():
                self.titles.setdefault(series, titles)
                for title in (series, *titles):
                    self._series.setdefault(fold(title), set()).add(series)

    def thing(self, said: str, measuring: str = "") -> str:
        """The one thing that may be meant, of several the one that measures that and is no sample."""
        if said in self.things:
            return said
        folded = fold(said)
        found = self._by_name.get(folded, set())
        if not found and " " in folded:
            # "Kim Long" for "Trạm thủy văn Kim Long"; but a single word, such as "long", may mean anything.
            ended = (codes for name, codes in self._by_name.items() if name.endswith(f" {folded}"))
            found = set().union(*ended)
        if len(found) > 1 and measuring:
            found = {code for code in found if measuring in self.things[code].series}
        if len(found) > 1:
            found = {code for code in found if not self.things[code].is_sample}
        return next(iter(found)) if len(found) == 1 else ""

    def series(self, said: str, of: str = "") -> str:
        """The one series that may be meant, of a thing where it is known."""
        own = self.things[of].series if of in self.things else None
        folded = fold(said)
        found = set(self._series.get(folded, ()))
        if not found:
            # "Mực nước (m)" for "Mực nước": no more than a unit may follow.
            begun = (
                names
                for title, names in self._series.items()
                if folded.startswith(f"{title} ") and len(folded) - len(title) <= UNIT
            )
            found = set().union(*begun)
        if own is not None:
            found &= set(own)
        return next(iter(found)) if len(found) == 1 else ""

    def target(self, said: str) -> str:
        """The ``thing/series`` that the heading of a wide table may mean, or a person types."""
        before, _, after = said.rpartition("/")
        if (
            before
            and (thing := self.thing(before, self.series(after)))
            and (series := self.series(after, thing))
        ):
            return f"{thing}/{series}"
        thing = self.thing(said)
        if thing and len(self.things[thing].series) == 1:
            return f"{thing}/{next(iter(self.things[thing].series))}"
        return ""

    @property
    def only_series(self) -> str:
        """The one series that all things measure, else empty."""
        return next(iter(self.titles)) if len(self.titles) == 1 else ""

    # --- as people read it, and can type it back

    def thing_named(self, code: str) -> str:
        """The thing's name where no other bears it, else its code."""
        names = self.things[code].names[:1] if code in self.things else ()
        return next((name for name in names if self.thing(name) == code), code)

    def series_named(self, series: str) -> str:
        """The title where no other series bears it, else the name."""
        return next(
            (title for title in self.titles.get(series, ())[:1] if self.series(title) == series), series
        )

    def target_named(self, target: str) -> str:
        """``Kim Long / Mực nước`` for ``hue-kim-long/level``."""
        thing, between, series = target.rpartition("/")
        if not between:
            return self.series_named(target)
        said = f"{self.thing_named(thing)} / {self.series_named(series)}"
        return said if self.target(said) == target else target
