"""What the organisation in charge has said of an order: its progress and its results, the newest first."""

from __future__ import annotations

from dataclasses import dataclass

from toancanh.domains.directives.kind import EVIDENCE
from toancanh.kernel.cases import attached
from toancanh.kernel.cases.attached import Attached
from toancanh.kernel.cases.models import Case, Event

MOST = 20
"""Reports that a page shows; the whole story stands on the page of the case."""
SAID = {"report": "answer", "progress": "progress"}
"""Moves by which it reports, and the field that has its words."""


@dataclass(frozen=True)
class Result:
    """One report."""

    event: Event
    is_final: bool
    text: str
    percent: int | float | None
    files: tuple[Attached, ...]
    """Proof that came with it."""


def of(case: Case) -> list[Result]:
    """Reports of an order. Two queries."""
    kept = attached.of(case)
    events = case.story.filter(kind="moved", content__move__in=list(SAID)).select_related("person")
    found = []
    for event in events.order_by("-number")[:MOST]:
        said, move = event.content.get("said", {}), event.content["move"]
        files = attached.chosen(kept, said.get(EVIDENCE.name))
        text = str(said.get(SAID[move], ""))
        found.append(Result(event, move == "report", text, said.get("percent"), files))
    return found
