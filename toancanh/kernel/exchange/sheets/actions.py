"""What a person does with a file of readings: bring it, say what it means, take it in, take it back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec
from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange import taking
from toancanh.kernel.exchange.sheets import guessing, judging, known, reading, work
from toancanh.kernel.exchange.sheets import mapping as mappings
from toancanh.kernel.exchange.sheets.judging import Preview
from toancanh.kernel.exchange.sheets.mapping import Mapping
from toancanh.kernel.exchange.sheets.models import Content, Import, Part, SavedMapping, State
from toancanh.kernel.exchange.sheets.reading import Book
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Token
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import engine
from toancanh.lib.errors import NotFound, Refused
from toancanh.lib.fold import fold


def find(pk: int, *, by: Actor) -> Import:
    """The import of that number, where the actor may see it."""
    found = Import.objects.filter(taking.seen_by(by), pk=pk).first()
    if found is None:
        raise NotFound(_("There is no such import."))
    return found


def upload(content: bytes, name: str, *, by: Actor, door: str = "sheet") -> Import:
    """Open a file and note it as a draft with a first idea of what it means; once for the same file."""
    paths = taking.scope(by)
    digest = hashlib.sha256(content).hexdigest()
    own = Import.objects.filter(digest=digest, actor=by.key, state=State.DRAFT, door=door)
    known_draft = own.first()
    if known_draft is not None:
        return known_draft
    book = reading.read(content)
    one = Import(
        made_at=clock.now(),
        made_by=by.name,
        actor=by.key,
        scope=paths,
        root=taking.root(paths),
        door=door,
        file=shown_name(name),
        size=len(content),
        digest=digest,
    )
    said, saved = first_idea(book, by)
    one.mapping, one.mapping_name = msgspec.to_builtins(said), saved
    with transaction.atomic():
        one.save(force_insert=True)
        Content.objects.create(of=one, book=reading.packed(book))
        told = {"file": one.file, "digest": digest, "size": one.size}
        journal.record("exchange.import_uploaded", f"import:{one.pk}", by=by, content=told)
    return one


def shown_name(name: str) -> str:
    """The last part of a file's name, as far as it can be shown."""
    plain = "".join(letter for letter in name.replace("\\", "/").rpartition("/")[2] if letter.isprintable())
    return plain.strip()[:200] or "?"


def first_idea(book: Book, by: Actor) -> tuple[Mapping, str]:
    """The mapping used last that fits the file, and its name; else a guess."""
    for saved in SavedMapping.objects.order_by("-used_at")[:50]:
        said = msgspec.convert(saved.said, Mapping)
        if fits(said, book):
            return said, saved.name
    earlier = Import.objects.filter(taking.seen_by(by), state__in=(State.RUNNING, State.DONE))
    for one in earlier.order_by("-pk")[:50]:
        said = msgspec.convert(one.mapping, Mapping)
        # Without headings every table of that width would fit.
        if said.heading and fits(said, book):
            return said, ""
    rows = book.sheet("").rows
    name = book.sheet("").name if len(book.sheets) > 1 else ""
    return guessing.guess(rows, known.of(by), name), ""


def fits(said: Mapping, book: Book) -> bool:
    """Whether the file has the sheet and every column that the mapping names."""
    try:
        names = mappings.headings(book.sheet(said.sheet).rows, said.heading)
    except Refused:
        return False
    return bool(said.needed) and set(said.needed) <= set(names)


def read(one: Import) -> Book:
    """The cells of an import's file; raises Refused where they are not kept any more."""
    kept = Content.objects.filter(of=one).first()
    if kept is None:
        raise Refused(_("The file of this import is no longer kept."), "gone")
    return reading.unpacked(bytes(kept.book))


def understand(
    one: Import, said: Mapping, *, by: Actor, replaces: bool = False, name: str = "", book: Book | None = None
) -> Preview:
    """Say what the columns mean, see what would become of the file; ``name`` keeps the mapping."""
    _check_draft(one)
    found = judging.readings(said, (book or read(one)).sheet(said.sheet).rows, replaces=replaces)
    made = judging.preview(
        found, taking.directory(), engine.store(), clock.now_us(), taking.things_within(one.scope)
    )
    with transaction.atomic():
        one.mapping, one.replaces = msgspec.to_builtins(said), replaces
        one.preview = {**msgspec.to_builtins(made), "of": seal(one)}
        one.mapping_name = save_mapping(name, said, by=by).name if name else ""
        one.save(update_fields=["mapping", "replaces", "preview", "mapping_name"])
    return made


def seal(one: Import) -> str:
    """What a person confirms: this file, read in this way."""
    said = journal.canonical({"mapping": one.mapping, "replaces": one.replaces, "digest": one.digest})
    return hashlib.sha256(said.encode()).hexdigest()[:32]


