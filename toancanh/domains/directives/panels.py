"""What the page of an order says beside its facts: how far it is, and how far its parts are."""

from __future__ import annotations

from statistics import fmean

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel.cases.models import Case
from toancanh.kernel.cases.panels import Panel
from toancanh.kernel.declare import Actor
from toancanh.web import formats


def progress(case: Case, _to: Actor) -> Panel | None:
    """Its own last figure, and the mean of its parts. One query."""
    said = case.facts.get("percent")
    lines = [_("Reported: %(n)s %% done") % {"n": _number(said)}] if said is not None else []
    parts = list(case.parts.exclude(phase="withdrawn").only("is_open", "facts"))
    if parts:
        over = sum(not one.is_open for one in parts)
        lines.append(_("%(over)s of %(n)s parts ended") % {"over": over, "n": len(parts)})
        done = fmean(100.0 if not one.is_open else float(one.facts.get("percent") or 0) for one in parts)
        lines.append(_("Mean of the parts: %(n)s %% done") % {"n": _number(round(done))})
    return Panel(_("Progress"), lines) if lines else None


def _number(value: float) -> str:
    return formats.number(value, None, get_language() or "vi")
