"""The demo's count is asked and answered by the actions that people use."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.city import NOON, City
from toancanh.domains.damage import demo, figures, queries
from toancanh.domains.damage.models import Count, Report
from toancanh.kernel.declare import program
from toancanh.kernel.journal.models import Entry


def test_the_demo_counts_by_the_same_actions_once(city: City, settings: Any, tmp_path: Any) -> None:
    settings.DATA = tmp_path
    by = program("demo")
    for _n in range(2):
        demo.fill([city.west, city.east], NOON, by=by)
    count = Count.objects.get()
    assert count.due_at == NOON - demo.ASKED + timedelta(hours=1)
    said = Report.objects.count()
    assert said == queries.board(count, by).sent
    assert Entry.objects.filter(action="damage.answered").count() == said


def test_what_communes_of_the_demo_say_is_possible() -> None:
    for number in range(64):
        seed = bytes((number * 37 + place * 11) % 256 for place in range(32))
        assert figures.questions(demo.figures(seed), None) == []
