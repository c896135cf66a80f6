"""Writes the public's pages about warnings into a folder, each in one step, with all that they load.

The folder is served by the process itself (`runtime.standing`) and, where the process is dead, by any web
server beside it. It is written after each commit that changed a warning, when time itself changes one, and
every minute the few bytes that say that somebody still looks.
"""

from __future__ import annotations

import gzip
import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings

from toancanh.kernel.portal import bulletins, warned
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.territory.queries import today
from toancanh.kernel.warnings import queries
from toancanh.kernel.warnings.keeping import CHANGED
from toancanh.kernel.warnings.models import State, Warning
from toancanh.kernel.warnings.texts import LANGUAGES
from toancanh.web import built

log = logging.getLogger(__name__)

FOLDER = "public"
EVERY = 1.0
RENEW = 600.0
"""Seconds after which everything is made anew though nothing seems to have changed."""
CHECKED = 60.0
"""Seconds between two notes that somebody still looks."""
PREFIXES = ("/warnings/", "/en/warnings/", "/manifest.webmanifest", "/sw.js")
"""Of addresses that may stand as files."""
STATIC = (".css", ".js", ".woff2", ".svg", ".png")
HEAVY = 200_000
"""Bytes from which on a script is of the interactive map: the pages do without."""


class Copies:
    """Keeps the folder of one process as the store has it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: tuple[object, ...] = ()
        self._made = self._checked = -RENEW
        self._lock = threading.Lock()

    def look(self) -> int:
        """A steady duty: write what changed."""
        with self._lock:
            found = (
                revision.current(CHANGED),
                revision.current("territory"),
                today(),
                _in_force(clock.now()),
            )
            now = time.monotonic()
            if found != self._seen or now - self._made >= RENEW:
                self._write()
                self._seen, self._made, self._checked = found, now, now
            elif now - self._checked >= CHECKED:
                put(self._folder / "warnings" / "now.json", bulletins.now_json())
                self._checked = now
        return 0

    def _write(self) -> None:
        for name, content in everything():
            put(self._folder / name, content)
        bring_assets(self._folder / "static" / "web")


def _in_force(now: datetime) -> tuple[int, ...]:
    """Rows of what is told now: time alone lets a message begin and lapse."""
    told = Warning.objects.filter(
        state=State.APPROVED, is_exercise=False, valid_from__lte=now, valid_until__gt=now
    )
    return tuple(told.order_by("pk").values_list("pk", flat=True))


def everything() -> Iterator[tuple[str, bytes]]:
    """Every file by its name, what matters most first: what is to be heeded now."""
    current = queries.public_now()
    for warning in current:
        yield from _message(warning)
    for language in LANGUAGES:
        root = bulletins.ROOTS[language][1:]
        yield f"{root}index.html", bulletins.listing(language).encode()
    yield "warnings/now.json", bulletins.now_json()
    for language in LANGUAGES:
        root = bulletins.ROOTS[language][1:]
        for name in bulletins.FEEDS:
            yield f"{root}{name}", bulletins.feed(name, language).encode()
        yield f"{root}past/index.html", bulletins.past(language).encode()
    yield "manifest.webmanifest", bulletins.manifest()
    yield "sw.js", warned.worker()
    yield "warnings/places.json", bulletins.places_json()
    # Every message that the pages above lead to, and those before it in its thread.
    known = {warning.pk for warning in current}
    for warning in (*queries.public_feed(), *queries.public_past()):
        if warning.pk not in known:
            known.add(warning.pk)
            yield from _message(warning)


def _message(warning: Warning) -> Iterator[tuple[str, bytes]]:
    for language in LANGUAGES:
        name = f"{bulletins.url(str(warning.number), language)[1:]}index.html"
        yield name, bulletins.told(warning, language).encode()


def put(file: Path, content: bytes) -> None:
    """Replace the file and its packed twin, each in one step; a file that says the same is left as it is."""
    twin = file.with_name(f"{file.name}.gz")
    if file.is_file() and file.read_bytes() == content and twin.is_file():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    # The twin first: after a kill in between the file still says that both are to be written.
    for path, data in ((twin, gzip.compress(content, 6, mtime=0)), (file, content)):
        aside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
        try:
            aside.write_bytes(data)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)


def bring_assets(target: Path) -> None:
    """Copy what the pages load, for a server that has nothing but the folder; old ones stay for old pages."""
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(built.MANIFEST.parent.iterdir()):
        plain = file.with_name(file.name.removesuffix(".gz").removesuffix(".br"))
        is_heavy = plain.suffix == ".js" and plain.stat().st_size > HEAVY
        if is_heavy or not plain.name.endswith(STATIC):
            continue
        if not (target / file.name).exists():
            aside = target / f".{file.name}.{os.getpid()}"
            shutil.copyfile(file, aside)
            aside.replace(target / file.name)


def folder() -> Path:
    """Where they lie."""
    found: Path = settings.DATA / FOLDER
    return found
