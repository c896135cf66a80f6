"""Tells organisations of orders, and those who gave them of what is asked: moves tell by the kind itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toancanh.domains.directives.kind import KIND
from toancanh.kernel.cases import telling, types
from toancanh.kernel.cases.models import Event
from toancanh.kernel.declare import Title
from toancanh.kernel.declare_cases import CaseMessage

NEW = Title("“{title}”, hạn {due}.", "“{title}”, due {due}.")
GIVEN = (
    CaseMessage("lead", Title("{code}: việc mới được giao", "{code}: you are given work"), NEW),
    CaseMessage("helpers", Title("{code}: việc mới cần phối hợp", "{code}: your help is asked"), NEW),
)
ASKED = (
    CaseMessage(
        "giver",
        Title("{code}: xin thêm thời gian", "{code}: more time is asked for"),
        Title("{organisation} xin gia hạn “{title}”.", "{organisation} asks for more time for “{title}”."),
    ),
)
SETTLED = (
    CaseMessage(
        "lead",
        Title("{code}: đã trả lời đề nghị gia hạn", "{code}: your request for more time is answered"),
        NEW,
    ),
)
URGED = (
    CaseMessage(
        "lead",
        Title("{code}: lãnh đạo đôn đốc", "{code}: you are urged"),
        Title("“{title}”, hạn {due}: mở việc để xem.", "“{title}”, due {due}: open it to read."),
    ),
)


def opened(payload: Mapping[str, Any]) -> None:
    """Reaction to ``cases.opened``: who has to do it, and who is to help, hear of it."""
    _tell(payload, GIVEN)


def extension_asked(payload: Mapping[str, Any]) -> None:
    """Reaction to ``cases.extension_asked``: who gave it decides."""
    _tell(payload, ASKED)


def extension_settled(payload: Mapping[str, Any]) -> None:
    """Reaction to ``cases.extension_settled``: the organisation hears by when it is due now."""
    _tell(payload, SETTLED)


def urged(payload: Mapping[str, Any]) -> None:
    """Reaction to ``cases.urged``: the organisation in charge is called to it."""
    _tell(payload, URGED)


def _tell(payload: Mapping[str, Any], told: tuple[CaseMessage, ...]) -> None:
    if payload["kind"] != KIND:
        return
    event = Event.objects.select_related("case__organisation", "case__unit", "case__opened_by").get(
        case=payload["case"], number=payload["number"]
    )
    said = types.by_key(event.case.version_id)
    for message in told:
        telling.send(event, said, message)
