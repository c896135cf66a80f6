"""The public's pages about warnings, made whole without a request: each says the same to everyone.

They are written into files (`copies`) and served from there; the routes of `warned` make the same pages where
a file is not written yet. Nothing of an exercise ever comes here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed
from django.utils.translation import gettext as _

from toancanh.kernel.exchange import queries as exchange
from toancanh.kernel.portal import area
from toancanh.kernel.portal.slots import nav
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory import queries as territory
from toancanh.kernel.territory.models import Tier, Unit
from toancanh.kernel.warnings import queries, reach, texts
from toancanh.kernel.warnings.levels import Level
from toancanh.kernel.warnings.models import Kind, State, Warning
from toancanh.kernel.warnings.texts import LANGUAGES, Language, Text
from toancanh.lib.errors import NotFound

ROOTS: dict[Language, str] = {"vi": "/warnings/", "en": "/en/warnings/"}
FEEDS = {"rss.xml": Rss201rev2Feed, "atom.xml": Atom1Feed}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One message as a page shows it."""

    number: str
    url: str
    text: Text
    level: Level | None
    level_title: str
    colour: str
    state: str
    """``now``, ``ended`` (an all-clear), ``replaced`` by a later message, ``lapsed`` without all-clear."""
    told_at: datetime
    until: datetime | None
    issuer: str


def url(number: str, language: Language) -> str:
    """Where the message stands."""
    return f"{ROOTS[language]}{number}/"


def shown(warning: Warning, language: Language) -> Shown:
    """The message in a language."""
    level = texts.level(warning)
    now = clock.now()
    state = "now" if warning.is_in_force(now) else "lapsed"
    if warning.kind == Kind.ALL_CLEAR:
        state = "ended"
    elif warning.state == State.ENDED:
        state = "replaced"
    return Shown(
        number=str(warning.number),
        url=url(str(warning.number), language),
        text=texts.of(warning, language),
        level=level,
        level_title=getattr(level.title, language) if level else "",
        colour=getattr(level.colour, language) if level else "",
        state=state,
        told_at=warning.approved_at or now,
        until=warning.valid_until,
        issuer=warning.issuer,
    )


def current(language: Language) -> list[Shown]:
    """What is to be heeded now, the gravest first."""
    return [shown(one, language) for one in queries.public_now()]


def listing(language: Language) -> str:
    """The page of what is to be heeded now."""
    found = {
        "current": current(language),
        "ended": [shown(one, language) for one in queries.public_ended()],
        "version": _version(_rows()),
        "places": [(unit.code, _name(unit, language)) for unit in communes()],
    }
    return _page("portal/warnings/list.html", language, "", found)


def past(language: Language) -> str:
    """The page of what is over."""
    found = {"messages": [shown(one, language) for one in queries.public_past()], "most": queries.PUBLIC}
    return _page("portal/warnings/past.html", language, "past/", found)


def message(number: str, language: Language) -> str:
    """The page of one message; raises NotFound for one that the public was never told."""
    warning = queries.message(number)
    if warning.is_exercise:
        raise NotFound(_("There is no such warning."))
    return told(warning, language)


def told(warning: Warning, language: Language) -> str:
    """The page of a message that is no exercise."""
    story = [shown(one, language) for one in queries.thread(warning)]
    newest = story[-1] if story and story[-1].number != warning.number else None
    units = [place.unit for place in warning.places.all()]
    concerned = {unit.pk for unit in reach.in_units(units)}
    drawing = area.drawing(exchange.locality()["path"], concerned, warning.area)
    found = {"one": shown(warning, language), "story": story[::-1], "newest": newest, "drawing": drawing}
    return _page("portal/warnings/message.html", language, f"{warning.number}/", found)


def _page(template: str, language: Language, tail: str, found: dict[str, Any]) -> str:
    other: Language = "en" if language == "vi" else "vi"
    with translation.override(language):
        root = ROOTS[language]
        frame = {
            "LANGUAGE_CODE": language,
            "root": root,
            "here": root + tail,
            "other_url": ROOTS[other] + tail,
            "other": other,
            "portal_nav": nav(root + tail),
            "locality": exchange.locality(),
            "sources": [],
            "made_at": clock.now(),
        }
        return render_to_string(template, {**frame, **found})


