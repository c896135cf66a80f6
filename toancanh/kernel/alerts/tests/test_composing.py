"""Administrators put rules together of two or three parts, see what that would have rung, and keep it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client

from tests.city import NOON, City, measure, person
from toancanh.kernel.alerts import rules
from toancanh.kernel.alerts.composing import Shape
from toancanh.kernel.alerts.conditions import from_json
from toancanh.kernel.alerts.models import Alert, Rule
from toancanh.kernel.alerts.tests.test_desk import begun
from toancanh.kernel.declare import Bands, Either, Every, Line, Silence
from toancanh.kernel.people import actions as people
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Refused

MINUTE = timedelta(minutes=1)
pytestmark = pytest.mark.django_db
URL = "/console/alerts/rules/flood.level/?thing=gauge"
BOTH = {
    "shape": "every=value.level+sum.rain/rain",
    "join": "every",
    "line_2": "1,5",
    "hysteresis": "0",
    "p1_line_3": "20",
    "p1_window": "60",
    "valid": "90",
    "is_on": "on",
    "reason": "mưa và nước",
}


@pytest.fixture(autouse=True)
def declared(city: City) -> Iterator[None]:
    with clock.set_to(NOON):
        rules.declare()
        yield


@pytest.fixture
def client(city: City) -> Client:
    made = Client()
    made.force_login(person("quantri", None, people.ADMINISTRATOR))
    return made


def fields(page: str) -> set[str]:
    return set(re.findall(r'name="([a-z0-9_]+)"', page))


@pytest.mark.slow
def test_part_is_added_and_taken_away_and_nothing_typed_is_lost(client: Client, city: City) -> None:
    page = client.get(URL).content.decode()
    assert "p1_line_1" not in fields(page)
    add = {"do": "add", "add_of": "sum", "add_series": "rain", "add_thing": "rain"}
    shape = re.findall(r'name="shape" value="([^"]+)"', page)[0]
    answer = client.post(URL, {"shape": shape, "line_1": "0,7", "reason": "ghép", **add})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert {"p1_line_1", "p1_window", "join", "valid"} <= fields(page)
    assert 'value="0,7"' in page
    assert "ghép</textarea>" in page
    assert "tổng" in page
    shape = re.findall(r'name="shape" value="([^"]+)"', page)[0]
    page = client.post(URL, {"shape": shape, "do": "less", "line_1": "0,7"}).content.decode()
    assert "p1_line_1" not in fields(page)
    assert 'value="0,7"' in page
    assert Rule.objects.filter(is_declared=False).count() == 0


@pytest.mark.slow
def test_composed_rule_is_tried_kept_read_and_rings(client: Client, city: City) -> None:
    measure(city.rain, NOON - MINUTE, 12.0, 12.0, every=600)
    measure(city.gauge, NOON - MINUTE, 1.0, 1.6, every=600)
    tried = client.post(URL, {**BOTH, "do": "try"}).content.decode()
    assert "đã có thể báo 1 lần" in tried
    assert client.post(URL, {**BOTH, "do": "save"}).status_code == 302
    kept = Rule.objects.get(is_declared=False)
    level = Bands(series="level", lines=(Line(at=1.5, severity=2),))
    rain = Bands(series="rain/rain", lines=(Line(at=20.0, severity=3),), of="sum", window_s=3600)
    assert from_json(kept.condition) == Every(parts=(level, rain), valid_s=5400)
    page = client.get(URL).content.decode()
    assert "Tất cả cùng lúc" in page
    desk = begun()
    assert [(alert.severity, alert.state) for alert in Alert.objects.all()] == [(2, "open")]
    listed = client.get("/console/alerts/").content.decode()
    assert listed.count("/console/alerts/") > 1
    desk.leave()


def test_either_of_a_level_and_a_silence(client: Client, city: City) -> None:
    said = {**BOTH, "shape": "every=value.level+silence.level", "join": "either", "p1_after": "20"}
    assert client.post(URL, {**said, "do": "save"}).status_code == 302
    kept = from_json(Rule.objects.get(is_declared=False).condition)
    level = Bands(series="level", lines=(Line(at=1.5, severity=2),))
    assert kept == Either(parts=(level, Silence(series="level", after_s=1200)))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"shape": "every=value.level+value.nowhere/level"}, "nowhere"),
        ({"shape": "every=value.level+value.nothing"}, "nothing"),
        ({"shape": "every=value.level+magic.level"}, "chọn"),
        ({"shape": "every=" + "+".join(["value.level"] * 4)}, "một đến ba"),
        ({"p1_line_3": ""}, "ít nhất một"),
        ({"p1_window": "x"}, "số"),
    ],
)
def test_what_cannot_be_put_together_says_why(
    client: Client, city: City, changed: dict[str, str], said: str
) -> None:
    answer = client.post(URL, {**BOTH, **changed, "do": "save"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert said in page.lower()
    assert "mưa và nước</textarea>" in page
    assert Rule.objects.filter(is_declared=False).count() == 0


def test_shape_survives_its_text_and_rich_conditions_have_none(city: City) -> None:
    shape = Shape("either", (("value", "level"), ("sum", "rain/rain")))
    assert Shape.read(str(shape), "either", "flood.gauge") == shape
    with pytest.raises(Refused):
        shape.with_part("rate", "level", "flood.gauge").with_part("rate", "level", "flood.gauge")
    leaf = Silence(series="level", after_s=60)
    assert Shape.of(Every(parts=(Either(parts=(leaf, leaf)), leaf))) is None
