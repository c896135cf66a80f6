"""What the organisation in charge has said of an order: its progress and its results, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
    files: list[Any]


def of(case: Case) -> list[Result]:
    """Reports of an order. One query."""
    events = case.story.filter(kind="moved", content__move__in=list(SAID)).select_related("person")
    found = []
    for event in events.order_by("-number")[:MOST]:
        said, move = event.content.get("said", {}), event.content["move"]
        text = str(said.get(SAID[move], ""))
        found.append(Result(event, move == "report", text, said.get("percent"), []))
    return found
