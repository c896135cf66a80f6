"""The language in which commands speak, known before Django is set up."""

from __future__ import annotations

import gettext
import os
from pathlib import Path

CATALOGUES = Path(__file__).resolve().parents[1] / "locale"
DOMAIN = "django"
ASKED = ("TOANCANH_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def language() -> str:
    """What the first of `ASKED` that is set says: ``en…`` is English, all else Vietnamese."""
    said = next(filter(None, map(os.environ.get, ASKED)), "")
    return "en" if said.startswith("en") else "vi"


def _(text: str) -> str:
    """The text in that language. Django's own needs the settings, whose reading is what may go wrong."""
    return gettext.translation(DOMAIN, CATALOGUES, [language()], fallback=True).gettext(text)


def teach_argparse() -> None:
    """Let what argparse says by itself (usage, options, refusals) be looked up in our catalogue too."""
    gettext.bindtextdomain(DOMAIN, str(CATALOGUES))
    gettext.textdomain(DOMAIN)
    # The only name that gettext asks before those of the system; what is started from here speaks alike.
    os.environ["LANGUAGE"] = language()
