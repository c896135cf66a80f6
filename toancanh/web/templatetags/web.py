"""The words templates use for assets, icons, numbers and times."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from toancanh.web import formats
from toancanh.web.built import asset_file, icon_body

register = template.Library()
MADE_OF_MS = 10_000
"""How old the figures of a new page may be: they are remembered for some seconds for all screens."""


def _language() -> str:
    return get_language() or "vi"


@register.simple_tag
def asset(name: str) -> str:
    """URL of a built file: {% asset "app.js" %}."""
    return static(f"web/{asset_file(name)}")


@register.simple_tag
def live_since() -> int:
    """From when on, in ms, readings may be missing on the page being made: what it shows is seconds old."""
    return int(time.time() * 1000) - MADE_OF_MS


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """An inline drawing beside a word; assistive technology passes over it."""
    return format_html(
        '<svg class="icon {}" width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor"'
        ' stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{}</svg>',
        css,
        mark_safe(icon_body(name)),
    )


@register.filter
def number(value: float | Decimal | str | None, decimals: int | str | None = None) -> str:
    """{{ value|number:2 }} -> 5,16 in Vietnamese, 5.16 in English, a dash for none."""
    if value is None or value == "":
        return formats.NOTHING
    try:
        exact = Decimal(value) if isinstance(value, str) else value
    except InvalidOperation:
        return str(value)
    places = None if decimals is None or decimals == "" else int(decimals)
    return formats.number(exact, places, _language())


@register.filter
def moment(value: datetime | int | None) -> str:
    """{{ at|moment }} -> 21/11/2026 14:05; takes a datetime or telemetry's microseconds."""
    return formats.moment(value, _language())


@register.filter
def day(value: date | None) -> str:
    """{{ from|day }} -> 20/03/2020, in English 20 Mar 2020."""
    if value is None:
        return formats.NOTHING
    if _language().startswith("en"):
        return f"{value.day} {formats.MONTHS[value.month - 1]} {value.year}"
    return f"{value:%d/%m/%Y}"


@register.filter
def milliseconds(value: datetime | int | None) -> int | str:
    """Milliseconds since 1970 for data attributes that scripts read; empty for none."""
    at = formats.instant(value)
    return "" if at is None else int(at.timestamp() * 1000)


@register.filter
def is_stale(value: datetime | int | None, period: float) -> bool:
    """{{ reading.time|is_stale:reading.period }}: older than twice its period, or never there."""
    return formats.stale(value, float(period), datetime.now(UTC))


@register.filter
def since(value: datetime | int | None) -> str:
    """14:05 today, otherwise with the date."""
    return formats.clock_time(value, datetime.now(UTC), _language())


@register.simple_tag
def when(value: datetime | int | None) -> SafeString | str:
    """A <time> whose relative age app.js keeps fresh; the full moment is its title."""
    at = formats.instant(value)
    if at is None:
        return formats.NOTHING
    language = _language()
    return format_html(
        '<time datetime="{}" title="{}" data-age>{}</time>',
        at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        formats.moment(at, language),
        formats.age((datetime.now(UTC) - at).total_seconds(), language),
    )
