"""What codes of reports are called: categories, channels, clocks, in the language of whoever reads."""

from __future__ import annotations

from django.utils.translation import gettext as _

from toancanh.domains.reports import categories as said
from toancanh.kernel.cases.models import Case

CHANNELS = ("portal", "phone", "desk", "zalo", "email", "open311", "import", "sensor")
"""Ways by which reports come."""


def channels() -> dict[str, str]:
    """Every channel with its name."""
    named = {
        "portal": _("Portal"),
        "phone": _("By phone"),
        "desk": _("At the desk"),
        "zalo": "Zalo",
        "email": _("E-mail"),
        "open311": "Open311",
        "import": _("Imported"),
        "sensor": _("Sensor"),
    }
    return {code: named[code] for code in CHANNELS}


def choices() -> list[tuple[str, str]]:
    """The categories of today, groups apart, in their order."""
    return [(code, said.title(row)) for code, row in said.in_force().items() if row.parent]


def categories() -> dict[str, str]:
    """Every category with its name; a code that only old reports bear names itself."""
    named = dict(choices())
    rows = Case.objects.filter(kind="reports.report").exclude(category="").order_by("category")
    return {code: code for code in rows.values_list("category", flat=True).distinct()} | named
