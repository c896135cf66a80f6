"""`/reports/`: map and list of published reports, each of them, its photos; the same for everyone."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from toancanh.domains.reports import looking, status, story
from toancanh.domains.reports.public import disclosing, framing, listing, seeing, telling
from toancanh.domains.reports.public.wishes import Wish
from toancanh.kernel.cases.case_pages import number as read_number
from toancanh.kernel.files import links
from toancanh.kernel.files.models import File, Variant
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.runtime.rates import limited
from toancanh.lib.errors import NotFound

MOST_PHOTOS = 30


@door()
@limited(a_minute=120, burst=240)
def reports(request: HttpRequest, language: str) -> HttpResponse:
    """The list as the address filters it, with its map; what this device has sent; a report by its code."""
    code = request.GET.get("code", "").strip().upper()[:24]
    if code:
        return by_code(request, language, code)
    wish = Wish.of(request.GET)
    with translation.override(language):
        found = listing.page(wish)
        shown = {
            "wish": wish,
            "page": found,
            "rows": [(told, _small(told)) for told in found.rows],
            "filters": listing.filters(wish),
            "pins": f"/reports/pins.json{wish.query()}",
            "legend": [(name, title) for name, title in telling.stands().items() if name != "merged"],
            "most_pins": listing.MOST_PINS,
            "has_figures": disclosing.now().figures,
        }
        return framing.page("reports/public/list.html", language, wish.query(after=wish.after), shown)


@limited(a_minute=30, burst=120)
def by_code(request: HttpRequest, language: str, code: str) -> HttpResponse:
    """Where a report of a code stands, published or not: its state alone."""
    with translation.override(language):
        shown = {"code": code, "found": looking.by_code(code), "asked": True}
        answer = framing.page("reports/public/code.html", language, "", shown)
    answer["Cache-Control"] = "private, no-store"
    answer["X-Robots-Tag"] = "noindex"
    return answer


@door()
@limited(a_minute=120, burst=240)
def pins(request: HttpRequest) -> HttpResponse:
    """The same reports for the map."""
    answer = HttpResponse(
        msgspec.json.encode(listing.pins(Wish.of(request.GET))), content_type="application/geo+json"
    )
    framing.kept(answer)
    return answer


@door()
@limited(a_minute=120, burst=240)
def report(request: HttpRequest, language: str, code: str) -> HttpResponse:
    """One published report; a merged one leads to where it is dealt with. ``?part=card``: for the map."""
    with translation.override(language):
        case = seeing.one(code)
        into = seeing.dealt_with_under(case)
        if into is not None:
            answer: HttpResponse = HttpResponseRedirect(f"{framing.ROOTS[language]}{into.code}/")
            framing.kept(answer)
            return answer
        if case.code != code:
            return HttpResponseRedirect(f"{framing.ROOTS[language]}{case.code}/")
        told = telling.one(case)
        shown: dict[str, Any] = {"told": told, "small": _small(told)}
        if request.GET.get("part") == "card":
            shown["root"] = framing.ROOTS[language]
            return framing.kept(HttpResponse(render_to_string("reports/public/card.html", shown)))
        before = read_number(request.GET["before"]) if "before" in request.GET else None
        steps, older = story.steps(case, is_reporter=False, before=before)
        shown |= {
            "photos": _photos(told.photos),
            "answers": [(one, _photos(one.before), _photos(one.after)) for one in told.answers],
            "steps": steps,
            "older": older,
            "rated": status.rated().get(told.rating or 0, ""),
            "mark": f"{told.place[0]},{told.place[1]}" if told.place else "",
        }
        return framing.page("reports/public/report.html", language, f"{case.code}/", shown)


@door()
@limited(a_minute=240, burst=480)
def photo(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """An address of a published photo that lasts as long as it is published, for files and other programs."""
    found = telling.one(seeing.one(code)).photos
    if not 1 <= number <= min(len(found), MOST_PHOTOS):
        raise NotFound(_("There is no such photo."))
    return framing.kept(HttpResponseRedirect(links.url(found[number - 1], Variant.PUBLIC)))


def _photos(found: list[File]) -> list[dict[str, str]]:
    return [
        {"small": links.url(one, Variant.PUBLIC_SMALL), "full": links.url(one, Variant.PUBLIC)}
        for one in found
    ]


def _small(told: telling.Told) -> str:
    """The picture of a row: what was done before what was wrong."""
    done = [file for answer in told.answers for file in answer.after]
    found = (done or told.photos)[:1]
    return links.url(found[0], Variant.PUBLIC_SMALL) if found else ""
