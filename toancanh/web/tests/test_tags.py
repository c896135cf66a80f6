"""Tags and filters write what templates promise, in the language of the page."""

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.utils import translation

from toancanh.web.built import AssetsMissing


def render(source: str, language: str = "vi", **context: object) -> str:
    with translation.override(language):
        return Template("{% load web %}" + source).render(Context(context))


def test_number_and_moment_follow_the_language() -> None:
    at = datetime(2026, 11, 21, 7, 5, tzinfo=UTC)
    assert render("{{ v|number:2 }} {{ t|moment }}", v=5.16, t=at) == "5,16 21/11/2026 14:05"
    assert render("{{ v|number:2 }} {{ t|moment }}", "en", v=5.16, t=at) == "5.16 21 Nov 2026 14:05"


def test_number_of_nothing_is_a_dash_and_of_words_the_words() -> None:
    assert render("{{ v|number:2 }}|{{ w|number }}", v=None, w="43/45") == "—|43/45"


def test_when_carries_the_moment_and_a_relative_age() -> None:
    at = datetime.now(UTC) - timedelta(minutes=3, seconds=5)
    html = render("{% when t %}", t=at)
    assert "data-age" in html
    assert ">3 phút trước</time>" in html
    assert f'datetime="{at:%Y-%m-%dT%H:%M:%S}Z"' in html


def test_when_of_nothing_is_a_dash() -> None:
    assert render("{% when t %}", t=None) == "—"


def test_icon_is_hidden_from_assistive_technology() -> None:
    html = render('{% icon "droplet" %}')
    assert html.startswith("<svg")
    assert 'aria-hidden="true"' in html


def test_unknown_icon_is_refused() -> None:
    with pytest.raises(AssetsMissing):
        render('{% icon "no-such-drawing" %}')


def test_silent_reading_says_since_when() -> None:
    at = datetime.now(UTC) - timedelta(hours=30)
    reading = {
        "code": "a", "series": "level", "value": 1.2, "unit": "m", "precision": 2, "time": at, "period": 60,
        "level": 1, "level_name": "BĐ1", "quality": 0, "sample": True,
    }  # fmt: skip
    html = render('{% include "web/components/reading.html" %}', reading=reading)
    assert 'data-reading="a/level"' in html
    assert "data-stale" in html
    assert 'data-level="1"' in html


def test_fresh_reading_is_not_stale() -> None:
    reading = {
        "code": "a", "series": "level", "value": 1.2, "unit": "m", "precision": 2, "time": datetime.now(UTC),
        "period": 60, "level": 0, "level_name": "", "quality": 1, "sample": False,
    }  # fmt: skip
    html = render('{% include "web/components/reading.html" %}', reading=reading)
    assert "data-stale" not in html
    assert 'data-part="quality">' in html
