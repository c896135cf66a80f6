"""Entries of working calendars in words."""

from __future__ import annotations

from django import template
from django.utils.translation import get_language

from toancanh.kernel.territory.calendars import words
from toancanh.kernel.territory.calendars.models import WorkDay

register = template.Library()
register.filter("said", words.said)
register.filter("preliminary", words.preliminary)


@register.filter
def span_of(row: WorkDay) -> str:
    """16/02/2026–20/02/2026."""
    return words.span(row, get_language() or "vi")
