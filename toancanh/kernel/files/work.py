"""Looks at what was taken, in the worker: decodes it beside, keeps what may be shown, refuses the rest.

Who dies over a file loses it to the next look once its lease has run out, or at once where the machine knows.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from toancanh.kernel.declare import program
from toancanh.kernel.files import beside, keeping, sniffing, storage
from toancanh.kernel.files.messages import Answer, Bad, Check, Good
from toancanh.kernel.files.models import File, Kind, State, Variant
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock, holders

log = logging.getLogger(__name__)

BY = program("files")
EVERY = 1.0
LEASE = timedelta(seconds=180)
"""Longer than `beside.SECONDS`: whoever is at a file has it until its child has answered or was ended."""
TRIES = 3
"""Times that a file may break its reader: the machine may have been short of memory for another reason."""
AGAIN = timedelta(seconds=20)
PATIENCE = 10.0
"""Seconds for which a form waits for a worker."""
OLDEST = datetime(2000, 1, 1, tzinfo=clock.VIETNAM)


class Duty:
    """Does one file at a call, so that the program may end between two; says whether there was one."""

    def __init__(self) -> None:
        self._is_first = True

    def __call__(self) -> int:
        if self._is_first:
            take_over()
            self._is_first = False
        one = lease(Q())
        if one is None:
            return 0
        try:
            settle(one)
        except Exception:
            # It comes again with its lease; meanwhile the next one is looked at.
            log.exception("file %s could not be settled", one.pk)
        return 1


def prepare(file: File) -> File:
    """See to a file at once, for somebody who waits at a form; where a worker is at it, wait for that one.

    It may still be waiting afterwards: whoever asks goes on without what the picture says.
    """
    end = time.monotonic() + PATIENCE
    while True:
        one = lease(Q(pk=file.pk))
        if one is not None:
            settle(one)
        file.refresh_from_db()
        if file.state != State.WAITING or not file.holder or time.monotonic() > end:
            return file
        time.sleep(0.1)


def take_over() -> None:
    """Let go of what processes of this machine held when they died, instead of waiting for their leases."""
    held = File.objects.filter(next_at__gt=clock.now()).exclude(holder="")
    for pk, holder in held.values_list("pk", "holder"):
        if holders.is_dead(holder):
            File.objects.filter(pk=pk, holder=holder).update(next_at=clock.now())


def lease(which: Q) -> File | None:
    """A file that waits, held for a while."""
    now = clock.now()
    with transaction.atomic():
        due = File.objects.filter(which, next_at__lte=now)
        one = due.select_for_update(skip_locked=True).order_by("next_at", "pk").first()
        if one is not None:
            one.holder, one.next_at, one.attempts = holders.fresh(), now + LEASE, one.attempts + 1
            one.save(update_fields=["holder", "next_at", "attempts"])
    return one


def settle(one: File) -> None:
    """Bring a leased file to its end: ready or refused, or without content once it is destroyed."""
    if one.state == State.DESTROYED:
        return keeping.empty(one)
    answer = _look(one)
    if isinstance(answer, Bad) and answer.code == "broken" and one.attempts < TRIES:
        _ours(one).update(next_at=clock.now() + AGAIN, holder="")
        return
    if isinstance(answer, Good) and answer.full is not None and answer.small is not None:
        drawn = {
            variant: keeping.put(picture.content, sniffing.JPEG, picture.width, picture.height)
            for variant, picture in ((Variant.FULL, answer.full), (Variant.SMALL, answer.small))
        }
    else:
        drawn = {}
    with transaction.atomic():
        row = _ours(one).select_for_update().first()
        if row is None:
            # Destroyed meanwhile; or the lease ran out, another has seen to it and names the same bytes.
            return keeping.discard_later(put.digest for put in drawn.values())
        if isinstance(answer, Bad):
            row.state, row.fault = State.REFUSED, answer.code
            keeping.forget(row, [Variant.RAW])
        elif drawn:
            row.state = State.READY
            row.taken_at, row.lon, row.lat = _moment(answer.taken), answer.lon, answer.lat
            keeping.name(row, drawn)
            keeping.forget(row, [Variant.RAW])
        else:
            row.state = State.READY
            row.contents.filter(variant=Variant.RAW).update(variant=Variant.FULL)
        row.next_at, row.holder = None, ""
        row.save()
        told = {"fault": row.fault} if row.fault else {}
        journal.record(f"files.{row.state}", f"file:{row.pk}", by=BY, content=told)


def _look(one: File) -> Answer:
    raw = one.contents.filter(variant=Variant.RAW).first()
    if raw is None:
        return Bad("lost")
    try:
        with storage.here().open(raw.sha256) as file:
            content = file.read()
    except FileNotFoundError:
        log.exception("the content of file %s is missing in the storage", one.pk)
        return Bad("lost")
    answer = beside.asked(Check(one.media, content))
    # A picture that comes back without one would be shown as it came.
    if isinstance(answer, Good) and (answer.full is None) != (one.kind == Kind.PDF):
        return Bad("broken")
    return answer


def _ours(one: File) -> QuerySet[File]:
    return File.objects.filter(pk=one.pk, holder=one.holder, state=State.WAITING)


def _moment(said: str) -> datetime | None:
    """What the camera's clock showed, in Vietnam unless it says where; None where that can't be."""
    if not said:
        return None
    moment = datetime.fromisoformat(said)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=clock.VIETNAM)
    return moment if OLDEST <= moment <= clock.now() + timedelta(days=1) else None
