"""The pages of devices: who sees what, what each button does, how often the database is asked."""

from __future__ import annotations

import io
import re
import shlex
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.city import BY, NOON, City, measure, person, thing
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Token
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock, ids
from toancanh.kernel.telemetry.devices import contacts, once, queries
from toancanh.kernel.telemetry.devices.tally import Tally
from toancanh.kernel.telemetry.directory import database_directory
from toancanh.kernel.telemetry.intake import Refusal, Request, Taken
from toancanh.kernel.telemetry.models import Command, Gap, Letter

NAMES = ["a&b<c>", "cổng số 7", "x/y?z#1", "new"]


@pytest.fixture
def keeper(city: City, client: Client) -> Iterator[Client]:
    """A signed-in administrator at noon."""
    client.force_login(person("quan", rights=people.ADMINISTRATOR))
    with clock.set_to(NOON):
        yield client


@pytest.fixture
def officer(city: City) -> Client:
    """An officer of the west, who sees and changes nothing."""
    client = Client()
    client.force_login(person("tay", city.west))
    return client


def heard(name: str, accepted: int, *codes: str, door: str = "mqtt") -> None:
    """Let a token have been heard now."""
    tally, directory = Tally(clock.now_us), database_directory().refresh()
    request = Request(directory.named[name].digest, (), door=door, address="192.0.2.9")
    tally.took([(request, Taken(accepted, [Refusal(n, code) for n, code in enumerate(codes)]))], directory)
    contacts.write(tally)


def at(name: str) -> str:
    """Address of a card."""
    return f"/console/devices/{quote(name, safe='')}/"


def names(client: Client, query: str = "") -> list[str]:
    """Devices listed, in order."""
    text = client.get(f"/console/devices/{query}").content.decode()
    return re.findall(r'<th scope="row"><a href="/console/devices/([^"]+)/"', text)


def letter(source: str, thing: str, code: str = "unknown_thing") -> Letter:
    """A refused row of a minute ago."""
    return Letter.objects.create(
        digest=ids.digest(f"{source}{thing}{code}"),
        at=NOON - timedelta(minutes=1),
        token=1,
        source=source,
        door="mqtt",
        code=code,
        thing=thing,
        series="level",
        value=1.5,
    )


def test_list_tells_how_each_device_does(keeper: Client) -> None:
    people.create_token("gauge", by=BY, things=["gauge"], rate=30)
    people.create_token("quiet", by=BY, things=["rain"])
    people.create_token("feed", by=BY, is_program=True)
    heard("gauge", 120, "future", "conflict", "conflict")
    text = keeper.get("/console/devices/").content.decode()
    for part in ("Trạm Cầu Gỗ", "tối đa 30 mỗi phút", "192.0.2.9", "24,0", "Đang gửi", "Chưa gửi lần nào"):
        assert part in text, part
    assert re.search(r"2 Đã có trị số khác.*1 Thời điểm ở tương lai", text, re.DOTALL)
    assert "Của chính hệ thống" in text
    assert names(keeper) == ["gauge", "quiet", "feed"]


@pytest.mark.slow
def test_list_is_filtered_as_the_address_says(keeper: Client) -> None:
    for name, codes in (("gauge", ["gauge"]), ("cổng 7", None), ("rain", ["rain"]), ("gone", ["gauge"])):
        people.create_token(name, by=BY, things=codes)
    people.revoke_token("gone", by=BY)
    heard("gauge", 1)
    heard("cổng 7", 1, "forbidden")
    assert names(keeper, "?q=CONG") == [quote("cổng 7")]
    assert names(keeper, "?state=faults") == [quote("cổng 7")]
    assert names(keeper, "?state=revoked") == ["gone"]
    assert names(keeper, "?state=silent") == ["rain"]
    with clock.set_to(NOON + timedelta(minutes=11)):
        assert names(keeper, "?state=silent") == ["gauge", "rain"]
    assert names(keeper, "?state=nonsense&q=gau") == ["gauge"]


def test_device_is_connected_while_a_process_says_so(keeper: Client) -> None:
    people.create_token("gauge", by=BY, things=["gauge"])
    token, tally = Token.objects.get(), Tally(clock.now_us)
    tally.ask(lambda: [token.pk])
    contacts.write(tally)
    assert names(keeper, "?state=online") == ["gauge"]
    with clock.set_to(NOON + timedelta(minutes=1)):
        assert names(keeper, "?state=online") == []


