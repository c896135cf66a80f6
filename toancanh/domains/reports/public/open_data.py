"""Published reports as open data: CSV and GeoJSON, streamed, filtered like the list; the page of it."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _

from toancanh.domains.reports.categories import CHANGED
from toancanh.domains.reports.public import framing, listing, seeing, telling
from toancanh.domains.reports.public.telling import Told
from toancanh.domains.reports.public.wishes import Wish, wanted
from toancanh.domains.reports.similar import KIND
from toancanh.kernel.cases.models import Case, Event
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.runtime.rates import limited
from toancanh.lib.errors import NotFound

BATCH = 500
FORMAT = 1
"""Moves when columns do: copies that were kept are then of another one."""
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
Field = tuple[str, Callable[[Told], object]]


def _moment(at: datetime | None) -> str:
    return at.astimezone(clock.VIETNAM).isoformat(timespec="seconds") if at is not None else ""


FIELDS: tuple[Field, ...] = (
    ("code", lambda told: told.code),
    ("title", lambda told: told.title),
    ("words", lambda told: told.words),
    ("category", lambda told: told.category),
    ("category_title", lambda told: told.category_title),
    ("unit_code", lambda told: told.unit_code),
    ("unit", lambda told: told.unit),
    ("state", lambda told: told.stand),
    ("organisation_code", lambda told: told.organisation_code),
    ("organisation", lambda told: told.organisation),
    ("received_at", lambda told: _moment(told.opened_at)),
    ("due_at", lambda told: _moment(told.due_at)),
    ("answered_at", lambda told: _moment(told.answered_at)),
    ("term", lambda told: told.kept),
    ("answer", lambda told: told.answers[0].words if told.answers else ""),
    ("refusal", lambda told: told.refusal),
    ("rating", lambda told: told.rating),
    ("followers", lambda told: told.followers),
    ("changed_at", lambda told: _moment(told.changed_at)),
    ("is_sample", lambda told: int(told.is_sample)),
)


def meanings() -> dict[str, str]:
    """What each field says."""
    return {
        "code": _("code of the report"),
        "title": _("title, as reception published it"),
        "words": _("text, as reception published it"),
        "category": _("code of the category"),
        "category_title": _("its name in Vietnamese"),
        "unit_code": _("code of the ward or commune, as the state gives it"),
        "unit": _("its name"),
        "state": _("received, asked, assigned, working, answered or refused"),
        "organisation_code": _("code of the organisation in charge"),
        "organisation": _("its name"),
        "received_at": _("when it came"),
        "due_at": _("until when it is to be answered; empty where the term stands still or is over"),
        "answered_at": _("when the answer was published"),
        "term": _("on_time, extended (on time by extension) or late; empty where it is not answered"),
        "answer": _("the newest published answer"),
        "refusal": _("why it was not accepted"),
        "rating": _("3 satisfied, 2 acceptable, 1 not satisfied; empty where it was not rated"),
        "followers": _("how many people follow it beside its sender"),
        "changed_at": _("when something of it changed last"),
        "is_sample": _("1: made up for a demonstration"),
        "lon": _("longitude (WGS 84), to about 100 metres; in GeoJSON it is the geometry"),
        "lat": _("latitude, likewise"),
        "page": _("address of its page"),
    }


@door()
@limited(a_minute=60, burst=60)
def page(request: HttpRequest, language: str) -> HttpResponse:
    """Which sets there are, what their fields say, on which terms they may be used."""
    with translation.override(language):
        wish = Wish.of(request.GET)
        shown = {
            "wish": wish,
            "filters": listing.filters(wish),
            "count": listing.page(wish).count,
            "fields": meanings().items(),
            "licence": LICENCE,
            "site": _site(request),
        }
        return framing.page("reports/public/open_data.html", language, f"open-data/{wish.query()}", shown)


@door()
@limited(a_minute=12, burst=24)
def file(request: HttpRequest, form: str) -> HttpResponseBase:
    """Every report that the address lets through, what came in last first."""
    made = FORMS.get(form)
    if made is None:
        raise NotFound(_("There is no such file."))
    wish = Wish.of(request.GET)
    mark, changed = _version(form, wish)
    answer: HttpResponseBase | None = get_conditional_response(
        request, etag=mark, last_modified=int(changed.timestamp()) if changed else None
    )
    if answer is None:
        site = _site(request)
        lines = () if request.method == "HEAD" else made.lines(_told(wish), site)
        answer = StreamingHttpResponse(lines, content_type=made.media)
        answer["Content-Disposition"] = f'attachment; filename="{made.name}"'
    answer["ETag"] = mark
    if changed is not None:
        answer["Last-Modified"] = changed.strftime("%a, %d %b %Y %H:%M:%S GMT")
    answer["Cache-Control"] = framing.KEPT
    # Anybody's page may show what is public.
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


def _version(form: str, wish: Wish) -> tuple[str, datetime | None]:
    """A mark that differs as soon as anything in the file may, and when that was. Three queries."""
    own = Event.objects.filter(case__kind=KIND)
    newest = (
        own.filter(Q(case__is_published=True) | Q(kind="axis")).order_by("-pk").values("pk", "at").first()
    )
    parts = (
        FORMAT,
        form,
        wish.query(),
        newest["pk"] if newest else 0,
        seeing.listed().count(),
        revision.current(CHANGED),
    )
    mark = hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:32]
    return f'"{mark}"', newest["at"].astimezone(UTC) if newest else None


def _told(wish: Wish) -> Iterator[Told]:
    """In parts read by key: no query stays open while a slow reader takes the file."""
    after = ""
    while True:
        with translation.override("vi"):
            rows = listing.ordered(listing.behind(wanted(wish), after)).values("pk")[:BATCH]
            found = listing.ordered(Case.objects.filter(pk__in=rows)).select_related("unit", "organisation")
            cases = list(found)
            told = telling.many(cases)
        yield from told
        if len(cases) < BATCH:
            return
        after = listing.place(cases[-1])


def _site(request: HttpRequest) -> str:
    return (settings.PUBLIC_URL or request.build_absolute_uri("/")).rstrip("/")


def _table(found: Iterator[Told], site: str) -> Iterator[str]:
    kept = io.StringIO()
    writer = csv.writer(kept)
    writer.writerow([*(name for name, _value in FIELDS), "lon", "lat", "page"])
    # A mark by which spreadsheets know the letters.
    yield "\ufeff" + _taken(kept)
    for told in found:
        cells = [_text(value(told)) for _name, value in FIELDS]
        place = told.place or ("", "")
        writer.writerow([*cells, *place, f"{site}/reports/{told.code}/"])
        yield _taken(kept)


def _text(value: object) -> str:
    """What a spreadsheet takes for a formula becomes text."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _taken(kept: io.StringIO) -> str:
    text = kept.getvalue()
    kept.seek(0)
    kept.truncate()
    return text


def _features(found: Iterator[Told], site: str) -> Iterator[bytes]:
    yield b'{"type":"FeatureCollection","features":[\n'
    comma = b""
    for told in found:
        yield comma + msgspec.json.encode(_feature(told, site))
        comma = b",\n"
    yield b"\n]}\n"


def _feature(told: Told, site: str) -> dict[str, Any]:
    said = {name: value(told) for name, value in FIELDS}
    # JSON has a word for nothing; text that is empty stays text.
    times = {name: said[name] or None for name in ("due_at", "answered_at", "term")}
    return {
        "type": "Feature",
        "id": told.code,
        "geometry": {"type": "Point", "coordinates": told.place} if told.place else None,
        "properties": {
            **said,
            **times,
            "is_sample": told.is_sample,
            "page": f"{site}/reports/{told.code}/",
        },
    }


@dataclass(frozen=True)
class Form:
    """A format in which the set is given."""

    name: str
    media: str
    lines: Callable[[Iterator[Told], str], Iterator[Any]]


FORMS = {
    "csv": Form("phan-anh-cong-khai.csv", "text/csv; charset=utf-8", _table),
    "geojson": Form("phan-anh-cong-khai.geojson", "application/geo+json", _features),
}
