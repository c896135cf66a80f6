"""The demo's living day: a few reports by the public door, once, as samples, never a heap of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from tests.office import at
from toancanh.domains.reports import defaults
from toancanh.kernel.cases import types
from toancanh.kernel.cases.models import Case
from toancanh.kernel.files.models import File
from toancanh.kernel.people.models import Token
from toancanh.kernel.runtime import marks
from toancanh.site import demo, demo_day

DAY = date(2026, 11, 20)


class Here(demo_day.Day):
    """Posts to the routes themselves: tests have no port."""

    def _post(self, body: bytes, headers: Any) -> tuple[int, bytes]:
        others = {name: said for name, said in headers.items() if name != "Content-Type"}
        answer = Client().generic(
            "POST", "/open311/v2/requests.json", body, content_type=headers["Content-Type"], headers=others
        )
        return answer.status_code, answer.content


@pytest.fixture
def city(loaded: None, db: None, settings: Any, tmp_path: Any) -> None:
    settings.DEMO, settings.DATA = True, tmp_path
    types.declare()
    defaults.declare()
    demo.staff()
    marks.write("demo", "ready")


def test_hours_follow_from_the_date() -> None:
    made = demo_day.moments(DAY)
    assert made == demo_day.moments(DAY)
    assert len({key for key, _at in made}) == demo_day.A_DAY
    assert all(at.date() == DAY and 6 <= at.hour <= 20 for _key, at in made)
    assert made != demo_day.moments(DAY + timedelta(days=1))


def test_reports_come_through_the_door_once_with_photos_and_as_samples(city: None) -> None:
    day, again = Here("http://here"), Here("http://here")
    for _key, moment in demo_day.moments(DAY):
        with at(f"{moment + timedelta(seconds=30):%Y-%m-%d %H:%M:%S}"):
            for _turn in range(3):
                day.look()
            # A program that was started anew knows not what was sent, the door does.
            again.look()
    assert 0 < Case.objects.count() <= demo_day.A_DAY
    assert set(Case.objects.values_list("channel", "is_sample")) == {("open311", True)}
    assert File.objects.exclude(subject="").exists()
    assert Token.objects.get(name=demo_day.NAME).purpose == "reports"


def test_nothing_is_sent_where_nobody_works_on_it(city: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_day, "WAITING", 1)
    day = Here("http://here")
    for _key, moment in demo_day.moments(DAY):
        with at(f"{moment + timedelta(seconds=30):%Y-%m-%d %H:%M:%S}"):
            day.look()
    assert Case.objects.count() == 1


def test_nothing_is_made_up_for_and_nothing_comes_without_a_demo(city: None, settings: Any) -> None:
    day = Here("http://here")
    with at("2026-11-20 23:00"):
        day.look()
    settings.DEMO = False
    moment = demo_day.moments(DAY)[0][1]
    with at(f"{moment + timedelta(seconds=30):%Y-%m-%d %H:%M:%S}"):
        day.look()
    assert Case.objects.count() == 0
