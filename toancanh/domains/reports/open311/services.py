"""What can be reported, as services: the categories of today, and what may be said of each beside words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from toancanh.domains.reports import categories, places
from toancanh.domains.reports.models import Category
from toancanh.domains.reports.open311.answers import Fact, Missing

UNIT, MEANT = "unit", "meant"
"""Attributes that every service takes."""
MEANT_YES = "yes"


def listed() -> list[Fact]:
    """Every category that a new report may bear, in its order."""
    heads = categories.in_force()
    return [
        {
            "service_code": code,
            "service_name": categories.title(row),
            "description": _about(row, heads),
            # By the specification true only where something more has to be said; here all of it is optional.
            "metadata": False,
            "type": "realtime",
            "keywords": ", ".join(row.keywords),
            "group": _group(row, heads),
        }
        for code, row in categories.choosable().items()
    ]


def _group(row: Category, heads: dict[str, Category]) -> str:
    head = heads.get(row.parent)
    return categories.title(head) if head is not None else row.parent


def _about(row: Category, heads: dict[str, Category]) -> str:
    name = {"group": _group(row, heads), "name": categories.title(row)}
    if row.days is None:
        return _("%(group)s: %(name)s.") % name
    return _("%(group)s: %(name)s. Answered within %(days)s working days.") % {**name, "days": row.days}


def service(code: str) -> Category:
    """The category of that code, for a new report. Raises Missing."""
    row = categories.choosable().get(code)
    if row is None:
        text = _("There is no service of the code %(code)s. The list of services has those in force.")
        raise Missing(text % {"code": code[:60]})
    return row


def definition(code: str) -> Fact:
    """The attributes of a service: none has to be given."""
    service(code)
    units: list[Fact] = [{"key": key, "name": name} for key, name in places.choosable()]
    return {
        "service_code": code,
        "attributes": [
            {
                "variable": True,
                "code": UNIT,
                "datatype": "singlevaluelist",
                "required": False,
                "datatype_description": _("Only where neither a point nor an address is known."),
                "order": 1,
                "description": _("Ward or commune"),
                "values": units,
            },
            {
                "variable": True,
                "code": MEANT,
                "datatype": "singlevaluelist",
                "required": False,
                "datatype_description": _("Only after a refusal that asks for it."),
                "order": 2,
                "description": _("It is a report, though its words read like a complaint or denunciation"),
                "values": [{"key": MEANT_YES, "name": _("Yes")}],
            },
        ],
    }
