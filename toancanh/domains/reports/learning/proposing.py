"""What words of a report mean by what was learned: three proposals, and whether one may act alone."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.domains.reports.learning.bayes import Model, Tried, surest
from toancanh.domains.reports.learning.models import Learned, Target, Trust
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, Refused
from toancanh.lib.fold import fold

RIGHT = "cases.arrange"
FEWEST_TRIED = 30
"""Later reports below which no precision is taken for proven."""

_lock = threading.Lock()
_read: dict[str, tuple[int, Model]] = {}


@dataclass(frozen=True)
class Proposal:
    """A category or an organisation by its code, and how surely."""

    code: str
    confidence: float


def three(target: str, text: str) -> list[Proposal]:
    """The three likeliest, the likeliest first; none while nothing was learned."""
    model = _model(target)
    if model is None or not text.strip():
        return []
    return [Proposal(code, confidence) for code, confidence in model.ranked(fold(text))[:3]]


def newest(target: str) -> Learned | None:
    """The training in force, without the model itself."""
    rows = Learned.objects.filter(target=target).defer("content")
    return rows.order_by("-pk").first()


def _model(target: str) -> Model | None:
    pk = Learned.objects.filter(target=target).order_by("-pk").values_list("pk", flat=True).first()
    if pk is None:
        return None
    with _lock:
        known = _read.get(target)
        if known is None or known[0] != pk:
            content = Learned.objects.values_list("content", flat=True).get(pk=pk)
            known = _read[target] = (pk, Model.from_json(content))
    return known[1]


def trust() -> Trust | None:
    """The setting in force."""
    return Trust.objects.order_by("-pk").first()


def alone_from() -> float | None:
    """The confidence from which on a proposed organisation may be taken without a person; None: never."""
    said, learned = trust(), newest(Target.ORGANISATION)
    if said is None or said.precision is None or learned is None or learned.tried < FEWEST_TRIED:
        return None
    tried = [Tried(confidence, bool(is_right), bool(is_right)) for confidence, is_right in learned.trials]
    return surest(tried, said.precision)


@transaction.atomic
def set_trust(precision: float | None, *, by: Actor, reason: str) -> Trust:
    """Say how precise proposals must be proven on later data to act alone; None: never."""
    if not by.paths(RIGHT):
        raise NotAllowed(_("Routing is arranged by the administrator of your locality."))
    if precision is not None and not 0.5 <= precision <= 1:
        raise Refused(_("The precision lies between 50 and 100%."), "bad_precision")
    if not reason.strip() or len(reason) > 300:
        raise Refused(_("Give a reason in at most 300 characters."), "no_reason")
    row = Trust.objects.create(since=clock.now(), precision=precision, reason=reason.strip(), set_by=by.key)
    told = {"precision": precision, "reason": row.reason}
    journal.record("reports.trust_set", f"trust:{row.pk}", by=by, content=told)
    return row


def forget() -> None:
    """Read everything anew."""
    _read.clear()
