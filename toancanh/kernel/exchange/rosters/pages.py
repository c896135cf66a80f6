"""*Danh sách từ tệp*: bring a list of heads and officials, see it, take it in, take it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel.contacts.actions import RIGHT
from toancanh.kernel.exchange.rosters import actions, columns, errors
from toancanh.kernel.exchange.rosters.columns import Reading
from toancanh.kernel.exchange.rosters.judging import MOST, Line, Outcome
from toancanh.kernel.exchange.rosters.models import Roster, Stage
from toancanh.kernel.exchange.sheets import reading as sheets
from toancanh.kernel.exchange.sheets.child import Cell
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.errors import NotAllowed, NotFound, Refused

FORM = ("GET", "HEAD", "POST")
HOME = "/console/contacts/lists/"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LENGTH = 50
SHOWN = 200
"""Rows of a preview; refused and remarkable ones first."""
SAMPLES = 4
ORDER = ("refused", "twice", "changed", "new", "same")


@door(right=RIGHT, data="staff")
def listing(request: HttpRequest) -> HttpResponse:
    """Choose a file; the lists brought so far."""
    by, before = of(request), request.GET.get("before", "")
    rows = Roster.objects.defer("book", "before").order_by("-pk")
    if not by.may(RIGHT):
        rows = rows.filter(actor=by.key)
    if before.isascii() and before.isdigit() and len(before) < 16:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: LENGTH + 1])
    said = {
        "rows": found[:LENGTH],
        "next_url": f"?before={found[LENGTH - 1].pk}" if len(found) > LENGTH else "",
        "first_url": HOME if before else "",
        "most": MOST,
        "size": sheets.MAX_BYTES // 1_048_576,
        "tab": "lists",
    }
    return render(request, "exchange/rosters/list.html", said)


@door(right=RIGHT, data="staff", methods=("POST",), max_body=sheets.MAX_BYTES + SMALL, served_as="upload")
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
    return HttpResponseRedirect(f"{HOME}{made.pk}/")


@door(right=RIGHT, data="staff", methods=FORM, max_body=SMALL)
def one(request: HttpRequest, number: int) -> HttpResponse:
    """One list: as a draft with its preview, and afterwards."""
    by = of(request)
    found = actions.find(number, by=by)
    if request.method == "POST":
        try:
            return _done(request, found)
        except (NotAllowed, NotFound):
            raise
        except Refused as fault:
            messages.error(request, fault.message)
            return HttpResponseRedirect(request.path)
    said: dict[str, Any] = {"one": found, "tab": "lists", "days": actions.KEPT.days}
    said["has_file"] = found.book is not None
    if found.stage == Stage.DRAFT:
        said |= _draft(request, found)
        return render(request, "exchange/rosters/draft.html", said)
    said["tiles"] = tiles(found.counts)
    return render(request, "exchange/rosters/done.html", said)


def _done(request: HttpRequest, found: Roster) -> HttpResponse:
    by, wanted = of(request), request.POST.get("do", "")
    if wanted == "discard":
        actions.discard(found, by=by)
        messages.success(
            request, _("%(file)s was thrown away; nothing of it was kept.") % {"file": found.file}
        )
        return HttpResponseRedirect(HOME)
    if wanted == "confirm":
        actions.confirm(found, request.POST.get("seen", ""), by=by)
    elif wanted == "undo":
        back, left = actions.undo(found, by=by)
        told = _(
            "%(back)s went back; %(left)s stayed, as somebody changed them or they were told of a warning."
        )
        messages.success(request, told % {"back": back, "left": left})
    elif wanted == "understand":
        actions.understand(
            found, asked(request.POST, found), replaces=bool(request.POST.get("replaces")), by=by
        )
    else:
        raise Refused(_("Choose what is to be done."), "bad_request")
    return HttpResponseRedirect(request.path)


def asked(post: Mapping[str, str], found: Roster) -> Reading:
    """What a person says the columns mean; another sheet or heading row is recognised anew."""
    before = actions.reading_of(found)
    book = actions.book_of(found)
    sheet = book.sheet(post.get("sheet", "") or before.sheet)
    rows, _old = columns.repaired(sheet.rows)
    text = post.get("heading", "")
    heading = int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 4 else before.heading
    if sheet.name != before.sheet and len(book.sheets) > 1:
        return columns.recognised(rows, sheet.name)
    if heading != before.heading:
        return columns.recognised(rows, sheet.name, min(max(heading, 1), max(1, len(rows))))
    chosen = {n: post.get(f"column_{n}", "") for n in range(_width(rows))}
    known = {n: name for n, name in chosen.items() if name in columns.FIELDS}
    return Reading(before.sheet, before.heading, known, before.titles)


def _width(rows: list[sheets.Row]) -> int:
    return max((len(row) for row in rows), default=0)


def shown(cell: Cell) -> str:
    """A cell as people see it in their own program."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)


