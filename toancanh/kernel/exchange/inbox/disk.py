"""The watched folder as it lies on the disk: files found, taken aside, and put away.

Every step goes through descriptors of folders and follows no link, so that whoever may write to the share can
neither have a file from elsewhere read nor have one written elsewhere. A file is moved by renaming alone: of
several workers one succeeds, and a kill leaves it at one place or the other.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from toancanh.kernel.exchange.inbox.finding import FOLDER, Look
from toancanh.kernel.exchange.inbox.names import Changed, Seen, Way, stamp_of

DONE, REFUSED, ASIDE, KEY = "done", "refused", ".taking", ".inbox"
OWN = (DONE, REFUSED)
LONGEST = 200
"""Bytes of a name that the names beside it leave room for."""
# Opening a pipe that somebody put there must not wait for its other end.
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Inbox:
    """One watched folder. It may itself be a link that the administrator has set; nothing in it may."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self, key: str) -> str:
        """Make what is missing; the name under which workers of all machines know this folder.

        Raises OSError where it cannot be read and written.
        """
        self.path.mkdir(exist_ok=True)
        with self._at(()) as root:
            for name in (DONE, REFUSED, ASIDE):
                with suppress(FileExistsError):
                    os.mkdir(name, dir_fd=root)
            self.check()
            if not (known := self._key(root)):
                _write(root, f"{KEY}.{key}", f"{key}\n".encode())
                # Of two workers that make it at once, the first decides.
                with suppress(FileExistsError):
                    os.link(f"{KEY}.{key}", KEY, src_dir_fd=root, dst_dir_fd=root, follow_symlinks=False)
                os.unlink(f"{KEY}.{key}", dir_fd=root)
                known = self._key(root)
        return known

    def check(self) -> None:
        """Raise OSError where what is there of the folder and its own folders cannot be read and written."""
        for name in (".", DONE, REFUSED, ASIDE):
            with suppress(FileNotFoundError), self._at((name,)) as folder:
                os.scandir(folder).close()
                if not os.access(".", os.W_OK | os.X_OK, dir_fd=folder, effective_ids=True):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self.path / name))

    def _key(self, root: int) -> str:
        try:
            handle = os.open(KEY, FILE, dir_fd=root)
        except FileNotFoundError:
            return ""
        with os.fdopen(handle, "rb") as file:
            return file.read(64).decode("ascii", "replace").strip()

    @contextmanager
    def _at(self, way: Way, *, make: bool = False) -> Iterator[int]:
        """The folder at the end of the way, never through a link."""
        handle = os.open(self.path, FOLDER & ~os.O_NOFOLLOW)
        try:
            for name in way:
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(name, dir_fd=handle)
                inner = os.open(name, FOLDER, dir_fd=handle)
                os.close(handle)
                handle = inner
            yield handle
        finally:
            os.close(handle)

    # --- finding

    def look(self, takes: Callable[[Way], bool] = lambda way: True) -> Look:
        """What lies in it and may be taken, the oldest first; ``takes`` says for which a rule is."""
        made = Look(takes, OWN)
        with self._at(()) as root:
            made.walk(root)
        made.found.sort(key=lambda one: (one.stamp.changed_ns, one.way))
        return made

    def done(self) -> AbstractContextManager[int]:
        """The folder of what was read."""
        return self._at((DONE,))

    def trouble(self, seen: Seen) -> str:
        """Why the file cannot be taken as it is now; empty where it can."""
        try:
            with self._open(seen) as handle:
                if os.fstat(handle).st_nlink > 1:
                    return "linked"
                return "writing" if is_written(handle) else ""
        except PermissionError:
            return "unreadable"
        except (OSError, Changed):
            return "moving"

    @contextmanager
    def _open(self, seen: Seen) -> Iterator[int]:
        with self._at(seen.way[:-1]) as folder:
            handle = os.open(seen.way[-1], FILE, dir_fd=folder)
        try:
            facts = os.fstat(handle)
            if not stat.S_ISREG(facts.st_mode) or stamp_of(facts) != seen.stamp:
                raise Changed
            yield handle
        finally:
            os.close(handle)

    # --- taking aside and reading

    def take_aside(self, seen: Seen, claim: str) -> None:
        """Move the file where nobody finds it by its name; on the disk before anything is noted of it.

        Raises Changed where it is another file by then, OSError where it cannot be moved.
        """
        with self._open(seen), self._at((ASIDE, claim, *seen.way[:-1]), make=True) as there:
            with self._at(seen.way[:-1]) as here:
                try:
                    os.rename(seen.way[-1], seen.way[-1], src_dir_fd=here, dst_dir_fd=there)
                except OSError:
                    self.clear(claim)
                    raise
                _keep(there, here)
            moved = os.stat(seen.way[-1], dir_fd=there, follow_symlinks=False)
        with self._at((ASIDE,)) as aside:
            _keep(aside)
        if stamp_of(moved) != seen.stamp:
            self.give_back(claim)
            raise Changed

    def claims(self) -> list[str]:
        """What was taken aside and not put away."""
        with self._at((ASIDE,)) as folder, os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))

    def aside(self, claim: str) -> Seen | None:
        """The file of a claim; None where it was put away."""
        try:
            with self._at((ASIDE, claim)) as folder:
                return self._first(folder, ())
        except FileNotFoundError:
            return None

    def _first(self, folder: int, way: Way) -> Seen | None:
        for name in sorted(os.listdir(folder)):
            facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISDIR(facts.st_mode):
                return Seen((*way, name), stamp_of(facts))
            handle = os.open(name, FOLDER, dir_fd=folder)
            try:
                if found := self._first(handle, (*way, name)):
                    return found
            finally:
                os.close(handle)
        return None

    def read_aside(self, claim: str, seen: Seen) -> bytes:
        """What the file of a claim holds; raises Changed where it changes meanwhile."""
        return self.read(Seen((ASIDE, claim, *seen.way), seen.stamp))

    def read(self, seen: Seen) -> bytes:
        """What a file holds that is still as it was seen."""
        with self._open(seen) as handle:
            parts = []
            while part := os.read(handle, 1 << 20):
                parts.append(part)
                if sum(map(len, parts)) > seen.stamp.size:
                    raise Changed
            if stamp_of(os.fstat(handle)) != seen.stamp:
                raise Changed
        return b"".join(parts)

    # --- putting away

    def put_away(self, claim: str, way: Way, box: str, beside: Mapping[str, bytes]) -> Way:
        """Move the file of a claim into ``done`` or ``refused``, what is to stand beside it first.

        Its name begins with the claim, so it is never one that is there already, and doing it again after a
        kill gives the same.
        """
        name = f"{claim} {_short(way[-1])}"
        target = (box, *way[:-1])
        with self._at(target, make=True) as there, self._at((ASIDE, claim, *way[:-1])) as here:
            for ending, text in beside.items():
                _write(there, f".{name}{ending}.tmp", text)
                os.rename(f".{name}{ending}.tmp", f"{name}{ending}", src_dir_fd=there, dst_dir_fd=there)
            os.rename(way[-1], name, src_dir_fd=here, dst_dir_fd=there)
            _keep(there, here)
        self.clear(claim)
        return (*target, name)

    def give_back(self, claim: str) -> None:
        """Put the file of a claim where it came from; under another name where a newer one lies there."""
        seen = self.aside(claim)
        if seen is not None:
            way = seen.way
            with self._at(way[:-1], make=True) as there, self._at((ASIDE, claim, *way[:-1])) as here:
                name = _free(there, way[-1], claim, seen.stamp.node)
                os.rename(way[-1], name, src_dir_fd=here, dst_dir_fd=there)
                _keep(there, here)
        self.clear(claim)

    def clear(self, claim: str) -> None:
        """Take away the empty folders of a claim."""
        with suppress(FileNotFoundError):
            with self._at((ASIDE, claim)) as folder:
                _clear(folder)
            with self._at((ASIDE,)) as aside, suppress(OSError):
                os.rmdir(claim, dir_fd=aside)


