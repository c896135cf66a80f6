"""A message in words, one language at a time: what pages show, what every channel sends, how long it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from toancanh.kernel.runtime import clock
from toancanh.kernel.warnings import levels
from toancanh.kernel.warnings.levels import Level
from toancanh.kernel.warnings.models import Kind, Warning
from toancanh.lib.lines import one_line
from toancanh.web import formats

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")
EXERCISE = {"vi": "DIỄN TẬP", "en": "EXERCISE"}
LABELS = {
    Kind.ALERT: {"vi": "Bản tin cảnh báo", "en": "Warning"},
    Kind.UPDATE: {"vi": "Bản tin cập nhật", "en": "Updated warning"},
    Kind.CORRECTION: {"vi": "Bản tin đính chính", "en": "Corrected warning"},
    Kind.ALL_CLEAR: {"vi": "Tin kết thúc cảnh báo", "en": "End of warning"},
}
LONGEST_TITLE, LONGEST_BODY = 300, 4_000
"""What channels take."""
WORDS_A_MINUTE = 140
"""How fast a warning is read out over loudspeakers."""


@dataclass(frozen=True, kw_only=True)
class Quote:
    """A bulletin of the hydrometeorological service that is quoted: the product forecasts nothing itself."""

    issuer: str
    number: str = ""
    at: datetime | None = None
    link: str = ""
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class Text:
    """A message in one language, complete: an exercise says so in its label and in its headline."""

    language: Language
    label: str
    event: str
    title: str
    """The headline without the mark of an exercise: for where the label stands before it."""
    headline: str
    what: str
    where: str
    since: str
    instruction: str
    level: str
    until: str
    quotes: tuple[str, ...]
    order: str
    is_translated: bool
    """False where the words are Vietnamese because nobody wrote English ones."""


def level(warning: Warning) -> Level | None:
    """The level as it was defined on the day of the message; None in a draft without one."""
    if warning.level is None:
        return None
    day = (warning.approved_at or clock.now()).astimezone(clock.VIETNAM).date()
    return levels.scale(day).level(warning.level)


def quotes(warning: Warning) -> list[Quote]:
    """What it quotes."""
    return [
        Quote(
            issuer=row["issuer"],
            number=row.get("number", ""),
            at=datetime.fromisoformat(row["at"]) if row.get("at") else None,
            link=row.get("link", ""),
            words=row.get("words", ""),
        )
        for row in warning.quotes
    ]


def of(warning: Warning, language: Language) -> Text:
    """The message in a language; asks for its units and their former names."""
    own = language if language == "vi" or warning.headline_en else "vi"
    found, exercise = level(warning), EXERCISE[language]
    label = LABELS[Kind(warning.kind)][language]
    # A draft of before 0.3.0 may hold what no channel takes in a title.
    title = headline = one_line(getattr(warning, f"headline_{own}"))
    if warning.is_exercise:
        label, headline = f"{exercise} – {label}", f"[{exercise}] {title}"
    order = ""
    if warning.order is not None:
        said = (
            "Theo quyết định {number} ({issuer})" if language == "vi" else "By decision {number} ({issuer})"
        )
        order = said.format(number=warning.order.number, issuer=warning.order.issuer)
    return Text(
        language=language,
        label=label,
        event=warning.event_en if language == "en" else warning.event_vi,
        title=title,
        headline=headline,
        what=getattr(warning, f"what_{own}"),
        where=_where(warning, language, own),
        since=formats.moment(warning.since, language) if warning.since else "",
        instruction=getattr(warning, f"instruction_{own}"),
        level=getattr(found.title, language) if found else "",
        until=formats.moment(warning.valid_until, language) if warning.valid_until else "",
        quotes=tuple(cited(one, language) for one in quotes(warning)),
        order=order,
        is_translated=own == language,
    )


def _where(warning: Warning, language: Language, own: str) -> str:
    """The units by name, those that merged with the names that people still use, and what was added."""
    names = []
    for place in warning.places.all():
        unit = place.unit
        name = (language == "en" and unit.full_name_en) or unit.full_name
        if place.formers:
            former = ", ".join(row.get(language) or row["vi"] for row in place.formers)
            name += f" (gồm {former} trước sắp xếp)" if language == "vi" else f" (formerly {former})"
        names.append(name)
    more = getattr(warning, f"where_{own}").strip()
    said = ", ".join(names)
    return f"{said}. {more}" if said and more else said or more


def cited(quote: Quote, language: Language) -> str:
    """A quotation with its source: issuer, number, time."""
    source = quote.issuer
    if quote.number:
        source += f", bản tin số {quote.number}" if language == "vi" else f", bulletin {quote.number}"
    if quote.at is not None:
        source += f", {formats.moment(quote.at, language)}"
    return f"{source}: “{quote.words}”" if quote.words else source


# --- channels


def brief(text: Text, number: str) -> tuple[str, str]:
    """Title and body as channels take them: what to do stands before what happens, for most cut the end."""
    said = [text.level, text.instruction, text.what, text.where, *text.quotes, text.order, number]
    body = "\n".join(_stop(part) for part in said if part)
    if len(body) > LONGEST_BODY:
        body = f"{body[: LONGEST_BODY - 1]}…"
    return f"{text.label}: {text.title}"[:LONGEST_TITLE], body


def speech(text: Text) -> str:
    """What a voice reads out over telephone and loudspeakers: no codes, no links."""
    said = [text.label, text.title, text.level, text.what, text.where, text.instruction]
    return " ".join(_stop(part) for part in said if part)


def _stop(words: str) -> str:
    words = words.strip()
    return words if not words or words[-1] in ".!?…:" else f"{words}."


def seconds(text: str) -> int:
    """How long it takes to read out."""
    return round(len(text.split()) * 60 / WORDS_A_MINUTE)
