"""Finding a report again: by the secret of a link, or by its code, which tells its state alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from toancanh.domains.reports import story
from toancanh.domains.reports.similar import KIND
from toancanh.kernel.cases.access import OPEN_LEVEL
from toancanh.kernel.cases.joining import MERGED
from toancanh.kernel.cases.models import Case
from toancanh.kernel.runtime import rates

missed = rates.buckets(a_minute=6, burst=30)
"""Links that opened nothing, by address: a neighbour's valid one is not counted."""


@dataclass(frozen=True)
class State:
    """Where a report stands, as anybody may know who has its code."""

    code: str
    state: str
    since: datetime
    is_open: bool
    into: str
    """Code of the report into which it was merged."""


def by_code(code: str) -> State | None:
    """Where the report of that code stands; None where there is none."""
    rows = Case.objects.filter(kind=KIND, code=code, level__lte=OPEN_LEVEL)
    case = rows.select_related("organisation").first()
    if case is None:
        return None
    newest = case.story.filter(is_public=True).order_by("-number").first()
    return State(
        code=case.code,
        state=story.state(case),
        since=newest.at if newest else case.opened_at,
        is_open=case.is_open,
        into=into(case),
    )


def into(case: Case) -> str:
    """Code of the report into which it was merged; empty where it was not, or not into an open one.

    By the event of the merging: links are made by hand too, and say nothing of where a report went.
    """
    if case.phase != MERGED:
        return ""
    event = case.story.filter(kind="moved", content__has_key="merged").order_by("-number").first()
    code = event.content["merged"]["into"] if event is not None else ""
    is_open_to_all = Case.objects.filter(kind=case.kind, code=code, level__lte=OPEN_LEVEL).exists()
    return code if is_open_to_all else ""


def link(secret: str) -> str:
    """The path of a party's own page."""
    return f"/pa/{secret}/"
