"""Something that is wrong with an installation, in words that say what to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong, and the step that mends it; ``code`` is stable for programs."""

    code: str
    is_grave: bool
    what: str
    mend: str
