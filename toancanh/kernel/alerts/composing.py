"""Conditions of two or three parts, as administrators put them together: what each looks at, how they join.

A shape says as text which parts there are: ``every=value.level+rate.level+sum.G7/rain``. Limits are typed in
the form; a shape that people have not filled in yet has none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, cast

from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.declare import Bands, Condition, Either, Every, SeriesType, Silence
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.telemetry.features import said
from toancanh.lib.errors import Refused

MOST = 3
"""Parts that people put together; declared ones may be richer."""
OF = ("value", "rate", "sum", "silence")
WINDOW_S = {"value": 0, "rate": 1800, "sum": 3600}
VALID_S = 3600
Leaf = Bands | Silence


@dataclass(frozen=True)
class Shape:
    """The parts of a condition without their limits."""

    join: str
    """``every``, ``either``, or empty for a single part."""
    parts: tuple[tuple[str, str], ...]
    """What of which series; that of another station bears its code: ``G7/rain``."""

    def __str__(self) -> str:
        return f"{self.join or 'every'}=" + "+".join(".".join(part) for part in self.parts)

    @classmethod
    def of(cls, condition: Condition) -> Shape | None:
        """The shape of a condition; None of one that is richer than what can be put together here."""
        parts = condition.parts if isinstance(condition, Every | Either) else (condition,)
        if len(parts) > MOST or any(isinstance(part, Every | Either) for part in parts):
            return None
        join = {Every: "every", Either: "either"}.get(type(condition), "")
        return cls(join, tuple(_looks_at(cast(Leaf, part)) for part in parts))

    @classmethod
    def read(cls, text: str, join: str, kind: str) -> Shape:
        """A shape that a page sent; raises Refused where it is none."""
        parts = tuple(_part(one, kind) for one in text.partition("=")[2].split("+"))
        if not 1 <= len(parts) <= MOST:
            raise Refused(_("A rule has one to three parts."), "parts")
        return cls(("either" if join == "either" else "every") if len(parts) > 1 else "", parts)

    def with_part(self, of: str, series: str, kind: str) -> Shape:
        """One part more."""
        if len(self.parts) >= MOST:
            raise Refused(_("A rule has one to three parts."), "parts")
        return Shape(self.join or "every", (*self.parts, _part(f"{of}.{series}", kind)))

    def without_last(self) -> Shape:
        """One part less."""
        parts = self.parts[:-1] or self.parts
        return Shape(self.join if len(parts) > 1 else "", parts)

    def filled(self, condition: Condition) -> Condition:
        """The parts with the limits that the condition has for the same; new ones without any."""
        whole = condition.parts if isinstance(condition, Every | Either) else (condition,)
        known = [part for part in whole if not isinstance(part, Every | Either)]
        parts = tuple(_like(part, known[n] if n < len(known) else None) for n, part in enumerate(self.parts))
        if not self.join:
            return parts[0]
        if self.join == "either":
            return Either(parts=parts)
        return Every(parts=parts, valid_s=condition.valid_s if isinstance(condition, Every) else VALID_S)


def _looks_at(part: Leaf) -> tuple[str, str]:
    return ("silence" if isinstance(part, Silence) else part.of, part.series)


def _like(part: tuple[str, str], known: Leaf | None) -> Leaf:
    if known is not None and _looks_at(known) == part:
        return known
    of, series = part
    if of == "silence":
        return Silence(series=series, after_s=0)
    kept = cast(Literal["value", "rate", "sum"], of)
    return replace(Bands(series=series, lines=()), of=kept, window_s=WINDOW_S[of])


def _part(text: str, kind: str) -> tuple[str, str]:
    of, _dot, series = text.partition(".")
    if of not in OF:
        raise Refused(_("Choose what the part looks at."), "part")
    declared(kind, series)
    return of, series


def declared(kind: str, series: str) -> SeriesType:
    """What the series of a part measures; raises Refused where nothing of that name does."""
    code, slash, name = series.rpartition("/")
    if slash:
        of = Thing.objects.filter(code=code, is_active=True).values_list("kind", flat=True).first()
        if of is None:
            raise Refused(_("There is no station with the code %(code)s.") % {"code": code}, "no_station")
        kind = of
    found = catalogue.series_type(kind, name)
    if found is None:
        told = _("A station of this kind does not measure %(name)s; it measures: %(names)s.")
        raise Refused(told % {"name": name, "names": _measured(kind)}, "no_series")
    return found


def unit(kind: str, series: str) -> str:
    """The unit of a series; empty where it is not known any more."""
    try:
        return declared(kind, series).unit
    except Refused:
        return ""


def _measured(kind: str) -> str:
    thing = catalogue.thing_type(kind)
    return ", ".join(f"{said(one.title)} ({one.name})" for one in thing.series) if thing else ""


def choices() -> list[tuple[str, str]]:
    """What a new part may look at: the key of a series and its name, over all kinds."""
    found = {one.name: said(one.title) for kind in catalogue.thing_types().values() for one in kind.series}
    return sorted(found.items(), key=lambda item: item[1])


def looked_at() -> list[tuple[str, str]]:
    """What of a series a part may judge, in words."""
    words = {
        "value": _("the reading itself"),
        "rate": _("its rise per hour"),
        "sum": _("its sum over a time"),
        "silence": _("that nothing is heard"),
    }
    return [(of, words[of]) for of in OF]


def title(kind: str, part: tuple[str, str]) -> str:
    """A part in words, such as ``Mực nước: mức tăng mỗi giờ``."""
    of, series = part
    code, _slash, _name = series.rpartition("/")
    try:
        name = said(declared(kind, series).title)
    except Refused:
        name = series
    return f"{name}{f' ({code})' if code else ''}: {dict(looked_at())[of]}"
