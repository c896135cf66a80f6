"""Which rule a file is read by, and which folders a rule may be set for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from fnmatch import translate

from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange import taking
from toancanh.kernel.exchange.inbox import disk, names
from toancanh.kernel.exchange.inbox.models import Rule
from toancanh.lib.errors import Refused


def plain(text: str) -> str:
    """One spelling of a name: machines of Apple send letters and their marks apart, Windows minds no case."""
    return unicodedata.normalize("NFC", text).casefold()


def above(folder: str) -> Iterator[str]:
    """The folder and all above it, the nearest first."""
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""


class Choice:
    """Which rule a file is read by, made once for many of them.

    It is that of the nearest folder whose pattern fits; of several there, the one with the longest.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._of: dict[str, list[tuple[re.Pattern[str], Rule]]] = {}
        for rule in sorted(rules, key=lambda rule: (len(rule.pattern), rule.pattern), reverse=True):
            pattern = re.compile(translate(plain(rule.pattern)))
            self._of.setdefault(plain(rule.folder), []).append((pattern, rule))
        self._in: dict[str, list[tuple[re.Pattern[str], Rule]]] = {}

    def __call__(self, path: str) -> Rule | None:
        folder, _between, name = path.rpartition("/")
        lines = self._in.get(folder)
        if lines is None:
            lines = [line for one in above(plain(folder)) for line in self._of.get(one, ())]
            self._in[folder] = lines
        name = plain(name) if lines else ""
        return next((rule for pattern, rule in lines if pattern.match(name)), None)


def seen_by(rule: Rule, by: Actor) -> bool:
    """Whether the rule, and what its files hold, is the actor's own or of his units."""
    return rule.actor == by.key or any(rule.root.startswith(path) for path in by.paths(taking.RIGHT))


def folder_named(said: str) -> str:
    """A folder as rules name it; raises Refused where no file could come from it."""
    folder = unicodedata.normalize("NFC", said.replace("\\", "/")).strip().strip("/")
    parts = [part.strip() for part in folder.split("/")] if folder else []
    wrong = any(not part or names.is_ignored(part) or not part.isprintable() for part in parts)
    if wrong or len(parts) > names.DEEPEST or len(folder) > 200:
        told = _("%(folder)s is no folder that is watched; write it like tram-mua/hang-ngay.")
        raise Refused(told % {"folder": said[:80]}, "bad_folder")
    if parts and parts[0] in disk.OWN:
        told = _("Into %(folder)s the program puts what it has read; choose another folder.")
        raise Refused(told % {"folder": parts[0]}, "own_folder")
    return "/".join(parts)


def pattern_named(said: str) -> str:
    """A pattern of names as rules have it."""
    pattern = unicodedata.normalize("NFC", said).strip() or "*"
    if "/" in pattern or "\\" in pattern or len(pattern) > 100 or not pattern.isprintable():
        raise Refused(_("A pattern is of names alone, like mua-*.csv; * stands for anything."), "bad_pattern")
    return pattern