def communes() -> list[Unit]:
    """The communes of the locality, by name as people look for it."""
    path = exchange.locality()["path"]
    found = territory.in_force().filter(path__startswith=path, tier=Tier.COMMUNE) if path else []
    return sorted(found, key=lambda unit: (unit.folded, unit.code))


def _name(unit: Unit, language: Language) -> str:
    return (language == "en" and unit.full_name_en) or unit.full_name


def now_json() -> bytes:
    """What is to be heeded now, for scripts: whether a place is concerned is found where the place is."""
    rows = _rows()
    checked = clock.now().isoformat(timespec="seconds")
    return msgspec.json.encode({"checked": checked, "version": _version(rows), "warnings": rows})


def _version(rows: list[dict[str, Any]]) -> str:
    """Of what is to be heeded: a page that was made of another one is loaded anew."""
    return hashlib.sha256(msgspec.json.encode(rows)).hexdigest()[:16]


def _rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    below = list(territory.in_force().filter(tier=Tier.COMMUNE).order_by("code").values_list("path", "code"))
    for warning in queries.public_now():
        roots = tuple(place.unit.path for place in warning.places.all())
        both = {language: shown(warning, language) for language in LANGUAGES}
        level = both["vi"].level
        rows.append(
            {
                "number": warning.number,
                "level": warning.level,
                "fill": level.fill if level else "",
                "ink": level.ink if level else "",
                "communes": [code for path, code in below if path.startswith(roots)],
                "area": warning.area,
                "until": warning.valid_until.isoformat() if warning.valid_until else None,
                "title": {language: one.text.title for language, one in both.items()},
                "level_title": {language: one.level_title for language, one in both.items()},
                "url": {language: one.url for language, one in both.items()},
            }
        )
    return rows


def places_json() -> bytes:
    """Outlines of the communes, so that a device finds by itself in which one it is."""
    unit = territory.unit(exchange.locality()["code"])
    found = list(territory.communes(unit)) if unit is not None else []
    return msgspec.json.encode({"type": "FeatureCollection", "features": found})


def feed(name: str, language: Language) -> str:
    """RSS or Atom of every message told, newest first."""
    base = settings.FEED_URL.rstrip("/")
    with translation.override(language):
        made = FEEDS[name](
            title=f"{_('Warnings')} · {exchange.locality()['name']}",
            link=base + ROOTS[language],
            feed_url=f"{base}{ROOTS[language]}{name}",
            description=_("Warnings in force and their all-clears."),
            language=language,
        )
        for warning in queries.public_feed():
            one = shown(warning, language)
            said = [one.level_title, one.text.where, one.text.what, one.text.instruction]
            made.add_item(
                title=f"{one.text.label}: {one.text.title}",
                link=base + one.url,
                unique_id=base + one.url,
                unique_id_is_permalink=True,
                description=" ".join(part for part in said if part),
                pubdate=one.told_at,
                updateddate=one.told_at,
                author_name=one.issuer or exchange.locality()["name"],
                categories=(one.text.event,),
            )
        text: str = made.writeString("utf-8")
        return text


def manifest() -> bytes:
    """What makes the portal an app on a phone's first screen."""
    from toancanh.web.built import asset_file

    with translation.override("vi"):
        name = exchange.locality()["name"]
        said = {
            "id": "/",
            "name": name,
            "short_name": name[:12].strip(),
            "description": _("Warnings, water and rain of the locality."),
            "lang": "vi",
            "start_url": ROOTS["vi"],
            "scope": "/",
            "display": "standalone",
            "background_color": "#f3f5f7",
            "theme_color": "#0d2b45",
            "icons": [
                {
                    "src": f"/static/web/{asset_file(f'icon-{size}.png')}",
                    "sizes": f"{size}x{size}",
                    "type": "image/png",
                    "purpose": purpose,
                }
                for size in (192, 512)
                for purpose in ("any", "maskable")
            ],
        }
    return msgspec.json.encode(said)
