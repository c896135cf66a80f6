"""The form of one commune, the same for officers and for whoever holds its link."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from toancanh.domains.damage import figures
from toancanh.domains.damage.actions import Doubtful
from toancanh.domains.damage.models import Ask, Report
from toancanh.lib.errors import Refused


def filled(request: HttpRequest, ask: Ask) -> dict[str, Any]:
    """What the form of a commune shows: what was typed, else what it said last."""
    last = ask.reports.order_by("-number").first()
    typed = request.POST if request.method == "POST" else None
    fields = [
        (name, title, typed.get(name, "") if typed is not None else _shown(last, name))
        for name, title in figures.TITLES.items()
    ]
    note = typed.get("note", "") if typed is not None else last.note if last else ""
    key = typed.get("key", "") if typed is not None else str(uuid.uuid4())
    shown = {"ask": ask, "count": ask.of, "last": last, "fields": fields, "note": note, "key": key}
    return {**shown, "fault": "", "questions": [], "name": typed.get("name", "") if typed else ""}


def _shown(last: Report | None, name: str) -> str:
    value = getattr(last, name) if last else None
    return "" if value is None else str(value)


def refused(said: dict[str, Any], fault: Refused) -> dict[str, Any]:
    """The same form with what is wrong, or what is asked once more."""
    if isinstance(fault, Doubtful):
        return {**said, "questions": fault.questions}
    return {**said, "fault": fault.message}


def kept(report: Report) -> HttpResponse:
    """What a phone is told once its figures are on the disk."""
    return JsonResponse({"kept": report.number, "at": report.at.isoformat()})
