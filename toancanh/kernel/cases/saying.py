"""What was said of a type's fields, checked: the same for a form, an import and a program."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Title
from toancanh.kernel.declare_cases import CaseField
from toancanh.lib.errors import Refused
from toancanh.lib.text import NotText, plain

MOST_LISTED = 30
TRUE = frozenset(("1", "true", "on", "yes", "có"))


class Unsaid(Refused):
    """Something is missing or cannot be; ``field`` names which."""

    code = "unsaid"

    def __init__(self, field: CaseField, message: str) -> None:
        super().__init__(f"{named(field.title)}: {message}")
        self.field = field.name


def named(title: Title) -> str:
    """In the language of whoever reads."""
    return title.en if get_language() == "en" else title.vi


def clean(fields: Iterable[CaseField], said: Mapping[str, Any]) -> dict[str, Any]:
    """Values as a case keeps them: text in NFC, dates as ISO, empty ones left out. Raises Unsaid."""
    found: dict[str, Any] = {}
    for field in fields:
        value = _value(field, said.get(field.name))
        if value not in (None, "", []):
            found[field.name] = value
        elif field.is_required:
            raise Unsaid(field, _("this is needed."))
    return found


def _value(field: CaseField, said: object) -> str | int | float | list[str] | None:
    if said is None or said == "":
        return None
    if field.kind in ("files", "organisations"):
        if not isinstance(said, list | tuple) or len(said) > MOST_LISTED:
            raise Unsaid(field, _("at most 30 are named."))
        return [_text(field, one) for one in said]
    if field.kind == "number":
        return _number(field, said)
    if field.kind == "yes":
        return said is True or str(said).casefold() in TRUE
    text = _text(field, said)
    if field.kind == "date":
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError as fault:
            raise Unsaid(field, _("no day that exists.")) from fault
    if field.kind == "choice" and text and text not in dict(field.choices):
        raise Unsaid(field, _("choose one of those offered."))
    return text


def _number(field: CaseField, said: object) -> int | float:
    try:
        value = float(str(said).replace(",", "."))
    except ValueError as fault:
        raise Unsaid(field, _("this is no number.")) from fault
    if not math.isfinite(value) or not 0 <= value <= field.most:
        raise Unsaid(field, _("a number from 0 to %(most)s is possible.") % {"most": field.most})
    return int(value) if value.is_integer() else value


def _text(field: CaseField, said: object) -> str:
    if not isinstance(said, str):
        raise Unsaid(field, _("this is no text."))
    try:
        text = plain(said)
    except NotText as fault:
        raise Unsaid(field, _("it holds signs that are no text.")) from fault
    if len(text) > field.most:
        told = _("%(count)s characters are too many: at most %(most)s.")
        raise Unsaid(field, told % {"count": len(text), "most": field.most})
    return text
