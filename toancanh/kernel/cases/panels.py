"""What domains add to the page of a case of theirs: a heading and some lines, told by `CASE_PANELS`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from toancanh.kernel.cases.models import Case
from toancanh.kernel.declare import Actor


@dataclass(frozen=True)
class Panel:
    """A box beside the facts."""

    title: str
    lines: Sequence[str]
    link: str = ""
    """Address of a page that says more, with its words."""
    link_title: str = ""


Maker = Callable[[Case, Actor], Panel | None]
"""Makes a panel with a constant number of queries; None where there is nothing to say."""


def of(case: Case, to: Actor) -> list[Panel]:
    """Panels of a case, in the order of the setting."""
    makers: list[Maker] = [import_string(name) for name in settings.CASE_PANELS.get(case.kind, ())]
    return [panel for make in makers if (panel := make(case, to)) is not None]
