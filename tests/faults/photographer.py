"""Sends photos into a real store and is killed in the middle of it, at a step that is chosen.

``STEP KEY``: take a photo under the key, see to it, destroy it; dies at the step.
``finish KEY…``: send all of them again as their senders would, let the worker go on, sweep a day later, and
tell as JSON what there is. ``send KEY``: take a photo, and tell the number of its row.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from datetime import timedelta
from typing import Any

import django


def die(*_given: object, **_named: object) -> Any:
    """As a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def photo(key: str) -> bytes:
    """The same for the same key."""
    from toancanh.kernel.files.tests.making import encoded, picture

    return encoded(picture(), comment=key.encode())


def send(key: str) -> None:
    """As one of several who send the same at once."""
    from toancanh.kernel.files import actions
    from toancanh.kernel.files.tests.making import CITIZEN

    content = photo(key)
    sys.stdin.readline()
    print(actions.take(content, "anh.jpg", by=CITIZEN, key=key, subject="case:1").pk)


def run(step: str, key: str) -> None:
    """Go on until the step, and end there."""
    from toancanh.kernel.files import actions, keeping, storage, work
    from toancanh.kernel.files.tests.making import CITIZEN, OFFICER

    if step == "half of the bytes":
        os.fsync = die  # type: ignore[assignment]
    if step == "bytes and no row":
        keeping.name = die
    file = actions.take(photo(key), "anh.jpg", by=CITIZEN, key=key, subject="case:1")
    if step == "row and no answer":
        die()
    if step == "drawn and no row":
        work.journal.record = die  # type: ignore[assignment]
    work.prepare(file)
    if step == "destroyed and not emptied":
        keeping.empty = die
    if step == "half emptied":
        remove = storage.Folder.remove
        storage.Folder.remove = lambda self, digest: remove(self, digest) and die()  # type: ignore[method-assign]
    actions.destroy(file, by=OFFICER, reason="gửi nhầm")
    raise AssertionError(f"lived through {step}")


def finish(keys: list[str]) -> None:
    """What becomes of it all."""
    from toancanh.kernel.files import actions, storage, sweeping, work
    from toancanh.kernel.files.models import Content, File
    from toancanh.kernel.files.tests.making import CITIZEN
    from toancanh.kernel.runtime import clock

    for key in keys:
        actions.take(photo(key), "anh.jpg", by=CITIZEN, key=key, subject="case:1")
    duty = work.Duty()
    while duty():
        pass
    with clock.set_to(clock.now() + timedelta(days=2)):
        sweeping.sweep()
    kept = storage.here()
    assert isinstance(kept, storage.Folder)
    lying = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in kept.root.rglob("*")
        if path.is_file()
    }
    states = {key: list(File.objects.filter(key=key).values_list("state", flat=True)) for key in keys}
    named = sorted(set(Content.objects.values_list("sha256", flat=True)))
    print(json.dumps({"states": states, "named": named, "lying": lying}))


if __name__ == "__main__":
    import toancanh  # noqa: F401 - the SQLite that is swapped in

    django.setup()
    word, *given = sys.argv[1:]
    if word == "finish":
        finish(given)
    elif word == "send":
        send(*given)
    else:
        run(word, *given)
