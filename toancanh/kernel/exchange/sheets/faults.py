"""Why a row or cell was not taken, in the words of whoever made the table."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, Promise] = {
    "no_time": _("No time is given."),
    "bad_time": _("This is no time; write it like 21/11/2026 07:00."),
    "two_clocks": _("The date holds an hour already, beside the column of the hour."),
    "bad_value": _("This is no number; write it like 5,16, without the unit."),
    "formula_error": _("The formula came to no number."),
    "no_thing": _("No station is named."),
    "no_series": _("It is not said what was measured."),
    "twice": _("The file has another value for the same station and time further up."),
    "unknown_thing": _("No active station has this code or name."),
    "unknown_series": _("This station does not measure that."),
    "outside": _("This station belongs to a unit that you do not answer for."),
    "forbidden": _("This way in may not write for this station."),
    "future": _("The time lies ahead."),
    "too_old": _("The time is more than 20 years ago."),
    "conflict": _("Another value is stored for this time."),
    "malformed": _("It cannot be read."),
}


def sentence(code: str) -> Promise | str:
    """What is wrong and, where it is not plain, what to do."""
    return SENTENCES.get(code, code)