def test_rate_and_bars_are_those_of_the_last_hours(keeper: Client) -> None:
    people.create_token("gauge", by=BY, things=["gauge"])
    for back in (0, 5, 10, 400):
        with clock.set_to(NOON - timedelta(minutes=back)):
            heard("gauge", 10 + back)
    device = queries.living(list(Token.objects.all()), NOON)[0]
    assert (len(device.bars), device.bars[-3:], sum(device.bars)) == (72, (20, 15, 10), 45)
    assert device.per_minute == 25 / 5


@pytest.mark.slow
def test_list_goes_on_page_by_page_and_into_a_workbook(keeper: Client) -> None:
    for n in range(203):
        people.create_token(f"g{n:03}", by=BY, things=["gauge"])
    seen, query = [], ""
    while True:
        text = keeper.get(f"/console/devices/{query}").content.decode()
        seen += re.findall(r'<th scope="row"><a href="/console/devices/([^"]+)/"', text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        if following is None:
            break
        query = following[1].replace("&amp;", "&")
    assert seen == [f"g{n:03}" for n in range(203)]
    book = zipfile.ZipFile(io.BytesIO(keeper.get("/console/devices/?as=xlsx").content))
    assert book.read("xl/worksheets/sheet1.xml").count(b"<row ") == 204


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/console/devices/", "/console/devices/g0/", "/console/devices/?as=xlsx"])
def test_page_asks_as_often_for_sixty_devices_as_for_one(keeper: Client, path: str) -> None:
    asked = []
    for count in (1, 60):
        for n in range(count):
            if not Token.objects.filter(name=f"g{n}").exists():
                thing(f"t{n}")
                people.create_token(f"g{n}", by=BY, things=[f"t{m}" for m in range(n + 1)])
                heard(f"g{n}", 5, "future")
        # What every page of the console remembers for a moment is not counted.
        keeper.get(path)
        with CaptureQueriesContext(connection) as made:
            assert keeper.get(path).status_code == 200
        asked.append(len(made))
    assert asked[0] == asked[1]
    assert asked[0] <= 25


@pytest.mark.parametrize("name", NAMES)
def test_card_opens_under_any_name(keeper: Client, name: str) -> None:
    people.create_token(name, by=BY)
    answer = keeper.get(at(name))
    assert answer.status_code == 200
    assert f'href="{at(name)}"' in keeper.get("/console/devices/").content.decode().replace("%20", "%20")
    assert "<c>" not in answer.content.decode()


def test_card_of_nobody_is_nowhere(keeper: Client) -> None:
    assert keeper.get(at("nobody")).status_code == 404


def test_card_shows_what_came_and_what_is_missing(keeper: Client, city: City) -> None:
    people.create_token("gauge", by=BY, things=["gauge"])
    first = keeper.get(at("gauge") + "?part=came").content.decode()
    assert 'data-arrived="no"' in first
    assert 'data-renew="3"' in first
    assert "<html" not in first
    measure(city.gauge, NOON, 2.56)
    letter("gauge", "gauge", "future")
    Gap.objects.create(thing="gauge", source="gauge", first=7, last=9, noticed_at=NOON, told_at=NOON)
    heard("gauge", 1, "future")
    text = keeper.get(at("gauge")).content.decode()
    for part in ('data-arrived="yes"', "2,56", "Thời điểm ở tương lai", "7–9", "Trạm Cầu Gỗ"):
        assert part in text, part


def test_card_names_the_real_address_topic_and_quantity(keeper: Client) -> None:
    people.create_token("o'gauge", by=BY, things=["gauge"])
    text = keeper.get(at("o'gauge"), headers={"Host": "localhost"}).content.decode()
    code = re.search(r'<code id="line-mosquitto">([^<]+)</code>', text)
    assert code is not None
    words = shlex.split(code[1].replace("&#x27;", "'").replace("&quot;", '"'))
    assert words[words.index("-t") + 1] == "toancanh/gauge/level"
    assert words[words.index("-u") + 1] == "o'gauge"
    assert words[words.index("-h") + 1] == "localhost"
    assert words[words.index("-m") + 1] == "0"


@pytest.mark.slow
def test_lines_speak_tls_and_no_mqtt_where_the_settings_say_so(keeper: Client, settings: object) -> None:
    people.create_token("gauge", by=BY, things=["gauge"])
    settings.MQTT = SimpleNamespace(host="0.0.0.0", port=8883, certificate="c.pem")  # type: ignore[attr-defined]
    text = keeper.get(at("gauge")).content.decode()
    assert "--tls-use-os-certs" in text
    assert "client.tls_set()" in text
    settings.MQTT = None  # type: ignore[attr-defined]
    text = keeper.get(at("gauge")).content.decode()
    assert "line-mosquitto" not in text
    assert "line-curl" in text
    assert "MQTT_PORT=0" in text


@pytest.mark.slow
def test_mqtt_that_hears_only_its_own_machine_says_so(keeper: Client, settings: object) -> None:
    people.create_token("gauge", by=BY, things=["gauge"])
    settings.ALLOWED_HOSTS = ["*"]  # type: ignore[attr-defined]
    assert "MQTT_HOST" not in keeper.get(at("gauge"), headers={"Host": "localhost"}).content.decode()
    assert "MQTT_HOST" in keeper.get(at("gauge"), headers={"Host": "city.example"}).content.decode()


@pytest.mark.slow
def test_officer_sees_the_devices_of_his_things_alone_and_changes_none(city: City, officer: Client) -> None:
    thing("kin", lon=107.15, name="Trạm Kín", public=False)
    people.create_token("gauge", by=BY, things=["gauge"])
    people.create_token("both", by=BY, things=["gauge", "kin"])
    people.create_token("east", by=BY, things=["kin"])
    people.create_token("all", by=BY)
    letter("both", "kin", "future")
    letter("both", "gauge", "future")
    with clock.set_to(NOON):
        assert names(officer) == ["both", "gauge"]
        assert officer.get(at("east")).status_code == 404
        text = officer.get(at("both")).content.decode()
    assert "Trạm Cầu Gỗ" in text
    assert "Trạm Kín" not in text
    assert "kin/level" not in text
    assert "<code>gauge/level</code>" in text
    assert 'value="revoke"' not in text
    assert officer.post(at("gauge"), {"do": "revoke"}).status_code == 403
    assert officer.get("/console/gateways/new/").status_code == 403
    assert Token.objects.filter(revoked_at=None).count() == 4


def test_narrowing_is_done_and_journalled(keeper: Client) -> None:
    people.create_token("gateway", by=BY)
    said = {"do": "narrow", "everything": "0", "things": "gauge, rain\nrain", "rate": "60"}
    said["expires"] = "30/11/2026"
    assert keeper.post(at("gateway"), said).status_code == 302
    token = Token.objects.get()
    assert (token.things, token.rate) == (["gauge", "rain"], 60)
    assert token.expires_at is not None
    assert token.expires_at.astimezone(clock.VIETNAM).isoformat() == "2026-12-01T00:00:00+07:00"
    assert Entry.objects.filter(action="people.token_narrowed").count() == 1
    text = keeper.get(at("gateway")).content.decode()
    assert 'value="30/11/2026"' in text


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("things", "gauge nowhere", "nowhere"),
        ("things", "", "ít nhất một trạm"),
        ("rate", "0", "errorlist"),
        ("rate", "fast", "errorlist"),
        ("expires", "20/11/2026", "đã qua"),
        ("expires", "someday", "31/12/2026"),
    ],
)
def test_impossible_limit_is_told_beside_its_field_and_nothing_typed_is_lost(
    keeper: Client, field: str, value: str, told: str
) -> None:
    people.create_token("gateway", by=BY)
    said = {"do": "narrow", "everything": "0", "things": "gauge", "rate": "61", field: value}
    answer = keeper.post(at("gateway"), said)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert told in text
    assert field == "rate" or "61" in text
    assert Token.objects.get().things is None


