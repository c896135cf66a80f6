"""*Nhập phản ánh từ hệ thống cũ*: bring a file, say what it means, see it, take it in, take it back."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.domains.reports.importing import actions, errors, forms, judging, kept, mapping
from toancanh.domains.reports.importing.judging import Preview
from toancanh.domains.reports.importing.mapping import Mapping
from toancanh.domains.reports.importing.models import ReportImport, ReportMapping, Verdict
from toancanh.kernel.exchange.sheets import reading
from toancanh.kernel.exchange.sheets.models import State
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.errors import NotAllowed, NotFound, Refused

FORM = ("GET", "HEAD", "POST")
HOME = "/console/reports/import/"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LENGTH = 50
SAID = 512 * 1024
"""A mapping with all values of the widest table that is read."""
LEFT_SHOWN = 50


@door(right=actions.RIGHT, data="staff")
def listing(request: HttpRequest) -> HttpResponse:
    """Choose a file; what was brought so far; mappings worth keeping."""
    by, before = of(request), request.GET.get("before", "")
    found = ReportImport.objects.defer("book", "mapping", "preview").order_by("-pk")
    if before.isascii() and before.isdigit() and len(before) < 16:
        found = found.filter(pk__lt=int(before))
    if not by.may(actions.RIGHT):
        found = found.filter(actor=by.key)
    rows = list(found[: LENGTH + 1])
    shown = {
        "rows": rows[:LENGTH],
        "next_url": f"?before={rows[LENGTH - 1].pk}" if len(rows) > LENGTH else "",
        "first_url": HOME if before else "",
        "mappings": ReportMapping.objects.defer("said").order_by("name"),
        "size": reading.MAX_BYTES // 1_048_576,
        "most": judging.MOST,
        "tab": "import",
    }
    return render(request, "reports/importing/list.html", shown)


@door(
    right=actions.RIGHT,
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
            actions.understand(
                made, msgspec.convert(made.mapping, Mapping), by=of(request), name=made.mapping_name
            )
    return HttpResponseRedirect(f"{HOME}{made.pk}/")


@door(right=actions.RIGHT, data="staff", methods=FORM, max_body=SAID)
def one(request: HttpRequest, number: int) -> HttpResponse:
    """One file: as a draft to be understood, on its way in, and afterwards."""
    found = actions.find(number, by=of(request))
    if request.method == "POST":
        return _done(request, found)
    shown = {"one": found, "percent": percent(found)}
    if request.GET.get("part") == "progress":
        return render(request, "reports/importing/progress.html", shown)
    if found.state == State.DRAFT:
        return _draft(request, found, msgspec.convert(found.mapping, Mapping))
    left = found.rows.filter(verdict=Verdict.LEFT, case__isnull=False).order_by("number")
    shown |= {
        "source": found.mapping.get("source", ""),
        "has_file": found.book is not None,
        "may_undo": not found.undone_by and found.state in (State.DONE, State.STOPPED) and found.book,
        "stayed": list(left.values_list("code", flat=True)[:LEFT_SHOWN]),
        "tiles": _result(found),
        "days": kept.KEPT.days,
        "tab": "import",
    }
    return render(request, "reports/importing/one.html", shown)


def _done(request: HttpRequest, found: ReportImport) -> HttpResponse:
    """What the person asked for; a refusal is told on the page it belongs to."""
    by, wanted = of(request), request.POST.get("do", "")
    try:
        if wanted == "discard":
            actions.discard(found, by=by)
            told = _("%(file)s was thrown away; nothing of it was kept.")
            messages.success(request, told % {"file": found.file})
            return HttpResponseRedirect(HOME)
        if wanted == "understand":
            return _understand(request, found)
        if wanted == "confirm":
            actions.confirm(found, request.POST.get("seen", ""), by=by)
        elif wanted == "undo":
            actions.undo(found, by=by)
        elif wanted == "go_on":
            actions.go_on(found, by=by)
        else:
            raise Refused(_("Choose what is to be done."), "bad_request")
    except (NotAllowed, NotFound):
        raise
    except Refused as fault:
        messages.error(request, fault.message)
    return HttpResponseRedirect(request.path)


def _understand(request: HttpRequest, found: ReportImport) -> HttpResponse:
    """Take what the form says; what was chosen stays on the page where it does not do."""
    before = msgspec.convert(found.mapping, Mapping)
    said, name = forms.asked(request.POST, before, kept.book(found))
    try:
        actions.understand(found, said, by=of(request), name=name)
    except Refused as fault:
        if isinstance(fault, NotAllowed):
            raise
        messages.error(request, fault.message)
        found.preview = None
        return _draft(request, found, said, status=422)
    return HttpResponseRedirect(f"{request.path}#preview")


def _draft(request: HttpRequest, found: ReportImport, said: Mapping, status: int = 200) -> HttpResponse:
    book = kept.book(found)
    preview = None
    if found.preview is not None:
        known = {name: value for name, value in found.preview.items() if name != "of"}
        preview = msgspec.convert(known, Preview)
    shown = {
        "one": found,
        "said": said,
        **forms.shown(said, forms.rows_of(book, said.sheet), book),
        "preview": preview,
        "open": "" if preview else still_open(said),
        "tiles": outlook(preview) if preview else [],
        "lines": [*preview.faults, *preview.shown] if preview else [],
        "states": {name: forms.state_named(name) for name in mapping.STATES},
        "seal": actions.seal(found),
        "saved": ReportMapping.objects.defer("said").order_by("name"),
        "encoding": book.encoding,
        "twin": ReportImport.objects.filter(
            digest=found.digest, state__in=(State.DONE, State.RUNNING)
        ).exists(),
        "tab": "import",
    }
    return render(request, "reports/importing/draft.html", shown, status=status)


def still_open(said: Mapping) -> str:
    """What is still to be said about the file; empty where it is understood."""
    try:
        mapping.check(said)
    except Refused as fault:
        return fault.message
    return ""


def outlook(preview: Preview) -> list[dict[str, Any]]:
    """The counts of a preview."""
    return [
        {"key": "new", "title": _("New"), "value": preview.new, "icon": "plus"},
        {"key": "same", "title": _("There already"), "value": preview.same, "icon": "check"},
        {"key": "refused", "title": _("Refused"), "value": preview.refused, "icon": "ban",
         "tone": "warning" if preview.refused else ""},
        {"key": "noted", "title": _("To be looked at"), "value": preview.noted, "icon": "alert-triangle",
         "tone": "warning" if preview.noted else ""},
    ]  # fmt: skip


def _result(found: ReportImport) -> list[dict[str, Any]]:
    """The counts of an import."""
    return [
        {"key": "new", "title": _("Newly taken in"), "value": found.new, "icon": "plus"},
        {"key": "same", "title": _("There already"), "value": found.same, "icon": "check"},
        {"key": "refused", "title": _("Refused"), "value": found.refused, "icon": "ban",
         "tone": "warning" if found.refused else ""},
    ]  # fmt: skip


def percent(found: ReportImport) -> int:
    """How much of it is done."""
    if found.state == State.UNDOING:
        return min(100, (found.withdrawn + found.left) * 100 // found.new) if found.new else 0
    done = found.new + found.same + found.refused
    return min(100, done * 100 // found.total) if found.total else 0


@door(right=actions.RIGHT, data="staff")
def refused(request: HttpRequest, number: int) -> HttpResponse:
    """The refused rows as a file to be mended: of a draft, and of one that was taken in."""
    found = actions.find(number, by=of(request))
    body = errors.of(found, msgspec.convert(found.mapping, Mapping))
    headers = {"Content-Disposition": f'attachment; filename="phan-anh-bi-tu-choi-{number}.xlsx"'}
    return HttpResponse(body, content_type=SHEET, headers=headers)


@door(right=actions.RIGHT, data="staff", methods=("POST",), max_body=SMALL)
def forget(request: HttpRequest) -> HttpResponse:
    """Keep a mapping no longer."""
    actions.forget_mapping(request.POST.get("name", ""), by=of(request))
    return HttpResponseRedirect(f"{HOME}#mappings")
