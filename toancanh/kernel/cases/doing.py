"""Somebody before a case, and what can be done about it: what offers and forms have to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.functional import Promise

from toancanh.kernel.cases import access, countdown
from toancanh.kernel.cases.models import Case, Clock, Step, StepRole
from toancanh.kernel.declare import Actor
from toancanh.kernel.declare_cases import CaseField, CaseType, Role

Said = Mapping[str, Any]


@dataclass
class Doing:
    """Somebody before a case: what offers and forms have to know, each asked for once."""

    case: Case
    said: CaseType
    by: Actor

    @cached_property
    def roles(self) -> frozenset[Role]:
        """As whom the actor stands to it."""
        return access.roles(self.case, self.said, self.by)

    @cached_property
    def steps(self) -> list[Step]:
        """Parts of organisations, in their order."""
        rows = self.case.steps.select_related("organisation", "person")
        return list(rows.order_by("round", "turn", "pk"))

    @cached_property
    def clocks(self) -> list[Clock]:
        """Its clocks with what happened to them, the newest round first."""
        rows = self.case.clocks.select_related("calendar").prefetch_related("pauses", "extensions__asked_by")
        return list(rows.order_by("-round", "-is_main", "pk"))

    @cached_property
    def times(self) -> countdown.Times:
        """How their calendars count."""
        return countdown.laid_out(self.clocks)

    @property
    def main(self) -> Clock | None:
        """The clock by which it is on time or late, where it runs."""
        return next((row for row in self.clocks if row.is_main and row.stopped_at is None), None)

    @property
    def waits_for_time(self) -> bool:
        """Whether more time was asked for and nobody has answered."""
        return self.main is not None and any(one.settled_at is None for one in self.main.extensions.all())

    @property
    def own_parts(self) -> list[Step]:
        """Open parts that the actor may report."""
        own = self.by.organisation_path
        return [
            one
            for one in self.steps
            if one.role == StepRole.HELP
            and one.state == "working"
            and (self.by.everywhere or (bool(own) and one.organisation_path.startswith(own)))
        ]


@dataclass(frozen=True)
class Deed:
    """One thing that can be done."""

    name: str
    title: str | Promise
    effect: str | Promise
    """What will happen."""
    icon: str
    is_open: Callable[[Doing], bool]
    asks: Callable[[Doing], Sequence[CaseField]]
    do: Callable[[Doing, Said, int | None], object]
    given: Callable[[Doing], Said] = lambda _doing: {}
    """What stands in the form from the beginning."""
    is_next: bool = False
    """Shown among the next steps rather than behind *more*."""
