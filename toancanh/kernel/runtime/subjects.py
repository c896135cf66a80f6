"""Things that pages show, named so that others can link to them: ``alert:12``, ``thing:hue-kim-long``.

Who keeps such things finds them (`SUBJECTS`); domains add boxes to their pages (`Domain.additions`). So work
can be given about a warning, and the warning's page show it, while neither knows of the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from toancanh.kernel import catalogue
from toancanh.kernel.declare import Actor, Box

LONGEST = 120
"""Characters of a name: what a link keeps."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Something that a page shows, in the language of the reader."""

    key: str
    kind: str
    """What it is, as a word."""
    title: str
    url: str
    unit_code: str = ""
    """Where it lies."""
    words: str = ""
    """How it stands, in a sentence with which something about it may begin."""


Finder = Callable[[str, Actor], Subject | None]
"""Takes what stands behind the colon; None where there is no such thing, or not for this reader."""


def find(key: str, to: Actor) -> Subject | None:
    """The subject of that name, where the reader may see it."""
    kind, _colon, rest = key.partition(":")
    if len(key) > LONGEST or not rest or kind not in settings.SUBJECTS:
        return None
    finder: Finder = import_string(settings.SUBJECTS[kind])
    return finder(rest, to)


def boxes(key: str, to: Actor) -> list[Box]:
    """What the domains have to say on the page of that subject."""
    made = (one.box(key, to) for domain in catalogue.domains() for one in domain.additions)
    return [box for box in made if box is not None]