@pytest.mark.slow
def test_new_secret_is_shown_to_its_maker_for_ten_minutes(keeper: Client) -> None:
    old = people.create_token("gauge", by=BY, things=["gauge"]).secret
    answer = keeper.post(at("gauge"), {"do": "renew"}, follow=True)
    found = re.search(r'id="secret">([^<]+)<', answer.content.decode())
    assert found is not None
    assert Token.objects.get().digest == ids.digest(found[1]) != ids.digest(old)
    assert answer["Cache-Control"] == "private, no-store"
    assert found[1] in keeper.get(at("gauge")).content.decode()
    # Somebody else at the same PC does not see it, nor does a later reader.
    other = Client()
    other.force_login(person("khac", rights=people.ADMINISTRATOR))
    name = next(name for name in keeper.cookies if name.startswith("toancanh_once"))
    other.cookies[name] = keeper.cookies[name].value
    assert found[1] not in other.get(at("gauge")).content.decode()
    keeper.post(at("gauge"), {"do": "noted"})
    assert found[1] not in keeper.get(at("gauge")).content.decode()


@pytest.mark.slow
def test_secret_in_the_cookie_ends_and_cannot_be_bent(
    keeper: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.create_token("gauge", by=BY, things=["gauge"])
    keeper.post(at("gauge"), {"do": "renew"})
    name = next(name for name in keeper.cookies if name.startswith("toancanh_once"))
    cookie = keeper.cookies[name]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/console/devices/")
    kept = cookie.value
    with monkeypatch.context() as later:
        later.setattr(once, "SHOWN_S", -1)
        assert 'id="secret"' not in keeper.get(at("gauge")).content.decode()
    for bent in ("", "x", kept[:-2] + "zz", kept.replace(":", ".")):
        keeper.cookies[name] = bent
        assert 'id="secret"' not in keeper.get(at("gauge")).content.decode()


@pytest.mark.slow
def test_revoking_ends_the_token_and_its_card_stays(keeper: Client) -> None:
    people.create_token("gauge", by=BY, things=["gauge"])
    answer = keeper.post(at("gauge"), {"do": "revoke"}, follow=True)
    text = answer.content.decode()
    assert "Đã thu hồi" in text
    assert 'value="revoke"' not in text
    assert "line-mosquitto" not in text
    assert Token.objects.get().revoked_at == NOON
    assert Entry.objects.filter(action="people.token_revoked").count() == 1
    assert keeper.post(at("gauge"), {"do": "revoke"}).status_code == 404


@pytest.mark.slow
def test_gateway_is_made_with_its_limits(keeper: Client) -> None:
    said = {"name": "cong-7", "everything": "0", "things": "gauge", "rate": "", "expires": ""}
    answer = keeper.post("/console/gateways/new/", said, follow=True)
    assert 'id="secret"' in answer.content.decode()
    assert Token.objects.get().things == ["gauge"]
    again = keeper.post("/console/gateways/new/", said)
    assert again.status_code == 422
    assert "cong-7" in again.content.decode()
    everything = {"name": "cong-8", "everything": "1", "things": "", "rate": "5"}
    keeper.post("/console/gateways/new/", everything)
    assert Token.objects.get(name="cong-8").things is None


def test_empty_store_leads_to_the_first_sensor(db: None, client: Client) -> None:
    client.force_login(person("quan", rights=people.ADMINISTRATOR))
    text = client.get("/console/devices/").content.decode()
    assert "Chưa có thiết bị nào" in text
    assert 'href="/console/sensors/new/"' in text


def test_ping_is_a_command_to_one_of_its_own_things(keeper: Client) -> None:
    people.create_token("gauge", by=BY, things=["gauge"])
    answer = keeper.post(at("gauge"), {"do": "ping", "thing": "gauge"}, follow=True)
    assert "chờ thiết bị" in answer.content.decode()
    made = Command.objects.get()
    assert (made.name, made.thing.code, made.args) == ("ping", "gauge", {})
    assert keeper.post(at("gauge"), {"do": "ping", "thing": "rain"}).status_code == 404


@pytest.mark.slow
def test_card_of_a_token_for_everything_shows_one_station_as_its_example(keeper: Client) -> None:
    people.create_token("gateway", by=BY)
    assert "toancanh/gauge/level" in keeper.get(at("gateway")).content.decode()
    Thing.objects.update(is_active=False)
    assert "MÃ-TRẠM" in keeper.get(at("gateway")).content.decode()
