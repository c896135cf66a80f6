"""Warnings as others speak of them."""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.runtime.subjects import Subject
from toancanh.kernel.warnings import queries, texts
from toancanh.lib.errors import NotFound


def find(rest: str, to: Actor) -> Subject | None:
    """The message with that number of its row, where the reader may see it."""
    if not (rest.isascii() and rest.isdigit() and len(rest) < 10):
        return None
    try:
        found = queries.one(int(rest), to)
    except NotFound:
        return None
    text = texts.of(found, "en" if get_language() == "en" else "vi")
    return Subject(
        key=f"warning:{found.pk}",
        kind=_("Warning"),
        title=" · ".join(part for part in (found.number or _("Draft"), text.headline) if part),
        url=f"/console/warnings/{found.pk}/",
        words=text.headline,
    )
