"""One row becomes a report with its history, by the engine's own actions; and is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from toancanh.domains.reports import categories
from toancanh.domains.reports.importing.judging import Facts
from toancanh.domains.reports.importing.models import ImportedRow, ReportImport, Verdict
from toancanh.domains.reports.routing import taking
from toancanh.kernel.cases import clocks, moving, opening, parties, past, searching
from toancanh.kernel.cases.models import Case, Link, PartyRole
from toancanh.kernel.cases.parties import Contact
from toancanh.kernel.cases.writing import writing
from toancanh.kernel.declare import program
from toancanh.kernel.declare_cases import Term
from toancanh.kernel.journal import actions as journal

BY = program("report-import")
CHANNEL = "import"
MINUTE = timedelta(minutes=1)
NO_ANSWER = "Hệ thống cũ không lưu nội dung trả lời."
"""Kept in Vietnamese, as all that is said of cases is."""
NO_REASON = "Hệ thống cũ không lưu lý do."
Step = tuple[datetime, bool, str, dict[str, Any]]
"""When, whether that is assumed, the move, and what it asks."""


def bring(said: Facts, source: str, number: int, of: ReportImport) -> ImportedRow:
    """Open it and let happen what had happened, each thing at its own time; within a transaction.

    Nobody is told of the past; from now on it is a report like others. A term is counted where the row names
    one; what is still open without one begins its term today.
    """
    with past.at(said.received, source):
        case = opening.open(taking.KIND, _opened(said), by=BY)
        if said.name or said.phone or said.state == "withdrawn":
            # A number that nobody has shown to be his: the desk may call it, no message ever goes there.
            contact = Contact(name=said.name, unproven=said.phone)
            parties.join(case, PartyRole.REPORTER, contact, by=BY)
    for at, is_assumed, name, asked in _steps(said):
        with past.at(at, source, is_assumed=is_assumed):
            by = parties.actor(case.parties.get()) if name == "withdraw" else BY
            event = moving.move(case, name, asked, by=by)
            if name == "accept":
                # The desk's decision of then: what is learned from, and why this organisation has it.
                taking.passed_on(event)
    if said.state == "received":
        taking.keep(case, 1, taking.judged(case, case.opened_at), case.opened_at)
    with writing(case, by=BY) as on:
        told = clocks.follow(on, categories.terms(case.category)) if on.case.is_open else []
        content = {"source": source, "file": of.file, "row": number, "code": said.old_code, "clocks": told}
        on.tell("brought_in", content)
    return ImportedRow.objects.create(
        of=of, number=number, verdict=Verdict.NEW, case=case, code=case.code, until=case.number
    )


def _opened(said: Facts) -> opening.Said:
    minutes = max(1, (said.due - said.received) // MINUTE) if said.due else 0
    return opening.Said(
        title=said.title,
        unit=said.unit,
        words=said.words,
        facts={"old_code": said.old_code} if said.old_code else {},
        lon=said.lon,
        lat=said.lat,
        address=said.address,
        category=said.category,
        channel=CHANNEL,
        key=said.key,
        # A moment that was promised stays that moment, whatever calendar made it.
        terms={"handle": Term(minutes, "minute", of="wall")} if minutes else {},
    )


def _steps(said: Facts) -> Iterator[Step]:
    """The moves that lead to where it stands. Those whose time is not known stand at one that is."""
    ended = said.closed or said.received
    if said.state == "refused":
        yield ended, False, "refuse", {"reason": (said.answer or NO_REASON)[:2000]}
    elif said.state == "withdrawn":
        yield ended, False, "withdraw", {}
    elif said.state != "received":
        passed = said.passed or said.received
        yield passed, said.passed is None, "accept", {"organisation": said.organisation}
        if said.state != "assigned":
            yield passed, True, "take", {}
        if said.state == "waiting":
            yield passed, True, "wait", {"reason": (said.answer or NO_REASON)[:2000]}
        if said.state == "closed":
            yield ended, True, "answer", {"answer": said.answer or NO_ANSWER}
            yield ended, False, "publish", {}


def take_back(row: ImportedRow) -> bool:
    """Destroy the case of a row unless somebody has worked on it since; within a transaction."""
    case = Case.objects.select_for_update(of=("self",)).filter(pk=row.case_id or 0).first()
    if case is not None and is_touched(case, row):
        row.verdict = Verdict.LEFT
        row.save(update_fields=["verdict"])
        return False
    if case is not None:
        content = {"import": row.of_id, "row": row.number}
        journal.record("reports.taken_back", f"case:{case.code}", by=BY, content=content)
        searching.forget([case.pk])
        case.delete()
    row.verdict, row.case = Verdict.WITHDRAWN, None
    row.save(update_fields=["verdict", "case"])
    return True


def is_touched(case: Case, row: ImportedRow) -> bool:
    """Whether anything happened to it after it was brought: an event, a follower, a part, a link, a hold."""
    return (
        case.number != row.until
        or bool(case.followers or case.hold)
        or case.parts.exists()
        or Link.objects.filter(Q(case=case) | Q(to=case)).exists()
        or case.ratings.exists()
    )
