"""What stands around every public page about reports: alike for everyone, so that caches may keep it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.template.loader import render_to_string

from toancanh.kernel.exchange.queries import locality
from toancanh.kernel.portal import slots

ROOTS = {"vi": "/reports/", "en": "/en/reports/"}
KEPT = "public, max-age=60"
"""A minute: what is taken down is gone from caches then."""


def page(template: str, language: str, tail: str, shown: dict[str, Any]) -> HttpResponse:
    """A page of that language; ``tail`` is what of its address comes behind the root of the language."""
    other = "en" if language == "vi" else "vi"
    place, root = locality(), ROOTS[language]
    frame = {
        "LANGUAGE_CODE": language,
        "root": root,
        "here": root + tail,
        "other": other,
        "other_url": ROOTS[other] + tail,
        "portal_nav": slots.nav(root + tail),
        "locality": place,
        "boundaries": f"/boundaries/{place['code']}.json" if place["code"] else "",
    }
    answer = HttpResponse(render_to_string(template, {**frame, **shown}))
    answer["Content-Language"] = language
    return kept(answer)


def kept(answer: HttpResponse) -> HttpResponse:
    """Let caches keep it for a moment."""
    answer["Cache-Control"] = KEPT
    return answer
