"""What a person does with a list: bring it, say what its columns mean, take it in, take it back."""

from __future__ import annotations

import hashlib
import zlib
from datetime import timedelta

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.contacts import bulk
from toancanh.kernel.contacts.actions import RIGHT
from toancanh.kernel.contacts.bulk import Done
from toancanh.kernel.contacts.sealing import Keys
from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.rosters import columns
from toancanh.kernel.exchange.rosters.columns import Reading
from toancanh.kernel.exchange.rosters.judging import Judge, Outcome
from toancanh.kernel.exchange.rosters.models import Roster, Stage
from toancanh.kernel.exchange.sheets import reading as sheets
from toancanh.kernel.exchange.sheets.actions import shown_name
from toancanh.kernel.exchange.sheets.reading import Book, Row
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, NotFound, Refused

DRAFT_KEPT = timedelta(days=3)
KEPT = timedelta(days=30)
"""How long a list can be taken back, and its refused rows be had."""


def find(pk: int, *, by: Actor) -> Roster:
    """The list of that number: who brought it, and who arranges everything, may see it."""
    found = Roster.objects.filter(pk=pk).first()
    if found is None or (found.actor != by.key and not by.may(RIGHT)):
        raise NotFound(_("There is no such list."))
    return found


def upload(content: bytes, name: str, *, by: Actor) -> Roster:
    """Open a file and note it as a draft with a first idea of what its columns mean."""
    if not by.paths(RIGHT):
        raise NotAllowed(_("Lists of contacts are taken in by the administrator of your locality."))
    digest = hashlib.sha256(content).hexdigest()
    drafts = Roster.objects.filter(digest=digest, actor=by.key, stage=Stage.DRAFT, book__isnull=False)
    if (same := drafts.first()) is not None:
        return same
    book = sheets.read(content)
    sheet = book.sheet("")
    rows, _old = columns.repaired(sheet.rows)
    said = columns.recognised(rows, sheet.name)
    with transaction.atomic():
        made = Roster.objects.create(
            made_at=clock.now(),
            made_by=by.name[:100],
            actor=by.key,
            file=shown_name(name),
            digest=digest,
            book=Keys().seal(sheets.packed(book)),
            reading=_kept(said),
        )
        journal.record("contacts.list_brought", f"roster:{made.pk}", by=by, content={"digest": digest})
    return made


def book_of(one: Roster) -> Book:
    """The cells of a list; raises Refused once they are not kept any more."""
    if one.book is None:
        raise Refused(_("The file of this list is no longer kept."), "gone")
    return sheets.unpacked(Keys().unseal(bytes(one.book)))


def reading_of(one: Roster) -> Reading:
    """What its columns mean."""
    return msgspec.convert(one.reading, Reading, strict=False)


def rows_of(one: Roster) -> tuple[list[Row], bool]:
    """Its rows as they are read, and whether old letters were mended."""
    return columns.repaired(book_of(one).sheet(reading_of(one).sheet).rows)


@transaction.atomic
def understand(one: Roster, said: Reading, *, replaces: bool, by: Actor) -> Roster:
    """Say what the columns mean."""
    row = _draft(one)
    row.reading, row.replaces = _kept(said), replaces
    row.save(update_fields=["reading", "replaces"])
    return row


def preview(one: Roster, *, by: Actor) -> Outcome:
    """What the list would do now."""
    said = reading_of(one)
    if not said.of("name"):
        raise Refused(_("Say which column holds the names."), "no_name")
    rows, _old = rows_of(one)
    return Judge(said, by.paths(RIGHT), Keys(), replaces=one.replaces).judge(rows)


def seal(one: Roster, outcome: Outcome) -> str:
    """What a person confirms: this file, read so, doing exactly this."""
    verdicts = [
        (line.number, line.verdict, line.known.changes if line.known else 0) for line in outcome.lines
    ]
    said = [one.digest, one.reading, one.replaces, verdicts, sorted(end.pk for end in outcome.ends)]
    # Sorted: PostgreSQL gives the keys of a reading back in an order of its own.
    return hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()[:32]


@transaction.atomic
def confirm(one: Roster, seen: str, *, by: Actor) -> Roster:
    """Take the list in as it was previewed, as a whole; refused rows are left out."""
    row = _draft(one)
    outcome = preview(row, by=by)
    if not seen or seen != seal(row, outcome):
        raise Refused(
            _("The list or the contacts were changed meanwhile. Look at the preview again."), "changed"
        )
    new = [line.facts for line in outcome.lines if line.verdict == "new" and line.facts]
    changed = [
        (line.known, line.facts)
        for line in outcome.lines
        if line.verdict == "changed" and line.known and line.facts
    ]
    if not new and not changed and not outcome.ends:
        raise Refused(_("Nothing of this list would be kept. See the reasons below."), "nothing")
    keys = Keys()
    reason = _("Replaced by the list %(file)s") % {"file": row.file}
    done = bulk.take_in(
        new, changed, outcome.ends, subject=f"roster:{row.pk}", reason=reason[:300], by=by, keys=keys
    )
    row.stage, row.done_at, row.counts = Stage.DONE, clock.now(), outcome.counts
    row.before = keys.seal(zlib.compress(msgspec.msgpack.encode(done)))
    row.save(update_fields=["stage", "done_at", "counts", "before"])
    return row


@transaction.atomic
def discard(one: Roster, *, by: Actor) -> None:
    """Throw a draft away; nothing of it was kept."""
    row = _draft(one)
    journal.record("contacts.list_discarded", f"roster:{row.pk}", by=by, content={"digest": row.digest})
    row.delete()


@transaction.atomic
def undo(one: Roster, *, by: Actor) -> tuple[int, int]:
    """Take a list back; what others changed since and who was told of a warning stays. Gives both counts."""
    row = Roster.objects.select_for_update().get(pk=one.pk)
    if row.stage != Stage.DONE:
        raise Refused(_("This list cannot be taken back now."), "not_done")
    if row.before is None:
        raise Refused(_("A list can be taken back for %(days)s days.") % {"days": KEPT.days}, "gone")
    keys = Keys()
    done = msgspec.msgpack.decode(zlib.decompress(keys.unseal(bytes(row.before))), type=Done)
    back, left = bulk.take_back(done, subject=f"roster:{row.pk}", by=by, keys=keys)
    row.stage, row.undone_at, row.undone_by = Stage.UNDONE, clock.now(), by.name[:100]
    row.counts = {**row.counts, "back": back, "left": left}
    row.save(update_fields=["stage", "undone_at", "undone_by", "counts"])
    return back, left


def tidy() -> int:
    """Forget files and what undoing needs once their time is over: they hold names and numbers."""
    now = clock.now()
    drafts, _kinds = Roster.objects.filter(stage=Stage.DRAFT, made_at__lt=now - DRAFT_KEPT).delete()
    old = Roster.objects.filter(made_at__lt=now - KEPT).exclude(book=None)
    return drafts + old.update(book=None, before=None)


def _draft(one: Roster) -> Roster:
    row = Roster.objects.select_for_update().filter(pk=one.pk).first()
    if row is None:
        raise NotFound(_("There is no such list."))
    if row.stage != Stage.DRAFT:
        raise Refused(_("This list was taken in already."), "confirmed")
    return row


def _kept(said: Reading) -> object:
    return msgspec.to_builtins(said, str_keys=True)