def _draft(request: HttpRequest, found: Roster) -> dict[str, Any]:
    said, by = actions.reading_of(found), of(request)
    rows, was_old = actions.rows_of(found)
    book = actions.book_of(found)
    fields = [
        {
            "number": n,
            "title": said.titles.get(n, ""),
            "field": said.columns.get(n, ""),
            "samples": [
                shown(row[n])[:40] for row in rows[said.heading :] if n < len(row) and row[n] is not None
            ][:3],
        }
        for n in range(_width(rows))
    ]
    page = {
        "fields": fields,
        "meanings": meanings(),
        "said": said,
        "was_old": was_old,
        "sheets": [sheet.name for sheet in book.sheets] if len(book.sheets) > 1 else [],
        "top": [[shown(cell)[:60] for cell in row] for row in rows[: said.heading + SAMPLES]],
    }
    try:
        outcome = actions.preview(found, by=by)
    except Refused as fault:
        return {**page, "open": fault.message}
    return {
        **page,
        "outcome": outcome,
        "tiles": tiles(outcome.counts),
        "lines": first(outcome),
        "more": max(0, len(outcome.lines) - SHOWN),
        "kept": sum(outcome.counts[name] for name in ("new", "changed")) + len(outcome.ends),
        "seal": actions.seal(found, outcome),
    }


def first(outcome: Outcome) -> list[Line]:
    """The rows that a person should look at, then the others."""
    ranked = sorted(outcome.lines, key=lambda line: (ORDER.index(line.verdict), not line.notes, line.number))
    return ranked[:SHOWN]


def tiles(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """The counts of a list."""
    tones = {"refused": "warning", "noted": "warning"}
    titles: list[tuple[str, str, str]] = [
        ("new", _("New people"), "plus"),
        ("changed", _("Changed"), "pencil"),
        ("same", _("There already"), "check"),
        ("ended", _("Leave their post"), "logout"),
        ("refused", _("Refused"), "ban"),
        ("noted", _("To be looked at"), "alert-triangle"),
    ]
    return [
        {"key": key, "title": title, "icon": icon, "value": counts.get(key, 0),
         "tone": tones.get(key, "") if counts.get(key) else ""}
        for key, title, icon in titles
    ]  # fmt: skip


def meanings() -> list[tuple[str, str]]:
    """What a column may mean, in words."""
    told = {
        "unit": _("Commune"),
        "district": _("Former district"),
        "place": _("Village or neighbourhood"),
        "name": _("Full name"),
        "post": _("Post held"),
        "phone": _("Telephone"),
        "email": _("E-mail"),
        "zalo": _("Zalo ID"),
        "language": _("Language"),
        "ground": _("Legal basis"),
        "exercises": _("Exercises"),
        "since": _("In the post since"),
    }
    return [(name, told[name]) for name in columns.FIELDS]


@door(right=RIGHT, data="staff")
def refused(request: HttpRequest, number: int) -> HttpResponse:
    """The refused rows as a file to be mended: of a draft, and of a list that was taken in."""
    by = of(request)
    found = actions.find(number, by=by)
    rows, _old = actions.rows_of(found)
    body = errors.workbook(actions.reading_of(found), rows, actions.preview(found, by=by))
    headers = {"Content-Disposition": f'attachment; filename="dong-bi-tu-choi-{number}.xlsx"'}
    return HttpResponse(body, content_type=SHEET, headers=headers)
