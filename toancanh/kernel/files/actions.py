"""What happens to a file: taken, named by its subject, graded, covered in part, destroyed.

Who may do it is for the module to say whose subject it is; here are the rules that hold for every file.
Whatever decodes or waits for the disk is done outside a transaction: call `take` and `redact` before yours.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from typing import IO

import msgspec
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.files import beside, keeping, names, sniffing, storage, words
from toancanh.kernel.files.keeping import Put
from toancanh.kernel.files.messages import Box, Cover, Good
from toancanh.kernel.files.models import INTERNAL, OPEN, File, Kind, State, Variant
from toancanh.kernel.files.sniffing import Found
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotFound, Refused

KEY = re.compile(r"[A-Za-z0-9_-]{16,100}")
SUBJECT = re.compile(r"[a-z_.]{1,60}:[A-Za-z0-9_-]{1,58}")
HIGHEST = 9
MOST_BOXES = 100
LONGEST = 300
WAYS = ("black", "coarse")
COVERED = (Variant.PUBLIC, Variant.PUBLIC_SMALL)


def take(
    content: bytes | IO[bytes], name: str, *, by: Actor, key: str, subject: str = "", level: int = INTERNAL
) -> File:
    """Keep what somebody sent; on the disk and in a row when this returns, decoded a moment later.

    ``key`` is chosen by the sender for this sending (16 to 100 letters, digits, - or _; unguessable where
    ``by`` is not one person): however often it arrives, it is one file. Raises Refused for what is not taken
    and Full where the disk is.
    """
    if not KEY.fullmatch(key):
        raise Refused(_("The key of a sending has 16 to 100 letters, digits, - or _."), "bad_key")
    _check_subject(subject)
    _check_level(level)
    whole = _read(content)
    shown = names.shown(name)
    found = _checked(whole, shown)
    digest = hashlib.sha256(whole).hexdigest()
    known = _known(by, key, digest)
    if known is not None:
        return known
    put = keeping.put(whole, found.media)
    now = clock.now()
    row = File(
        made_at=now,
        made_by=by.key,
        key=key,
        subject=subject,
        name=shown,
        kind=found.kind,
        media=found.media,
        sha256=digest,
        size=len(whole),
        level=level,
        next_at=now,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            keeping.name(row, {Variant.RAW: put})
            told = {"kind": row.kind, "sha256": digest, "size": row.size, "of": subject}
            journal.record("files.taken", f"file:{row.pk}", by=by, content=told)
    except IntegrityError:
        # The same sending came twice at once, and the other was first.
        known = _known(by, key, digest)
        if known is None:
            raise
        return known
    return row


@transaction.atomic
def attach(file: File, subject: str, *, by: Actor) -> File:
    """Say what a file belongs to; inside the transaction that makes the subject.

    Once attached it stays: the same again changes nothing, another subject is refused.
    """
    if not subject:
        raise Refused(_("Say what the file belongs to."), "no_subject")
    _check_subject(subject)
    row = _held(file)
    if row.subject == subject:
        return row
    if row.subject or row.state == State.DESTROYED:
        raise Refused(_("This file belongs to something else already. Send it again."), "attached")
    if row.made_by != by.key:
        raise NotFound(_("There is no such file."))
    row.subject = subject
    row.save(update_fields=["subject"])
    journal.record("files.attached", f"file:{row.pk}", by=by, content={"of": subject})
    return row


@transaction.atomic
def grade(file: File, level: int, *, by: Actor) -> File:
    """Set how confidential a file is; at OPEN, links for the public lead to it."""
    _check_level(level)
    row = _held(file)
    _check_standing(row)
    if row.level != level:
        before, row.level = row.level, level
        row.save(update_fields=["level"])
        journal.record("files.graded", f"file:{row.pk}", by=by, content={"before": before, "now": level})
    return row


def redact(file: File, boxes: Sequence[Box], *, by: Actor) -> File:
    """Make the version for the public anew, with these parts of the picture covered; none: take it back.

    The picture itself is never open from then on.
    """
    _check_boxes(boxes)
    drawn: dict[Variant, Put] = {}
    if boxes:
        full = file.contents.filter(variant=Variant.FULL).first()
        if file.kind != Kind.IMAGE or file.state != State.READY or full is None:
            raise Refused(_("Only a photo that was checked and is still kept can be covered."), "no_picture")
        with storage.here().open(full.sha256) as kept:
            answer = beside.asked(Cover(kept.read(), list(boxes)))
        if not isinstance(answer, Good) or answer.full is None or answer.small is None:
            raise Refused(words.fault("broken"), "broken")
        for variant, one in zip(COVERED, (answer.full, answer.small), strict=True):
            drawn[variant] = keeping.put(one.content, sniffing.JPEG, one.width, one.height)
    with transaction.atomic():
        row = _held(file)
        if row.state != State.DESTROYED:
            _cover(row, drawn, boxes, by)
            return row
    # While it was drawn: what was drawn goes as well.
    for put in drawn.values():
        keeping.discard(put.digest)
    raise _destroyed()


@transaction.atomic
def destroy(file: File, *, by: Actor, reason: str) -> File:
    """Take away the content, the name and what the camera said; that there was a file stays on record."""
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST:
        raise Refused(_("Destroying a file needs a reason of at most 300 characters."), "no_reason")
    row = _held(file)
    _check_standing(row)
    row.state, row.name, row.boxes = State.DESTROYED, "", []
    row.taken_at = row.lon = row.lat = None
    # A worker goes on where the program is killed before the content has gone.
    row.destroyed_at = row.next_at = clock.now()
    row.destroyed_because, row.holder, row.attempts = reason, "", 0
    row.save()
    told = {"sha256": row.sha256, "size": row.size, "reason": reason}
    journal.record("files.destroyed", f"file:{row.pk}", by=by, content=told)
    transaction.on_commit(lambda: keeping.empty(row))
    return row


def _cover(row: File, drawn: Mapping[Variant, Put], boxes: Sequence[Box], by: Actor) -> None:
    if drawn:
        keeping.name(row, drawn)
    else:
        keeping.forget(row, COVERED)
    row.boxes = msgspec.to_builtins(list(boxes))
    row.level = max(row.level, INTERNAL)
    row.save(update_fields=["boxes", "level"])
    journal.record("files.redacted", f"file:{row.pk}", by=by, content={"boxes": len(boxes)})


def _read(content: bytes | IO[bytes]) -> bytes:
    largest = max(Kind, key=words.most)
    whole = content if isinstance(content, bytes) else content.read(words.most(largest) + 1)
    if not whole:
        raise Refused(words.fault("empty"), "empty")
    return whole


def _checked(whole: bytes, name: str) -> Found:
    """What it is; raises Refused where that is not taken."""
    found = sniffing.look(whole)
    if found is None:
        raise Refused(words.fault("unknown"), "unknown")
    if len(whole) > words.most(found.kind):
        raise Refused(words.too_large(found.kind), "too_large")
    code = ""
    if not sniffing.agrees(found, names.ending(name)):
        code = "misnamed"
    elif sniffing.is_two_things(whole, found):
        code = "two_things"
    elif found.kind == Kind.PDF and not sniffing.ends_whole(whole):
        code = "damaged"
    if code:
        raise Refused(words.fault(code), code)
    return found


def _known(by: Actor, key: str, digest: str) -> File | None:
    row = File.objects.filter(made_by=by.key, key=key).first()
    if row is not None and row.sha256 != digest:
        raise Refused(_("Another file was sent under this key. Send this one under its own."), "key_used")
    return row


def _held(file: File) -> File:
    row = File.objects.select_for_update().filter(pk=file.pk).first()
    if row is None:
        raise NotFound(_("There is no such file."))
    return row


def _check_standing(row: File) -> None:
    if row.state == State.DESTROYED:
        raise _destroyed()


def _destroyed() -> Refused:
    return Refused(_("This file was destroyed."), "destroyed")


def _check_subject(subject: str) -> None:
    if subject and not SUBJECT.fullmatch(subject):
        raise ValueError(f"{subject!r} names no subject such as case:12")


def _check_level(level: int) -> None:
    if not OPEN <= level <= HIGHEST:
        raise ValueError(f"a level is from {OPEN} to {HIGHEST}")


def _check_boxes(boxes: Sequence[Box]) -> None:
    if len(boxes) > MOST_BOXES:
        raise Refused(_("At most %(most)s parts can be covered.") % {"most": MOST_BOXES}, "too_many")
    for box in boxes:
        shares = (box.x, box.y, box.width, box.height)
        fits = all(math.isfinite(share) and 0 <= share <= 1 for share in shares) and box.way in WAYS
        if not fits or not box.width or not box.height:
            raise Refused(_("A covered part lies within the picture and is not empty."), "bad_box")