def is_written(handle: int) -> bool:
    """Whether a process of this machine has the file open for writing, as far as the system tells.

    Asked by a lease, which the kernel grants on a file that nobody writes; of other machines' writers and
    of other people's files it tells nothing.
    """
    try:
        # The signal by which the lease is called back must not be the usual one: that one ends the program.
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def _free(folder: int, name: str, claim: str, node: int) -> str:
    try:
        there = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return name
    if there.st_ino == node:
        return name
    stem, ending = os.path.splitext(name)
    return f"{_short(stem)} ({claim}){ending}"


def _short(name: str) -> str:
    """A name of at most so many bytes, with its ending, cut between letters."""
    stem, ending = os.path.splitext(name)
    room = LONGEST - len(os.fsencode(ending))
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return stem + ending


def _clear(folder: int) -> None:
    for name in os.listdir(folder):
        try:
            handle = os.open(name, FOLDER, dir_fd=folder)
        except OSError:
            continue
        try:
            _clear(handle)
        finally:
            os.close(handle)
        with suppress(OSError):
            os.rmdir(name, dir_fd=folder)


def _write(folder: int, name: str, text: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(name, flags, 0o666, dir_fd=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _keep(*folders: int) -> None:
    """Have what was renamed on the disk, where the file system can be asked for it."""
    for folder in folders:
        with suppress(OSError):
            os.fsync(folder)
