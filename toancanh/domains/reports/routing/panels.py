"""“Why this organisation” on the page of a report."""

from __future__ import annotations

from django.utils.translation import gettext as _

from toancanh.domains.reports import naming
from toancanh.domains.reports.routing import words
from toancanh.domains.reports.routing.arranging import RIGHT
from toancanh.domains.reports.routing.models import Routed
from toancanh.kernel.cases.models import Case
from toancanh.kernel.cases.panels import Panel
from toancanh.kernel.declare import Actor
from toancanh.web import formats


def why(case: Case, to: Actor) -> Panel | None:
    """What the rules said when it was passed on last, or when it came. At most two queries."""
    rows = list(
        Routed.objects.filter(case=case)
        .select_related("rule__unit", "organisation", "given")
        .order_by("-number")
    )
    if not rows:
        return None
    row, lines = rows[0], []
    if row.by_program and row.confidence is not None:
        told = _("Passed on without a person: proposed by earlier decisions with %(percent)s%% confidence.")
        lines.append(told % {"percent": round(100 * row.confidence)})
    if row.rule is not None:
        named = naming.categories() if "category" in row.why else {}
        lines.append(_("Rule “%(name)s”: %(who)s") % {"name": row.rule.name, "who": row.organisation})
        lines += [words.condition(name, row.rule, named) for name in row.why]
    elif not row.by_program:
        lines.append(_("No rule fits: the desk decides."))
    if row.given is not None and row.rule is not None and row.given != row.organisation:
        lines.append(_("The desk passed it on to %(who)s instead.") % {"who": row.given})
    for back in rows:
        if back.returned_at is not None:
            facts = {"who": back.given, "at": formats.moment(back.returned_at), "why": back.return_reason}
            lines.append(_("%(who)s sent it back at %(at)s: %(why)s") % facts)
    link = f"/console/reports/routing/{row.rule_id}/" if row.rule_id and to.paths(RIGHT) else ""
    return Panel(_("Why this organisation"), lines, link, _("The rule"))
