"""The figures of a report: what they are called, what can be a figure, and what is asked about twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from toancanh.lib.errors import Refused

NAMES = ("flooded", "evacuated", "evacuees", "injured", "dead", "missing", "houses", "loss")
TITLES: dict[str, str | Promise] = {
    "flooded": lazy("Flooded households"),
    "evacuated": lazy("Evacuated households"),
    "evacuees": lazy("Evacuated people"),
    "injured": lazy("Injured"),
    "dead": lazy("Dead"),
    "missing": lazy("Missing people"),
    "houses": lazy("Damaged houses"),
    "loss": lazy("Estimated damage (million VND)"),
}
MOST = 9_999_999
PEOPLE_A_HOUSEHOLD = 20
MANY = 20
"""Casualties of one commune that are asked about twice."""
LEAP = 10
"""How many times more than before is asked about twice."""
LONGEST_NOTE = 1_000


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a commune says; None: not said."""

    flooded: int | None = None
    evacuated: int | None = None
    evacuees: int | None = None
    injured: int | None = None
    dead: int | None = None
    missing: int | None = None
    houses: int | None = None
    loss: int | None = None
    note: str = ""

    def get(self, name: str) -> int | None:
        """The figure of that name."""
        found: int | None = getattr(self, name)
        return found


def said(form: Mapping[str, str]) -> Figures:
    """What a form says; raises Refused for what is no figure, or where nothing is said."""
    values = {name: _figure(name, form.get(name, "")) for name in NAMES}
    note = " ".join(form.get("note", "").replace("\0", "").split(" ")).strip()
    if len(note) > LONGEST_NOTE:
        raise Refused(_("A note has at most 1000 characters."), "bad_note")
    if all(value is None for value in values.values()) and not note:
        raise Refused(_("Fill in at least one figure; write 0 where nothing has happened."), "nothing_said")
    return Figures(**values, note=note)


def _figure(name: str, text: str) -> int | None:
    plain = text.strip().replace(".", "").replace(" ", "").replace("\u00a0", "")
    if not plain:
        return None
    if not (plain.isascii() and plain.isdigit()) or len(plain) > 12 or int(plain) > MOST:
        told = _("%(title)s: write a whole number from 0 to 9,999,999, or leave it empty.")
        raise Refused(told % {"title": TITLES[name]}, "bad_figure")
    return int(plain)


def questions(now: Figures, before: Figures | None) -> list[str]:
    """What is so unlikely that whoever says it is asked again; empty where nothing is."""
    asked = []
    if now.evacuated and now.evacuees is not None and now.evacuees < now.evacuated:
        asked.append(_("Fewer people than households were evacuated."))
    if now.evacuated and now.evacuees and now.evacuees > now.evacuated * PEOPLE_A_HOUSEHOLD:
        asked.append(_("More than 20 people were evacuated for each household."))
    for name in ("injured", "dead", "missing"):
        value, old = now.get(name), before.get(name) if before else None
        if value is not None and value > MANY and value != old:
            asked.append(_("%(title)s: %(value)s.") % {"title": TITLES[name], "value": value})
    if before is None:
        return asked
    for name in NAMES:
        value, old = now.get(name), before.get(name)
        if old and value is not None and value > old * LEAP and value > 100:
            told = _("%(title)s: %(value)s, before it was %(old)s.")
            asked.append(told % {"title": TITLES[name], "value": value, "old": old})
        if name in ("dead", "flooded") and old and value == 0:
            told = _("%(title)s: 0, before it was %(old)s.")
            asked.append(told % {"title": TITLES[name], "old": old})
        if old is not None and value is None:
            told = _("%(title)s: left empty, before it was %(old)s.")
            asked.append(told % {"title": TITLES[name], "old": old})
    return asked
