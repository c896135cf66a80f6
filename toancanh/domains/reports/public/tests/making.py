"""Reports for tests of what the public sees, made by the actions that people use."""

from __future__ import annotations

from typing import Any

from tests.office import Office
from toancanh.domains.reports.triage import actions
from toancanh.kernel.cases import moving
from toancanh.kernel.cases.models import Case


def publish(desk: Office, case: Case, title: str = "Nắp cống vỡ", words: str = "Đã vỡ ba ngày") -> Case:
    """Publish a text of it; returns the case as it is then."""
    actions.publish_text(case, title, words, by=desk.desk, is_published=True)
    case.refresh_from_db()
    return case


def published(desk: Office, title: str = "Nắp cống vỡ", **more: Any) -> Case:
    """A report with a public text."""
    return publish(desk, desk.report(**{"title": "lời riêng", "category": "water.drain", **more}), title)


def accepted(desk: Office, case: Case) -> Case:
    """Passed on to the office of roads."""
    moving.move(case, "accept", {"organisation": desk.roads.code}, by=desk.desk)
    return case


def answered(desk: Office, case: Case, words: str = "Đã thay nắp cống") -> Case:
    """Answered by it, and the answer published."""
    accepted(desk, case)
    moving.move(case, "answer", {"answer": words}, by=desk.engineer)
    moving.move(case, "publish", by=desk.desk)
    return case
