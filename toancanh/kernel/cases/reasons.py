"""Words that people write beside what they do: in one normal form, neither empty nor endless."""

from __future__ import annotations

import unicodedata

from django.utils.translation import gettext as _

from toancanh.lib.errors import Refused

LONGEST = 500


def written(said: str, most: int = LONGEST, *, code: str = "no_reason") -> str:
    """The text as it is kept. Raises Refused where nothing is said, too much, or what is no text."""
    text = unicodedata.normalize("NFC", said.replace("\r\n", "\n")).strip()
    if "\0" in text or any(unicodedata.category(one) == "Cs" for one in text):
        raise Refused(_("The text holds signs that are no text; type it anew."), "bad_text")
    if not text or len(text) > most:
        raise Refused(_("Write something in at most %(most)s characters.") % {"most": most}, code)
    return text
