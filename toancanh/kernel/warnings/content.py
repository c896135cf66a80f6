"""What a message says as forms and programs give it, checked before it is kept and before it is ordered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.warnings import reach
from toancanh.kernel.warnings.levels import HIGHEST
from toancanh.kernel.warnings.models import Warning
from toancanh.kernel.warnings.texts import Quote, quotes
from toancanh.lib.errors import Refused
from toancanh.lib.fold import fold
from toancanh.lib.lines import one_line

CHANNELS = ("webpush", "email", "sms", "voice", "zalo", "siren")
"""Beside the public page, feeds and CAP, on which every message stands that is no exercise."""
HEADLINE, WORDS = 200, 2_000
MOST_QUOTES = 5
MOST_UNITS = 400
HOLE = re.compile(r"\[[^\[\]]{1,60}\]")
"""What a template left to the author, such as ``[tên trạm]``."""
FORECASTS = ("du bao", "forecast")


@dataclass(frozen=True, kw_only=True)
class Words:
    """A message's own words in one language."""

    headline: str = ""
    what: str = ""
    where: str = ""
    instruction: str = ""

    @property
    def all(self) -> tuple[str, ...]:
        """Every text of it."""
        return (self.headline, self.what, self.where, self.instruction)


@dataclass(frozen=True, kw_only=True)
class Content:
    """All that an author says of a message; ``units`` are codes as they are borne today."""

    event: str
    level: int | None = None
    vi: Words = Words()
    en: Words = Words()
    since: datetime | None = None
    quotes: tuple[Quote, ...] = ()
    units: tuple[str, ...] = ()
    area: Mapping[str, Any] | None = None
    channels: tuple[str, ...] = CHANNELS
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    template: str = ""


def of(warning: Warning) -> Content:
    """What a message says, to be changed or followed."""
    return Content(
        event=warning.event,
        level=warning.level,
        vi=words(warning, "vi"),
        en=words(warning, "en"),
        since=warning.since,
        quotes=tuple(quotes(warning)),
        units=tuple(place.unit.code for place in warning.places.all()),
        area=warning.area,
        channels=tuple(warning.channels),
        valid_from=warning.valid_from,
        valid_until=warning.valid_until,
        template=warning.template,
    )


def words(warning: Warning, language: str) -> Words:
    """Its own words in a language."""
    names = ("headline", "what", "where", "instruction")
    return Words(**{name: getattr(warning, f"{name}_{language}") for name in names})


def columns(content: Content) -> dict[str, Any]:
    """The columns of a message that says this; refuses what no row could hold."""
    event = catalogue.warning_events().get(content.event)
    if event is None:
        raise Refused(_("Choose what the warning is about."), "no_event")
    if content.level is not None and not 1 <= content.level <= HIGHEST:
        raise Refused(_("The disaster-risk level is a number from 1 to 5."), "bad_level")
    languages = {
        name: replace(own, headline=one_line(own.headline))
        for name, own in (("vi", content.vi), ("en", content.en))
    }
    for own in languages.values():
        if len(own.headline) > HEADLINE or any(len(text) > WORDS for text in own.all):
            said = _("A headline has %(headline)s characters at most, every other text %(words)s.")
            raise Refused(said % {"headline": HEADLINE, "words": WORDS}, "too_long")
    if set(content.channels) - set(CHANNELS):
        raise Refused(_("There is no such channel."), "bad_channel")
    if len(content.quotes) > MOST_QUOTES or len(content.units) > MOST_UNITS:
        raise Refused(_("A message quotes five bulletins at most and names 400 units at most."), "too_many")
    said_texts = {
        f"{name}_{language}": getattr(own, name).strip()
        for language, own in languages.items()
        for name in ("headline", "what", "where", "instruction")
    }
    return {
        "event": content.event,
        "event_vi": event.title.vi,
        "event_en": event.title.en,
        "level": content.level,
        **said_texts,
        "since": content.since,
        "quotes": [_row(quote) for quote in content.quotes],
        "area": reach.checked_area(content.area),
        "channels": [name for name in CHANNELS if name in content.channels],
        "valid_from": content.valid_from,
        "valid_until": content.valid_until,
        "template": content.template if content.template in catalogue.warning_templates() else "",
    }


def _row(quote: Quote) -> dict[str, str]:
    issuer, number, link = one_line(quote.issuer), one_line(quote.number), one_line(quote.link)
    if not issuer:
        raise Refused(_("A quoted bulletin needs its issuer."), "bad_quote")
    if max(len(issuer), len(number)) > 200 or max(len(link), len(quote.words)) > 1000:
        raise Refused(_("The quoted bulletin is too long: quote what matters and link to it."), "bad_quote")
    if link and not re.match(r"https?://\S+\Z", link):
        raise Refused(_("The link to a bulletin begins with https://."), "bad_quote")
    return {
        "issuer": issuer,
        "number": number,
        "at": quote.at.isoformat() if quote.at else "",
        "link": link,
        "words": quote.words.strip(),
    }


def lacking(warning: Warning, now: datetime) -> list[str]:
    """What a message still needs before anybody may order it, in words; empty where nothing is missing."""
    lacks = []
    if warning.level is None:
        lacks.append(_("Choose the disaster-risk level."))
    if not (warning.headline_vi and warning.what_vi and warning.instruction_vi):
        lacks.append(_("Headline, what happens and what to do are needed in Vietnamese."))
    if warning.headline_en and not (warning.what_en and warning.instruction_en):
        lacks.append(_("The English text is begun: finish it, or leave its headline empty."))
    if not warning.places.all():
        lacks.append(_("Choose the communes that it is for, or draw the area."))
    if warning.valid_until is None:
        lacks.append(_("Say until when it holds."))
    elif warning.valid_until <= max(now, warning.valid_from or now):
        lacks.append(_("It would hold no longer: say until when it holds."))
    written = [text for own in ("vi", "en") for text in words(warning, own).all]
    holes = [hole for text in written for hole in HOLE.findall(text)]
    if holes:
        lacks.append(_("Fill in: %(holes)s.") % {"holes": ", ".join(dict.fromkeys(holes))})
    folded = [fold(text) for text in written]
    if not warning.quotes and any(word in text for text in folded for word in FORECASTS):
        lacks.append(
            _("Forecasts belong to the hydrometeorological service: quote the bulletin behind the text.")
        )
    return lacks
