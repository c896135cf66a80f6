"""Words that people write beside what they do: in one normal form, neither empty nor endless."""

from __future__ import annotations

from django.utils.translation import gettext as _

from toancanh.lib.errors import Refused
from toancanh.lib.text import NotText, plain

LONGEST = 500


def written(said: str, most: int = LONGEST, *, code: str = "no_reason") -> str:
    """The text as it is kept. Raises Refused where nothing is said, too much, or what is no text."""
    text = kept(said)
    if not text or len(text) > most:
        raise Refused(_("Write something in at most %(most)s characters.") % {"most": most}, code)
    return text


def kept(said: str) -> str:
    """The text as it is kept, however long, empty or not. Raises Refused for what is no text."""
    try:
        return plain(said)
    except NotText as fault:
        raise Refused(_("The text holds signs that are no text; type it anew."), "bad_text") from fault
