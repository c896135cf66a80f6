"""Small steady duties in threads of the process: run every so often, or at once when woken."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.db import connections

log = logging.getLogger(__name__)


class Loop:
    """Calls ``duty`` every ``seconds`` and when woken; again at once while it says that it did something.

    ``at_end`` lets it be called once more when the program ends.
    """

    def __init__(self, name: str, duty: Callable[[], int], seconds: float, *, at_end: bool = False) -> None:
        self._duty = duty
        self._seconds = seconds
        self._at_end = at_end
        self._woken = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There may be something to do now."""
        self._woken.set()

    def stop(self) -> None:
        """Finish what is being done and end."""
        self._stopping = True
        self._woken.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopping:
            self._woken.wait(self._seconds)
            self._woken.clear()
            if not self._stopping:
                self._do()
        if self._at_end:
            self._do()
        connections.close_all()

    def _do(self) -> None:
        try:
            while self._duty() and not self._stopping:
                pass
        except Exception:
            log.exception("%s failed; trying again in %s s", self._thread.name, self._seconds)
            # The next round asks for a new connection: the old one may be what failed.
            connections.close_all()