@transaction.atomic
def save_mapping(name: str, said: Mapping, *, by: Actor) -> SavedMapping:
    """Keep a mapping under a name; the same name again replaces it."""
    paths = taking.scope(by)
    people.check_name(name, 80)
    folder = fold(name).replace(" ", "-")[:80]
    if not folder:
        raise Refused(_("A name holds at least one letter or digit."), "bad_name")
    other = SavedMapping.objects.filter(folder=folder).exclude(name=name).first()
    if other is not None:
        told = _("There is a mapping named %(name)s already; choose a name that differs in more than marks.")
        raise Refused(told % {"name": other.name}, "taken")
    _check_over(SavedMapping.objects.filter(name=name).first(), by)
    facts = {"folder": folder, "said": msgspec.to_builtins(said), "scope": paths, "saved_by": by.key}
    saved, _new = SavedMapping.objects.update_or_create(name=name, defaults={**facts, "used_at": clock.now()})
    journal.record("exchange.mapping_saved", f"mapping:{saved.pk}", by=by, content={"name": name})
    return saved


@transaction.atomic
def forget_mapping(name: str, *, by: Actor) -> None:
    """Keep a mapping no longer; imports that used it stay as they are."""
    taking.scope(by)
    found = SavedMapping.objects.filter(name=name).first()
    if found is None:
        raise NotFound(_("There is no such mapping."))
    _check_over(found, by)
    journal.record("exchange.mapping_forgotten", f"mapping:{found.pk}", by=by, content={"name": name})
    try:
        found.delete()
    except ProtectedError as fault:
        told = _("“%(name)s” is used by a folder or feed; let that be read in another way first.")
        raise Refused(told % {"name": name}, "used") from fault


def stands_over(scope: Iterable[str], by: Actor) -> bool:
    """Whether the actor answers for all that somebody arranged for these units."""
    return all(by.may(taking.RIGHT, path) for path in scope)


def _check_over(saved: SavedMapping | None, by: Actor) -> None:
    """By a mapping, folders and feeds are read that may fill more than the actor answers for."""
    if saved is not None and not stands_over(saved.scope, by):
        told = _("“%(name)s” was kept by somebody who answers for more than you do; take another name.")
        raise Refused(told % {"name": saved.name}, "of_others")


@transaction.atomic
def confirm(one: Import, seen: str, *, by: Actor) -> None:
    """Have the file taken in as it was previewed; ``seen`` is the seal of the preview that the person saw."""
    taking.scope(by)
    one = Import.objects.select_for_update().get(pk=one.pk)
    _check_draft(one)
    if one.preview is None or not seen or seen != one.preview["of"]:
        raise Refused(
            _("The file was looked at in another way meanwhile. Check the preview again."), "changed"
        )
    if not (one.preview["new"] or one.preview["corrected"] or one.preview["same"]):
        raise Refused(_("Nothing of this file would be kept. See the reasons below the table."), "nothing")
    one.state, one.next_at, one.total = State.RUNNING, clock.now(), one.preview["readings"]
    one.save(update_fields=["state", "next_at", "total"])
    SavedMapping.objects.filter(name=one.mapping_name).update(used_at=clock.now())
    told = {"mapping": one.mapping, "replaces": one.replaces, "readings": one.total}
    journal.record("exchange.import_confirmed", f"import:{one.pk}", by=by, content=told)


@transaction.atomic
def discard(one: Import, *, by: Actor) -> None:
    """Throw a draft away; nothing of it was stored."""
    taking.scope(by)
    one = Import.objects.select_for_update().get(pk=one.pk)
    _check_draft(one)
    journal.record("exchange.import_discarded", f"import:{one.pk}", by=by, content={"digest": one.digest})
    one.delete()


@transaction.atomic
def undo(one: Import, *, by: Actor) -> None:
    """Have withdrawn what the import stored newly, and put back what it corrected; all stays on record."""
    taking.scope(by)
    one = Import.objects.select_for_update().get(pk=one.pk)
    if one.state not in (State.DONE, State.STOPPED) or one.undone_by:
        raise Refused(_("This import cannot be taken back now."), "not_done")
    if not Content.objects.filter(of=one).exists():
        told = _("An import can be taken back for %(days)s days.") % {"days": work.KEPT.days}
        raise Refused(told, "gone")
    one.state, one.next_at, one.undone_by, one.fault = State.UNDOING, clock.now(), by.name, ""
    one.save(update_fields=["state", "next_at", "undone_by", "fault"])
    told_of = {"new": one.new, "corrected": one.corrected}
    journal.record("exchange.import_taken_back", f"import:{one.pk}", by=by, content=told_of)


@transaction.atomic
def go_on(one: Import, *, by: Actor) -> None:
    """Let a stopped import be tried again, by a new token where the old one was revoked."""
    taking.scope(by)
    one = Import.objects.select_for_update().get(pk=one.pk)
    if one.state != State.STOPPED:
        raise Refused(_("This import did not stop."), "not_stopped")
    if not Token.objects.filter(name=work.WAY, revoked_at=None).exists():
        people.create_token(work.WAY, by=by, is_program=True)
    one.state = State.UNDOING if one.undone_by else State.RUNNING
    one.next_at, one.fault, one.attempts = clock.now(), "", 0
    one.save(update_fields=["state", "next_at", "fault", "attempts"])
    parts = Part.objects.filter(of=one, is_done=True).count()
    journal.record("exchange.import_resumed", f"import:{one.pk}", by=by, content={"parts": parts})


def _check_draft(one: Import) -> None:
    if one.state != State.DRAFT:
        raise Refused(_("This import was confirmed already."), "confirmed")
