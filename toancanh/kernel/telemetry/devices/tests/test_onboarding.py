"""Adding a sensor: one form makes the thing, what it measures and its token, or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests.city import BY, NOON, City, person
from toancanh.kernel import catalogue
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Token
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock, ids
from toancanh.kernel.telemetry.actions import NAME
from toancanh.kernel.telemetry.devices.onboarding import PRESETS, code_for, kind_for, series_for
from toancanh.kernel.telemetry.models import Series

OPEN = next(key for key, kind in catalogue.thing_types().items() if kind.open)
GAUGE = {
    "name": "Cầu Gia Viễn",
    "code": "cau-gia-vien",
    "lat": "16.05",
    "lon": "107.05",
    "series": "level",
    "period-level": "300",
}


@pytest.fixture
def keeper(city: City, client: Client) -> Iterator[Client]:
    """A signed-in administrator at noon."""
    client.force_login(person("quan", rights=people.ADMINISTRATOR))
    with clock.set_to(NOON):
        yield client


def sent(client: Client, kind: str = "flood.gauge", **said: Any) -> Any:
    """Send the form."""
    return client.post(f"/console/sensors/new/?kind={kind}", {**GAUGE, **said}, follow=True)


def own(**row: str) -> dict[str, str]:
    """One row of the quantities that a kind does not declare."""
    blank = {"name": "", "title": "Độ mặn", "unit": "‰", "low": "0", "high": "45,5", "period": "600"}
    return {f"q-{part}": value for part, value in {**blank, **row}.items()}


@pytest.mark.slow
def test_one_form_makes_thing_quantity_and_token(keeper: Client, city: City) -> None:
    answer = sent(keeper)
    made = Thing.objects.select_related("unit").get(code="cau-gia-vien")
    assert (made.kind, made.name, made.lon, made.lat) == ("flood.gauge", "Cầu Gia Viễn", 107.05, 16.05)
    assert (made.unit, made.is_public, made.position_verified) == (city.west, False, True)
    series = Series.objects.get(thing=made)
    assert (series.name, series.unit, series.period_s) == ("level", "m", 300)
    token = Token.objects.get()
    assert (token.name, token.things) == ("cau-gia-vien", ["cau-gia-vien"])
    text = answer.content.decode()
    found = re.search(r'id="secret">([^<]+)<', text)
    assert found is not None
    assert token.digest == ids.digest(found[1])
    assert "toancanh/cau-gia-vien/level" in text
    assert 'data-arrived="no"' in text


@pytest.mark.slow
def test_open_kind_takes_quantities_as_they_are_described(keeper: Client) -> None:
    rows = {key: [value, ""] for key, value in own().items()}
    rows["q-period"] = ["600", "300"]
    sent(keeper, OPEN, **rows)
    series = Series.objects.get(thing__code="cau-gia-vien")
    assert (series.name, series.title, series.unit) == ("do_man", "Độ mặn", "‰")
    assert (series.low, series.high, series.period_s) == (0.0, 45.5, 600)


@pytest.mark.slow
def test_code_is_made_of_the_name_where_none_is_given(keeper: Client) -> None:
    sent(keeper, code="", name="Đập Thảo Long (thượng lưu)")
    assert Thing.objects.filter(code="dap-thao-long-thuong-luu").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lat", "lon"), [("16,05", "107,05"), ("16.05, 107.05", ""), ("", "16.05 107.05"), ("16,05; 107,05", "9")]
)
def test_place_is_taken_as_people_type_and_paste_it(keeper: Client, lat: str, lon: str) -> None:
    sent(keeper, lat=lat, lon=lon)
    made = Thing.objects.get(code="cau-gia-vien")
    assert (made.lat, made.lon) == (16.05, 107.05)


@pytest.mark.slow
def test_sensor_without_a_place_waits_in_the_unit_chosen(keeper: Client, city: City) -> None:
    sent(keeper, lat="", lon="", unit="90002")
    made = Thing.objects.select_related("unit").get(code="cau-gia-vien")
    assert (made.is_placed, made.unit, made.position_verified) == (False, city.east, False)


@pytest.mark.slow
def test_sensor_behind_a_gateway_is_added_to_what_that_may_write(keeper: Client) -> None:
    people.create_token("cong-7", by=BY, things=["gauge", "rain"], rate=90)
    people.create_token("cong-8", by=BY)
    answer = sent(keeper, gateway="cong-7")
    assert answer.redirect_chain[0][0] == "/console/devices/cong-7/?thing=cau-gia-vien"
    token = Token.objects.get(name="cong-7")
    assert (token.things, token.rate) == (["cau-gia-vien", "gauge", "rain"], 90)
    assert "toancanh/cau-gia-vien/level" in answer.content.decode()
    sent(keeper, code="cau-hai", gateway="cong-8")
    assert Token.objects.get(name="cong-8").things is None
    assert Token.objects.count() == 2


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"name": ""}, "errorlist"),
        ({"code": "Cầu Gia Viễn"}, "a-z, 0-9"),
        ({"code": "gauge"}, "đã là của trạm khác"),
        ({"lat": "916"}, "16.4637"),
        ({"lat": "north"}, "16.4637"),
        ({"lon": ""}, "cả vĩ độ và kinh độ"),
        ({"lat": "10", "lon": "100"}, "không nằm trong"),
        ({"lat": "", "lon": "", "unit": ""}, "errorlist"),
        ({"series": "nonsense"}, "ít nhất một đại lượng"),
        ({"gateway": "nobody"}, "nobody"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_made(keeper: Client, said: dict[str, str], told: str) -> None:
    before = Thing.objects.count()
    answer = sent(keeper, **said)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert told in text
    assert "name" in said or "Cầu Gia Viễn" in text
    assert (Thing.objects.count(), Token.objects.count(), Series.objects.count()) == (before, 0, 2)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"name": "ack"}, "ack"),
        ({"name": "Độ Mặn"}, "a-z"),
        ({"title": "", "name": ""}, "a-z"),
        ({"low": "50"}, "nhỏ nhất và lớn nhất"),
        ({"high": ""}, "nhỏ nhất và lớn nhất"),
        ({"high": "nan"}, "nhỏ nhất và lớn nhất"),
        ({"unit": "x" * 21}, "quá dài"),
    ],
)
def test_impossible_quantity_is_told_at_its_row(keeper: Client, row: dict[str, str], told: str) -> None:
    answer = sent(keeper, OPEN, **own(**row))
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not Thing.objects.filter(code="cau-gia-vien").exists()


def test_two_quantities_of_one_name_are_refused(keeper: Client) -> None:
    rows = {key: [value, value] for key, value in own(name="air").items()}
    answer = sent(keeper, OPEN, **rows)
    assert answer.status_code == 422
    assert "trùng tên" in answer.content.decode()


def test_officer_adds_nothing(city: City, client: Client) -> None:
    client.force_login(person("tay", city.west))
    assert client.get("/console/sensors/new/").status_code == 403
    assert sent(client).status_code == 403


@pytest.mark.slow
def test_administrator_of_one_commune_adds_nothing_elsewhere(city: City, client: Client) -> None:
    client.force_login(person("tay", city.west, people.ADMINISTRATOR))
    assert sent(client, lon="107.15").status_code == 422
    assert not Thing.objects.filter(code="cau-gia-vien").exists()


@pytest.mark.slow
def test_every_kind_has_its_form(keeper: Client) -> None:
    text = keeper.get("/console/sensors/new/").content.decode()
    for key in catalogue.thing_types():
        assert f'href="?kind={key}"' in text
        assert keeper.get(f"/console/sensors/new/?kind={key}").status_code == 200


@pytest.mark.slow
def test_form_stands_filled_with_what_the_address_knows(keeper: Client) -> None:
    query = f"?kind={OPEN}&code=tram-la&name=Tr%E1%BA%A1m+l%E1%BA%A1&series=pm25,x-1&gateway=cong-7"
    people.create_token("cong-7", by=BY)
    text = keeper.get(f"/console/sensors/new/{query}").content.decode()
    for part in ("tram-la", "Trạm lạ", "pm25", "µg/m³", "1000", "x-1"):
        assert f'value="{part}"' in text, part
    assert '<option value="cong-7" selected>' in text
    closed = keeper.get("/console/sensors/new/?kind=flood.gauge&series=pm25").content.decode()
    assert 'value="pm25"' not in closed


def test_presets_and_names_made_of_words_are_names() -> None:
    for preset in PRESETS:
        assert NAME.match(preset.name)
        assert preset.low < preset.high
    assert code_for("Đập Thảo Long, cửa 2") == "dap-thao-long-cua-2"
    assert series_for("Bụi PM2.5") == "bui_pm2_5"


@pytest.mark.parametrize(
    ("series", "kind"),
    [
        (["level"], "flood.gauge"),
        (["rain"], "flood.rain_station"),
        (["level", "rain"], OPEN),
        (["pm25"], OPEN),
        ([], OPEN),
    ],
)
def test_kind_is_guessed_from_what_was_sent(series: list[str], kind: str) -> None:
    assert kind_for(series) == kind
