"""What a person does with a file of reports: bring it, say what it means, take it in, take it back."""

from __future__ import annotations

import hashlib

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.domains.reports.importing import guessing, judging, kept
from toancanh.domains.reports.importing.judging import Preview
from toancanh.domains.reports.importing.mapping import Mapping
from toancanh.domains.reports.importing.models import ReportImport, ReportMapping
from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.rosters import columns
from toancanh.kernel.exchange.sheets.actions import shown_name
from toancanh.kernel.exchange.sheets.mapping import headings
from toancanh.kernel.exchange.sheets.models import State
from toancanh.kernel.exchange.sheets.reading import Book, Row
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.people import actions as people
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, NotFound, Refused
from toancanh.lib.fold import fold

RIGHT = "cases.arrange"


def scope(by: Actor) -> list[str]:
    """Paths of the units in which the actor may take reports in; raises NotAllowed where there is none."""
    paths = by.paths(RIGHT)
    if not paths:
        told = _("Reports of an earlier system are taken in by who arranges work here.")
        raise NotAllowed(told)
    return list(paths)


def find(pk: int, *, by: Actor) -> ReportImport:
    """The import of that number: who brought it sees it, and who arranges work in all its units."""
    found = ReportImport.objects.defer("book").filter(pk=pk).first()
    if found is None or not sees(found, by):
        raise NotFound(_("There is no such import."))
    return found


def sees(one: ReportImport, by: Actor) -> bool:
    """Whether it is the actor's own, or of units that he arranges work for."""
    return one.actor == by.key or all(by.may(RIGHT, path) for path in one.scope)


def upload(content: bytes, name: str, *, by: Actor) -> ReportImport:
    """Open a file and note it as a draft with a first idea of what it means; once for the same file."""
    paths = scope(by)
    digest = hashlib.sha256(content).hexdigest()
    drafts = ReportImport.objects.filter(digest=digest, actor=by.key, state=State.DRAFT, book__isnull=False)
    if (same := drafts.first()) is not None:
        return same
    book = kept.read(content)
    said, named = first_idea(book)
    with transaction.atomic():
        one = ReportImport.objects.create(
            made_at=clock.now(),
            made_by=by.name[:100],
            actor=by.key,
            scope=paths,
            file=shown_name(name),
            digest=digest,
            book=kept.sealed(book),
            mapping=msgspec.to_builtins(said),
            mapping_name=named,
        )
        told = {"file": one.file, "digest": digest}
        journal.record("reports.import_brought", f"report-import:{one.pk}", by=by, content=told)
    return one


def first_idea(book: Book) -> tuple[Mapping, str]:
    """The kept mapping used last that fits the file, and its name; else a guess."""
    for row in ReportMapping.objects.order_by("-used_at")[:50]:
        said = msgspec.convert(row.said, Mapping)
        if (rows := fitting(said, book)) is not None:
            return guessing.with_values(said, rows, guessing.Known.now()), row.name
    sheet = book.sheet("")
    rows, _old = columns.repaired(sheet.rows)
    return guessing.guess(rows, sheet.name if len(book.sheets) > 1 else ""), ""


def fitting(said: Mapping, book: Book) -> list[Row] | None:
    """The rows of the sheet that the mapping names, where every column of it is there."""
    try:
        rows, _old = columns.repaired(book.sheet(said.sheet).rows)
    except Refused:
        return None
    return rows if said.columns and set(said.columns) <= set(headings(rows, said.heading)) else None


def understand(one: ReportImport, said: Mapping, *, by: Actor, name: str = "") -> Preview:
    """Say what columns and values mean, see what would become of the file; ``name`` keeps the mapping."""
    paths = scope(by)
    _check_draft(one)
    made = judging.preview(judging.Judge(said, kept.rows(one, said.sheet), paths).judge())
    with transaction.atomic():
        one = _locked(one)
        _check_draft(one)
        one.mapping, one.scope = msgspec.to_builtins(said), paths
        one.preview = {**msgspec.to_builtins(made), "of": seal(one)}
        one.mapping_name = save_mapping(name, said, by=by).name if name else ""
        one.save(update_fields=["mapping", "scope", "preview", "mapping_name"])
    return made


def seal(one: ReportImport) -> str:
    """What a person confirms: this file, read in this way."""
    said = journal.canonical({"mapping": one.mapping, "digest": one.digest, "scope": one.scope})
    return hashlib.sha256(said.encode()).hexdigest()[:32]


