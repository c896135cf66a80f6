"""Takes files out of ``done`` once their time is over; how long they are kept is dated and set by people."""

from __future__ import annotations

import logging
import os
import re
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange import taking
from toancanh.kernel.exchange.inbox.disk import Inbox
from toancanh.kernel.exchange.inbox.finding import FOLDER
from toancanh.kernel.exchange.inbox.models import Keeping
from toancanh.kernel.exchange.inbox.names import DEEPEST
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, Refused

DAYS = 365
"""For how long files are kept where nobody has set anything."""
LEAST, MOST = 1, 3650
AT_ONCE = 2_000
SHOWN = 20
log = logging.getLogger(__name__)
CLAIMED = re.compile(r"(\d{8})-\d{6}-[0-9a-f]{6} ", re.ASCII)
"""How names of what was put away begin: with the day, in the time of Việt Nam."""


class Held(NamedTuple):
    """For how many days files are kept, from when on, and why; no day: as shipped."""

    days: int
    valid_from: date | None = None
    reason: str = ""
    set_by: str = ""
    state: str = "now"
    """``now``, ``coming`` or ``past``."""


def today() -> date:
    """The day in Việt Nam."""
    return clock.now().astimezone(clock.VIETNAM).date()


def history() -> list[Held]:
    """What was set, the newest first, and last what holds where nothing was."""
    found, made, day = list(Keeping.objects.order_by("-valid_from")[:SHOWN]), [], today()
    holds = False
    for one in found:
        state = "coming" if one.valid_from > day else "past" if holds else "now"
        holds = holds or state == "now"
        made.append(Held(one.days, one.valid_from, one.reason, one.set_by, state))
    return [*made, Held(DAYS, state="past" if holds else "now")]


def days() -> int:
    """For how many days files are kept today."""
    return next(one.days for one in history() if one.state == "now")


@transaction.atomic
def keep(wanted: int, valid_from: date, reason: str, *, by: Actor) -> Keeping:
    """Keep files so long from that day on; a day that has been set already is set anew."""
    if not by.may(taking.RIGHT):
        # Files of all units lie in one folder.
        raise NotAllowed(_("How long files are kept is set by the administrator of the whole."))
    if not LEAST <= wanted <= MOST:
        told = _("Files are kept for %(least)s to %(most)s days.")
        raise Refused(told % {"least": LEAST, "most": MOST}, "bad_days")
    if valid_from < today():
        raise Refused(_("It holds from today or a later day on; what has passed stays as it was."), "past")
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise Refused(_("Say by what decision or for what reason; it is kept with the rule."), "no_reason")
    facts = {"days": wanted, "reason": reason, "set_at": clock.now(), "set_by": by.name[:100]}
    made, _new = Keeping.objects.update_or_create(valid_from=valid_from, defaults=facts)
    told_of = {"from": valid_from.isoformat(), "days": wanted, "reason": reason}
    journal.record("exchange.inbox_keeping_set", f"inbox_keeping:{made.pk}", by=by, content=told_of)
    return made


class Clearing:
    """The duty of a worker, once an hour; says whether there may be more to do at once."""

    def __init__(self, path: Path) -> None:
        self._inbox = Inbox(path)

    def __call__(self) -> int:
        before = today() - timedelta(days=days())
        with suppress(FileNotFoundError), self._inbox.done() as folder:
            if gone := _cleared(folder, f"{before:%Y%m%d}", AT_ONCE, 0):
                told = {"files": gone, "before": before.isoformat()}
                log.info("%(files)s files from before %(before)s were taken out of done", told)
                with transaction.atomic():
                    journal.record("exchange.inbox_cleared", "inbox", by=taking.BY, content=told)
            return int(gone >= AT_ONCE)
        return 0


def _cleared(folder: int, before: str, most: int, depth: int) -> int:
    """Delete what was put away before that day, and folders that are empty then; how many files went."""
    gone = 0
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in found:
        if gone >= most:
            break
        if is_folder and depth <= DEEPEST:
            gone += _inner(folder, name, before, most - gone, depth)
        elif not is_folder and (claim := CLAIMED.match(name)) and claim[1] < before:
            # Somebody may have taken it away just now.
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
                gone += 1
    return gone


def _inner(folder: int, name: str, before: str, most: int, depth: int) -> int:
    try:
        handle = os.open(name, FOLDER, dir_fd=folder)
    except OSError:
        return 0  # gone, or another thing by now
    try:
        gone = _cleared(handle, before, most, depth + 1)
    finally:
        os.close(handle)
    if gone:
        # Where something is left in it, it stays.
        with suppress(OSError):
            os.rmdir(name, dir_fd=folder)
    return gone
