"""Files with a key of this installation: made once, readable by their owner alone.

Stands below the settings, which read one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def kept(path: Path) -> str:
    """What the file holds; empty where there is none."""
    return path.read_text().strip() if path.is_file() else ""


def kept_or_made(path: Path, make: Callable[[], str]) -> str:
    """What the file holds, made anew where it is missing or empty; the same for all who ask at once."""
    if found := kept(path):
        return found
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written aside first: a key cut off half way would lock everyone out.
    aside = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.new")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        if path.is_file():
            aside.replace(path)  # an empty one, as a full disk leaves it
        else:
            with suppress(FileExistsError):  # another process that started with this one was first
                os.link(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    return kept(path)
