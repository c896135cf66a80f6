"""*Nhập số liệu từ tệp*: the list of imports, and the page of one from its first look to its undoing."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel.exchange import taking
from toancanh.kernel.exchange.sheets import (
    actions,
    errors,
    faults,
    forms,
    known,
    mapping,
    reading,
    work,
)
from toancanh.kernel.exchange.sheets.child import MAX_ROWS
from toancanh.kernel.exchange.sheets.judging import Line, Preview
from toancanh.kernel.exchange.sheets.mapping import Mapping
from toancanh.kernel.exchange.sheets.models import Content, Import, SavedMapping, State
from toancanh.kernel.exchange.sheets.naming import Known
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.errors import NotAllowed, NotFound, Refused

LENGTH = 50
FORM = ("GET", "HEAD", "POST")
HOME = "/console/imports/"
SAID = 512 * 1024
"""A mapping of the widest table that is read."""
TONES = {State.STOPPED: "danger", State.RUNNING: "warning", State.UNDOING: "warning", State.DRAFT: "stale"}


@door(right=taking.RIGHT, data="staff")
def listing(request: HttpRequest) -> HttpResponse:
    """Choose a file; what was brought so far; mappings worth keeping."""
    before = request.GET.get("before", "")
    found = Import.objects.filter(taking.seen_by(of(request))).order_by("-pk")
    if before.isascii() and before.isdigit() and len(before) < 16:
        found = found.filter(pk__lt=int(before))
    rows = list(found.defer("mapping", "preview")[: LENGTH + 1])
    shown = {
        "rows": rows[:LENGTH],
        "next_url": f"?before={rows[LENGTH - 1].pk}" if len(rows) > LENGTH else "",
        "first_url": HOME if before else "",
        "mappings": SavedMapping.objects.order_by("name"),
        "size": reading.MAX_BYTES // 1_048_576,
        "most": MAX_ROWS,
        "days": work.KEPT.days,
    }
    return render(request, "exchange/imports.html", shown)


@door(
    right=taking.RIGHT,
    data="staff",
    methods=("POST",),
    max_body=reading.MAX_BYTES + SMALL,
    served_as="upload",
)
def upload(request: HttpRequest) -> HttpResponse:
    """A file comes; on to its page, which says what would become of it."""
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile) or not file.name:
        messages.error(request, _("Choose a file first."))
        return HttpResponseRedirect(HOME)
    try:
        made = actions.upload(file.read(), file.name, by=of(request))
    except NotAllowed:
        raise
    except Refused as fault:
        messages.error(request, f"{file.name}: {fault.message}")
        return HttpResponseRedirect(HOME)
    if made.preview is None:
        # Where the first idea does not do, its page says what is still to be said.
        with suppress(Refused):
            actions.understand(made, msgspec.convert(made.mapping, Mapping), by=of(request))
    return HttpResponseRedirect(f"{HOME}{made.pk}/")


@door(right=taking.RIGHT, data="staff", methods=FORM, max_body=SAID)
def one(request: HttpRequest, number: int) -> HttpResponse:
    """One import: as a draft to be understood, on its way in, and afterwards."""
    found = actions.find(number, by=of(request))
    if request.method == "POST":
        return _done(request, found)
    if request.GET.get("part") == "progress":
        return render(request, "exchange/progress.html", {"one": found, "percent": percent(found)})
    if found.state == State.DRAFT:
        return _draft(request, found, msgspec.convert(found.mapping, Mapping))
    has_file = Content.objects.filter(of=found).exists()
    shown = {
        "one": found,
        "percent": percent(found),
        "has_file": has_file,
        "may_undo": has_file and not found.undone_by and found.state in (State.DONE, State.STOPPED),
        "left": max(0, found.new + found.corrected - found.withdrawn),
        "tiles": _result(found),
        "days": work.KEPT.days,
    }
    return render(request, "exchange/import.html", shown)


def _done(request: HttpRequest, found: Import) -> HttpResponse:
    """What the person asked for; a refusal is told on the page it belongs to."""
    here, by, wanted = f"{HOME}{found.pk}/", of(request), request.POST.get("do", "")
    try:
        if wanted == "discard":
            actions.discard(found, by=by)
            messages.success(
                request, _("%(file)s was thrown away; nothing of it was stored.") % {"file": found.file}
            )
            return HttpResponseRedirect(HOME)
        if wanted == "understand":
            return _understand(request, found)
        if wanted == "confirm":
            actions.confirm(found, request.POST.get("seen", ""), by=by)
        elif wanted == "undo":
            actions.undo(found, by=by)
        elif wanted == "go_on":
            actions.go_on(found, by=by)
    except (NotAllowed, NotFound):
        raise
    except Refused as fault:
        messages.error(request, fault.message)
    return HttpResponseRedirect(here)


def _understand(request: HttpRequest, found: Import) -> HttpResponse:
    """Take what the form says; what was typed stays on the page where it does not do."""
    by, book, post = of(request), actions.read(found), request.POST
    said, name = forms.asked(post, msgspec.convert(found.mapping, Mapping), book, known.of(by))
    try:
        actions.understand(found, said, by=by, replaces=bool(post.get("replaces")), name=name, book=book)
    except Refused as fault:
        if isinstance(fault, NotAllowed):
            raise
        messages.error(request, fault.message)
        found.preview = None
        return _draft(request, found, said, status=422)
    return HttpResponseRedirect(f"{HOME}{found.pk}/#preview")


def _draft(request: HttpRequest, found: Import, said: Mapping, status: int = 200) -> HttpResponse:
    book = actions.read(found)
    who = known.of(of(request))
    preview = None
    if found.preview is not None:
        preview = msgspec.convert({k: v for k, v in found.preview.items() if k != "of"}, Preview)
    shown = {
        "one": found,
        "said": said,
        **forms.shown(said, book, who),
        "preview": preview,
        "open": still_open(said, preview),
        "tiles": outlook(preview) if preview else [],
        "lines": named(preview.shown, who) if preview else [],
        "faults": named(preview.faults, who) if preview else [],
        "reasons": [(faults.sentence(code), count) for code, count in preview.reasons.items()]
        if preview
        else [],
        "seal": actions.seal(found),
        "saved": SavedMapping.objects.order_by("name"),
        "unsolved": book.unsolved,
        "encoding": book.encoding,
        "twin": Import.objects.filter(
            taking.seen_by(of(request)), digest=found.digest, state__in=(State.DONE, State.RUNNING)
        ).first(),
    }
    return render(request, "exchange/draft.html", shown, status=status)


def still_open(said: Mapping, preview: Preview | None) -> str:
    """What is still to be said about the file; empty where it is understood."""
    if preview is not None:
        return ""
    try:
        mapping.check(said)
    except Refused as fault:
        return fault.message
    return ""


def named(lines: list[Line], who: Known) -> list[dict[str, Any]]:
    """Lines with the names of stations and quantities and the sentences of faults."""
    return [
        {
            "line": line,
            "thing": who.thing_named(line.thing),
            "series": who.series_named(line.series),
            "sentence": faults.sentence(line.verdict),
        }
        for line in lines
    ]


def outlook(preview: Preview) -> list[dict[str, Any]]:
    """The counts of a preview."""
    return [
        {"key": "new", "title": _("New"), "value": preview.new, "icon": "plus"},
        {"key": "same", "title": _("There already"), "value": preview.same, "icon": "check"},
        {"key": "corrected", "title": _("To be corrected"), "value": preview.corrected, "icon": "refresh"},
        {"key": "refused", "title": _("Refused"), "value": preview.refused, "icon": "ban",
         "tone": "warning" if preview.refused else ""},
        {"key": "doubtful", "title": _("Outside the plausible range"), "value": preview.doubtful,
         "icon": "alert-triangle", "tone": "warning" if preview.doubtful else ""},
    ]  # fmt: skip


def _result(found: Import) -> list[dict[str, Any]]:
    """The counts of an import."""
    return [
        {"key": "new", "title": _("Newly stored"), "value": found.new, "icon": "plus"},
        {"key": "same", "title": _("There already"), "value": found.same, "icon": "check"},
        {"key": "corrected", "title": _("Corrected"), "value": found.corrected, "icon": "refresh"},
        {"key": "refused", "title": _("Refused"), "value": found.refused, "icon": "ban",
         "tone": "warning" if found.refused else ""},
    ]  # fmt: skip


def percent(found: Import) -> int:
    """How much of it is done."""
    done = found.new + found.same + found.corrected + found.refused
    return min(100, done * 100 // found.total) if found.total else 0


@door(right=taking.RIGHT, data="staff")
def refused(request: HttpRequest, number: int, kind: str) -> HttpResponse:
    """The refused rows as a file to be mended."""
    found = actions.find(number, by=of(request))
    if not found.refused or kind not in ("xlsx", "csv"):
        raise NotFound(_("No row of this import was refused."))
    if kind == "xlsx":
        body: bytes | str = errors.workbook(found)
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    else:
        body, content_type = errors.table(found), "text/csv; charset=utf-8"
    headers = {"Content-Disposition": f'attachment; filename="dong-bi-tu-choi-{number}.{kind}"'}
    return HttpResponse(body, content_type=content_type, headers=headers)


@door(right=taking.RIGHT, data="staff", methods=("POST",), max_body=SMALL)
def forget(request: HttpRequest) -> HttpResponse:
    """Keep a mapping no longer."""
    try:
        actions.forget_mapping(request.POST.get("name", ""), by=of(request))
    except (NotAllowed, NotFound):
        raise
    except Refused as fault:
        messages.error(request, fault.message)
    return HttpResponseRedirect(f"{HOME}#mappings")
