"""What the columns of a table of reports mean, and what its values mean here."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec
from django.utils.translation import gettext as _

from toancanh.domains.reports.importing.headings import FIELDS
from toancanh.lib.errors import Refused

BY_WORDS = "?"
"""In the place of a category: what the words of each report propose."""
LEFT_OUT = "-"
"""In the place of a category, state or organisation: such rows are not wanted."""
STATES = ("received", "assigned", "working", "waiting", "closed", "refused", "withdrawn")
"""Where a report may stand; an empty one follows from what else the row says."""
ENDED = ("closed", "refused", "withdrawn")
CHARGED = ("assigned", "working", "waiting", "closed")
"""States in which an organisation has it or has had it."""
LONGEST_SOURCE = 60


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Columns by their heading (``#3`` for the third where it has none)."""

    source: str = ""
    """What the earlier system is called: two of them may give the same code."""
    sheet: str = ""
    heading: int = 1
    """Row of the headings, counted from 1; 0 where there is none."""
    columns: dict[str, str] = {}
    """Heading to the field that it fills."""
    categories: dict[str, str] = {}
    """What the file calls a category, to its code here, `BY_WORDS` or `LEFT_OUT`."""
    states: dict[str, str] = {}
    organisations: dict[str, str] = {}
    fixed_category: str = ""
    """Where a row names none, or one that nothing was said of. So with those below."""
    fixed_state: str = ""
    fixed_organisation: str = ""
    fixed_unit: str = ""
    zone: str = "Asia/Ho_Chi_Minh"
    day_first: bool = True

    def of(self, field: str) -> frozenset[str]:
        """Headings of the columns that fill a field; PostgreSQL does not keep the order that the file has."""
        return frozenset(name for name, known in self.columns.items() if known == field)


def check(said: Mapping, names: Sequence[str] | None = None) -> None:
    """Raise Refused unless the mapping says all that is needed, about columns that are there."""
    if not said.source.strip():
        raise Refused(_("Say what the system is called that these reports come from."), "no_source")
    if len(said.source) > LONGEST_SOURCE or not said.source.isprintable():
        told = _("The name of the earlier system has at most %(most)s characters that can be printed.")
        raise Refused(told % {"most": LONGEST_SOURCE}, "bad_source")
    if not said.of("received"):
        raise Refused(_("Say which column holds when a report came in."), "no_received")
    if not said.of("words") and not said.of("category"):
        raise Refused(_("Say which column holds what a report is about."), "no_words")
    strange = sorted(set(said.columns.values()) - set(FIELDS))
    if strange:
        raise Refused(_("There is no such meaning: %(names)s.") % {"names": ", ".join(strange)}, "no_field")
    if not set(said.states.values()) | {said.fixed_state} <= {*STATES, "", LEFT_OUT}:
        raise Refused(_("Choose one of what is offered."), "bad_state")
    try:
        ZoneInfo(said.zone)
    except (KeyError, ValueError, OSError) as fault:
        told = _("There is no time zone %(zone)s; write one like Asia/Ho_Chi_Minh or UTC.")
        raise Refused(told % {"zone": said.zone}, "bad_zone") from fault
    missing = [name for name in said.columns if names is not None and name not in names]
    if missing:
        told = _("The table has no column %(missing)s; it has: %(names)s.")
        shown = ", ".join(list(names or [])[:30])
        raise Refused(told % {"missing": ", ".join(missing[:10]), "names": shown}, "no_column")
