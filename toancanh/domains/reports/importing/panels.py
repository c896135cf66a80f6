"""“Taken over from” on the page of a report that an earlier system had."""

from __future__ import annotations

from django.utils.translation import gettext as _

from toancanh.domains.reports.importing.actions import RIGHT, sees
from toancanh.domains.reports.importing.models import ImportedRow
from toancanh.kernel.cases.models import Case
from toancanh.kernel.cases.panels import Panel
from toancanh.kernel.declare import Actor
from toancanh.web import formats


def brought(case: Case, to: Actor) -> Panel | None:
    """From which system, file and row it came. One query."""
    row = ImportedRow.objects.filter(case=case).select_related("of").defer("of__book").first()
    if row is None:
        return None
    facts = {
        "file": row.of.file,
        "row": row.number,
        "who": row.of.made_by,
        "at": formats.moment(row.of.made_at),
    }
    lines = [str(row.of.mapping.get("source", ""))]
    if code := case.facts.get("old_code"):
        lines.append(_("Its code there: %(code)s") % {"code": code})
    lines.append(_("Row %(row)s of %(file)s, brought by %(who)s at %(at)s") % facts)
    lines.append(_("Of what happened before, nobody was told by this system."))
    may = bool(to.paths(RIGHT)) and sees(row.of, to)
    link = f"/console/reports/import/{row.of_id}/" if may else ""
    return Panel(_("Taken over from an earlier system"), lines, link, _("The import"))
