"""`toancanh doctor`: looks at everything that an installation stands on and names what is wrong.

It works where the store is broken or absent, ends within seconds and leaves nothing behind. A check is a
function that yields troubles; each has a thread and a time of its own, so that one that hangs holds up none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from toancanh.lib.trouble import Trouble
from toancanh.site import environment, speech

SECONDS = 12.0
NOTES = ("clock_unsynchronised",)
"""What is worth saying and no fault: it cannot be known everywhere."""

Check = Callable[[], Iterator[Trouble]]


def examine() -> list[Trouble]:
    """Everything that is wrong, what is grave first. Django is set up here, only to look."""
    environment.only_look()
    import django
    from django.utils import translation

    try:
        django.setup()
    except SystemExit as fault:
        return [_setting(str(fault))]
    translation.activate(speech.language())
    from toancanh.site.doctor import certificates, machine, network, store  # app ready

    checks = (*machine.CHECKS, *network.CHECKS, *certificates.CHECKS, *store.CHECKS)
    threads = [_Run(check) for check in checks]
    for thread in threads:
        thread.start()
    end = time.monotonic() + SECONDS
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    troubles = [trouble for thread in threads for trouble in thread.told()]
    # What was just seen comes before what processes told of it a while ago.
    unique = {one.what: one for one in reversed(troubles)}
    return sorted(unique.values(), key=lambda one: (one.code in NOTES, not one.is_grave))


def _setting(said: str) -> Trouble:
    text = speech._("Correct that variable where the program is started, then: toancanh doctor")
    return Trouble("setting", True, said, text)


class _Run(threading.Thread):
    """One check in its own thread; what it raises is a trouble too."""

    def __init__(self, check: Check) -> None:
        super().__init__(name=check.__name__, daemon=True)
        self._check = check
        self._found: list[Trouble] = []
        self._fault = ""

    def run(self) -> None:
        """Look, and let go of this thread's connections."""
        from django.db import connections
        from django.utils import translation

        translation.activate(speech.language())
        try:
            self._found.extend(self._check())
        except SystemExit as fault:
            self._found.append(_setting(str(fault)))
        except Exception as fault:  # noqa: BLE001 - whatever a check meets is told, and the others go on
            self._fault = f"{type(fault).__name__}: {' '.join(str(fault).split())}"
        finally:
            connections.close_all()

    def told(self) -> list[Trouble]:
        """What it found; that it did not end or broke is told as well."""
        from django.utils.translation import gettext as _

        found = list(self._found)
        mend = _("Mend what is named beside this first, then: toancanh doctor")
        if self.is_alive():
            what = _("The check “%(name)s” has not answered within %(seconds)s seconds.")
            facts = {"name": self.name, "seconds": round(SECONDS)}
            found.append(Trouble("no_answer", True, what % facts, mend))
        if self._fault:
            what = _("The check “%(name)s” could not be made: %(fault)s")
            found.append(Trouble("not_checked", True, what % {"name": self.name, "fault": self._fault}, mend))
        return found