@transaction.atomic
def save_mapping(name: str, said: Mapping, *, by: Actor) -> ReportMapping:
    """Keep a mapping under a name; the same name again replaces it."""
    scope(by)
    people.check_name(name, 80)
    folded = fold(name)[:80]
    if not folded:
        raise Refused(_("A name holds at least one letter or digit."), "bad_name")
    facts = {"name": name, "said": msgspec.to_builtins(said), "saved_by": by.key, "used_at": clock.now()}
    row, _is_new = ReportMapping.objects.update_or_create(folded=folded, defaults=facts)
    journal.record("reports.mapping_saved", f"report-mapping:{row.pk}", by=by, content={"name": name})
    return row


@transaction.atomic
def forget_mapping(name: str, *, by: Actor) -> None:
    """Keep a mapping no longer; imports that used it stay as they are."""
    scope(by)
    row = ReportMapping.objects.filter(name=name).first()
    if row is None:
        raise NotFound(_("There is no such mapping."))
    journal.record("reports.mapping_forgotten", f"report-mapping:{row.pk}", by=by, content={"name": name})
    row.delete()


@transaction.atomic
def confirm(one: ReportImport, seen: str, *, by: Actor) -> None:
    """Have the file taken in as it was previewed; ``seen`` is the seal of the preview that the person saw."""
    scope(by)
    row = _locked(one)
    _check_draft(row)
    if row.preview is None or not seen or seen != row.preview["of"]:
        told = _("The file was looked at in another way meanwhile. Check the preview again.")
        raise Refused(told, "changed")
    if not row.preview["new"]:
        raise Refused(_("Nothing of this file is new. See the reasons below the table."), "nothing")
    row.state, row.next_at, row.total = State.RUNNING, clock.now(), row.preview["rows"]
    row.save(update_fields=["state", "next_at", "total"])
    ReportMapping.objects.filter(name=row.mapping_name).update(used_at=clock.now())
    content = {"source": row.mapping["source"], "rows": row.total, "digest": row.digest}
    journal.record("reports.import_confirmed", f"report-import:{row.pk}", by=by, content=content)


@transaction.atomic
def discard(one: ReportImport, *, by: Actor) -> None:
    """Throw a draft away; nothing of it was taken in."""
    scope(by)
    row = _locked(one)
    _check_draft(row)
    content = {"digest": row.digest}
    journal.record("reports.import_discarded", f"report-import:{row.pk}", by=by, content=content)
    row.delete()


@transaction.atomic
def undo(one: ReportImport, *, by: Actor) -> None:
    """Have its reports destroyed, but those that somebody has worked on since."""
    scope(by)
    row = _locked(one)
    if row.state not in (State.DONE, State.STOPPED) or row.undone_by:
        raise Refused(_("This import cannot be taken back now."), "not_done")
    if clock.now() - row.made_at > kept.KEPT:
        told = _("An import can be taken back for %(days)s days.") % {"days": kept.KEPT.days}
        raise Refused(told, "gone")
    row.state, row.next_at, row.undone_by, row.fault = State.UNDOING, clock.now(), by.name[:100], ""
    row.save(update_fields=["state", "next_at", "undone_by", "fault"])
    content = {"new": row.new}
    journal.record("reports.import_taken_back", f"report-import:{row.pk}", by=by, content=content)


@transaction.atomic
def go_on(one: ReportImport, *, by: Actor) -> None:
    """Let a stopped import be tried again."""
    scope(by)
    row = _locked(one)
    if row.state != State.STOPPED:
        raise Refused(_("This import did not stop."), "not_stopped")
    row.state = State.UNDOING if row.undone_by else State.RUNNING
    row.next_at, row.fault, row.attempts = clock.now(), "", 0
    row.save(update_fields=["state", "next_at", "fault", "attempts"])
    journal.record("reports.import_resumed", f"report-import:{row.pk}", by=by, content={"new": row.new})


def _locked(one: ReportImport) -> ReportImport:
    row = ReportImport.objects.select_for_update().filter(pk=one.pk).first()
    if row is None:
        raise NotFound(_("There is no such import."))
    return row


def _check_draft(one: ReportImport) -> None:
    if one.state != State.DRAFT:
        raise Refused(_("This import was confirmed already."), "confirmed")
