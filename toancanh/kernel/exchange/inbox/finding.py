"""What lies in the watched folder: files that rules take, some of the others, and how many more."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from toancanh.kernel.exchange.inbox.names import DEEPEST, Seen, Way, is_ignored, stamp_of

MOST = 5_000
"""Files that rules take, of one look; what lies beyond has its turn when these are gone."""
IDLE = 1_000
"""Files that no rule takes: pages tell some of them, more are counted and not even looked at."""
NAMES = 50_000
"""Names of one folder that a look goes through."""
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass
class Look:
    """One look; ``takes`` says by the way of a file whether a rule takes it."""

    takes: Callable[[Way], bool]
    own: tuple[str, ...] = ()
    """Folders of the watched one that are the program's."""
    found: list[Seen] = field(default_factory=list)
    more: int = 0
    """Files that were only counted."""
    _taken: int = 0
    _idle: int = 0

    def walk(self, folder: int, way: Way = ()) -> None:
        """Look into the folder, and then into those in it."""
        inner: list[str] = []
        with os.scandir(folder) as entries:
            for entry in islice(entries, NAMES):
                if is_ignored(entry.name) or (not way and entry.name in self.own):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    inner.append(entry.name)
                elif entry.is_symlink() or entry.is_file(follow_symlinks=False):
                    self._file(entry, (*way, entry.name))
        for name in inner:
            self._inner(folder, (*way, name))

    def _file(self, entry: os.DirEntry[str], way: Way) -> None:
        if not self._has_room(way):
            self.more += 1
            return
        try:
            facts = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return
        if stat.S_ISREG(facts.st_mode):
            self.found.append(Seen(way, stamp_of(facts)))
        elif stat.S_ISLNK(facts.st_mode):
            self.found.append(Seen(way, stamp_of(facts), "link"))

    def _has_room(self, way: Way) -> bool:
        """However many wait without a rule, those that have one have their turn."""
        if self.takes(way):
            self._taken += 1
            return self._taken <= MOST
        self._idle += 1
        return self._idle <= IDLE

    def _inner(self, folder: int, way: Way) -> None:
        try:
            facts = os.stat(way[-1], dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return
        if len(way) > DEEPEST:
            self.found.append(Seen(way, stamp_of(facts), "deep"))
            return
        try:
            handle = os.open(way[-1], FOLDER, dir_fd=folder)
        except PermissionError:
            self.found.append(Seen(way, stamp_of(facts), "unreadable"))
            return
        except OSError:
            return  # gone, or another thing by now
        try:
            self.walk(handle, way)
        except PermissionError:
            self.found.append(Seen(way, stamp_of(facts), "unreadable"))
        finally:
            os.close(handle)
