"""The letterbox: refused readings found, explained, taken in after all; who waits adopted or put aside."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import python_calamine
from django.test import Client

from tests.city import BY, NOON, City
from toancanh.kernel.declare import ANYONE, Actor
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import actions as people
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock, ids
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.directory import database_directory
from toancanh.kernel.telemetry.intake import Malformed, Request, take
from toancanh.kernel.telemetry.ledger import DatabaseLedger
from toancanh.kernel.telemetry.letterbox import exports, queries, replay, waiting
from toancanh.kernel.telemetry.letterbox.queries import Wish
from toancanh.kernel.telemetry.models import Knock, Letter, Series
from toancanh.lib.errors import NotAllowed, NotFound, Refused

LATER = NOON + timedelta(minutes=10)


@dataclass
class Sent:
    """A row as a door decodes it."""

    thing: str
    series: str
    time: datetime
    value: float
    correction: bool = False
    seq: int | None = None


@dataclass
class Sender:
    """A gateway and its way to the doors."""

    secret: str

    def sends(self, *rows: Sent, malformed: tuple[Malformed, ...] = ()) -> None:
        """Hand the rows in at noon."""
        request = Request(ids.digest(self.secret), rows, door="mqtt", malformed=malformed)
        directory = database_directory().refresh()
        take(engine.store(), directory, DatabaseLedger(), [request], clock.to_us(NOON))


@pytest.fixture
def gateway(city: City) -> Sender:
    waiting.counted.forget()
    return Sender(people.create_token("gateway", by=BY).secret)


@pytest.fixture
def administrator(city: City, client: Client) -> Client:
    """Signed in with the rights of an administrator."""
    person = people.create_person("admin", "Quản Trị", "một mật khẩu đủ dài", by=BY)
    office = people.found_organisation("office", "Văn phòng", by=BY)
    people.appoint(person, office, "Quản trị viên", people.ADMINISTRATOR, by=BY)
    client.force_login(person)
    return client


def stored(series: Series) -> list[float]:
    """Values of a series, in the order of time."""
    return [reading.value for reading in engine.store().range(series.pk, 0, 1 << 62, limit=1000)]


def adopt_loner(client: Client) -> None:
    """Register the sensor that waits under the code loner, by the form a person fills."""
    form = {
        "name": "Trạm lạ", "code": "loner", "lat": "16,05", "lon": "107,05", "gateway": "gateway",
        "q-name": ["pm25"], "q-title": ["Bụi PM2.5"], "q-unit": ["µg/m³"], "q-low": ["0"],
        "q-high": ["1000"], "q-period": ["300"],
    }  # fmt: skip
    answer = client.post("/console/sensors/new/?kind=sensors.station", form)
    assert answer.status_code == 302, answer.content.decode()


def test_groups_tell_reason_source_and_number(gateway: Sender) -> None:
    future = NOON + timedelta(hours=2)
    gateway.sends(*(Sent("gauge", "level", future + timedelta(minutes=n), 1.0) for n in range(3)))
    gateway.sends(Sent("x", "level", NOON, 1.0), malformed=(Malformed("gauge", "level", b"{", "cut"),))
    with clock.set_to(LATER):
        found = {group.code: (group.source, group.count) for group in queries.groups(BY, Wish())}
        assert found == {
            "future": ("gateway", 3), "unknown_thing": ("gateway", 1), "malformed": ("gateway", 1),
        }  # fmt: skip
        assert queries.groups(ANYONE, Wish()) == []
        assert [g.code for g in queries.groups(BY, Wish(q="X LEV"))] == ["unknown_thing"]


def test_pages_hold_each_letter_once(gateway: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "LENGTH", 4)
    gateway.sends(*(Sent("x", "level", NOON, float(n)) for n in range(10)))
    with clock.set_to(LATER):
        seen, wish = [], Wish()
        while True:
            page = queries.page(BY, wish)
            seen += [letter.value for letter in page.rows]
            if not page.next_url:
                break
            wish = Wish(after=page.rows[-1].pk)
    assert sorted(str(value) for value in seen) == [f"{n}.0" for n in range(10)]


def test_what_was_early_is_taken_in_once_its_time_has_come(city: City, gateway: Sender) -> None:
    early = NOON + timedelta(minutes=8)
    gateway.sends(Sent("gauge", "level", early, 2.5))
    letters = Letter.objects.all()
    with clock.set_to(NOON):
        assert replay.preview(letters, by=BY).refused == {"future": 1}
    with clock.set_to(LATER):
        assert replay.preview(letters, by=BY).kept == 1
        assert stored(city.level) == []
        assert replay.replay(letters, by=BY).kept == 1
        assert replay.replay(letters, by=BY).kept == 0
    assert stored(city.level) == [2.5]
    letter = Letter.objects.get()
    assert letter.settled_at == LATER
    assert Entry.objects.filter(action="telemetry.letters_replayed").count() == 1


def test_replay_goes_by_the_rights_of_who_sent_it(city: City) -> None:
    narrow = Sender(people.create_token("narrow", by=BY, things=["rain"]).secret)
    narrow.sends(Sent("gauge", "level", NOON, 2.5))
    letters = Letter.objects.all()
    with clock.set_to(LATER):
        assert replay.replay(letters, by=BY).refused == {"forbidden": 1}
        people.narrow_token("narrow", by=BY, things=["rain", "gauge"], rate=None, expires_at=None)
        assert replay.replay(letters, by=BY).kept == 1
    assert stored(city.level) == [2.5]


def test_letter_of_a_revoked_token_stays(city: City, gateway: Sender) -> None:
    gateway.sends(Sent("gauge", "level", NOON + timedelta(minutes=8), 2.5))
    with clock.set_to(LATER):
        people.revoke_token("gateway", by=BY)
    with clock.set_to(LATER + timedelta(seconds=1)):
        assert replay.replay(Letter.objects.all(), by=BY).refused == {"no_token": 1}
    assert stored(city.level) == []


def test_preview_sees_what_another_value_would_meet(city: City, gateway: Sender) -> None:
    gateway.sends(Sent("gauge", "level", NOON, 1.0))
    gateway.sends(Sent("gauge", "level", NOON, 9.0))
    with clock.set_to(LATER):
        said = replay.preview(Letter.objects.all(), by=BY)
        done = replay.replay(Letter.objects.all(), by=BY)
    assert (said.kept, said.refused) == (done.kept, done.refused) == (0, {"conflict": 1})


def test_only_administrators_take_in_and_put_aside(gateway: Sender) -> None:
    gateway.sends(Sent("x", "level", NOON, 1.0))
    officer = Actor(name="o", key="person:9", grants=frozenset({("console.see", "")}))
    for act in (replay.preview, replay.replay):
        with pytest.raises(NotAllowed):
            act(Letter.objects.all(), by=officer)
    with pytest.raises(NotAllowed):
        waiting.dismiss("x", "không cần", by=officer)
    assert waiting.room(officer) == []


def test_room_shows_who_waits_with_what_came(city: City, gateway: Sender) -> None:
    gateway.sends(Sent("loner", "pm25", NOON, 12.0), Sent("loner", "pm25", NOON + timedelta(seconds=1), 13.0))
    gateway.sends(Sent("gauge", "battery", NOON, 3.6))
    with clock.set_to(LATER):
        found = {one.code: one for one in waiting.room(BY)}
        assert waiting.count(BY) == 2
    assert found["loner"].thing is None
    assert [(sent.series, sent.count, sent.last.value) for sent in found["loner"].sent] == [("pm25", 2, 13.0)]
    assert found["gauge"].thing == city.gauge


def test_room_asks_as_often_for_many_as_for_few(
    gateway: Sender, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    gateway.sends(*(Sent(f"loner-{n}", s, NOON, 1.0) for n in range(30) for s in ("a", "b")))
    with clock.set_to(LATER), django_assert_num_queries(6):  # type: ignore[operator]
        assert len(waiting.room(BY)) == 30


def test_dismissed_is_shown_only_when_asked_for(gateway: Sender) -> None:
    gateway.sends(Sent("loner", "pm25", NOON, 12.0))
    with clock.set_to(LATER):
        with pytest.raises(Refused):
            waiting.dismiss("loner", " ", by=BY)
        with pytest.raises(NotFound):
            waiting.dismiss("nobody", "lạ", by=BY)
        waiting.dismiss("loner", "của hàng xóm", by=BY)
        gateway.sends(Sent("loner", "pm25", NOON, 14.0))
        assert waiting.room(BY) == []
        assert waiting.count(BY) == 0
        assert [one.dismissed for one in waiting.room(BY, dismissed=True)] == ["của hàng xóm"]
        waiting.recall("loner", by=BY)
        assert waiting.count(BY) == 1


@pytest.mark.slow
def test_adopting_brings_what_waited_onto_the_chart(gateway: Sender, administrator: Client) -> None:
    gateway.sends(*(Sent("loner", "pm25", NOON - timedelta(minutes=n), 10.0 + n) for n in range(5)))
    with clock.set_to(LATER):
        way = administrator.get("/console/waiting/loner/")
        assert way.status_code == 302
        page = administrator.get(way.headers["Location"]).content.decode()
        assert 'value="loner"' in page
        assert 'value="pm25"' in page
        assert 'value="1000"' in page
        adopt_loner(administrator)
        assert waiting.room(BY) == []
    thing = Thing.objects.get(code="loner")
    assert stored(Series.objects.get(thing=thing)) == [14.0, 13.0, 12.0, 11.0, 10.0]


@pytest.mark.slow
def test_known_station_gets_what_it_lacks(gateway: Sender, administrator: Client) -> None:
    gateway.sends(Sent("loner", "pm25", NOON, 12.0), Sent("loner", "noise", NOON, 55.0))
    with clock.set_to(LATER):
        adopt_loner(administrator)
        assert [one.code for one in waiting.room(BY)] == ["loner"]
        page = administrator.get("/console/waiting/loner/").content.decode()
        assert 'value="noise"' in page
        form = {
            "q-name": ["noise"], "q-title": ["Tiếng ồn"], "q-unit": ["dBA"], "q-low": ["20"],
            "q-high": ["140"], "q-period": ["60"],
        }  # fmt: skip
        wrong = administrator.post("/console/waiting/loner/", {**form, "q-high": ["x"]})
        assert wrong.status_code == 422
        assert administrator.post("/console/waiting/loner/", form).status_code == 302
        assert waiting.room(BY) == []
    assert stored(Series.objects.get(thing__code="loner", name="noise")) == [55.0]


def test_closed_kind_measures_only_what_it_declares(gateway: Sender, administrator: Client) -> None:
    gateway.sends(Sent("gauge", "noise", NOON, 55.0))
    with clock.set_to(LATER):
        answer = administrator.get("/console/waiting/gauge/", follow=True)
    assert answer.redirect_chain[-1][0] == "/console/waiting/"
    assert not Series.objects.filter(name="noise").exists()


@pytest.mark.slow
def test_pages_show_and_take_in(city: City, gateway: Sender, administrator: Client) -> None:
    gateway.sends(Sent("gauge", "level", NOON + timedelta(minutes=8), 2.5))
    gateway.sends(Sent("loner", "<b>", NOON, 1.0), malformed=(Malformed("a", "b", b"<script>", "cut"),))
    with clock.set_to(LATER):
        for language in ("vi", "en"):
            for path in ("", "rows/", "rows/?code=future&source=gateway", "rows/?state=all&q=gau"):
                answer = administrator.get(f"/console/letters/{path}", headers={"Accept-Language": language})
                assert answer.status_code == 200
                assert b"<script>" not in answer.content.replace(b"<script ", b"")
            assert administrator.get("/console/waiting/").status_code == 200
        rows = "/console/letters/rows/?code=future&source=gateway"
        assert b'do" value="replay' in administrator.post(rows, {"do": "preview"}).content
        assert stored(city.level) == []
        assert administrator.post(rows, {"do": "replay"}).status_code == 302
    assert stored(city.level) == [2.5]


def test_exports_hold_text_as_text(gateway: Sender, administrator: Client) -> None:
    gateway.sends(Sent("007", "=1+1", NOON, 1.5), Sent("x", "y", datetime.max.replace(tzinfo=NOON.tzinfo), 2))
    with clock.set_to(LATER):
        book = administrator.get("/console/letters/rows/?as=xlsx").content
        table = administrator.get("/console/letters/rows/?as=csv").content.decode("utf-8-sig")
    rows = python_calamine.load_workbook(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert {row[4] for row in rows[1:]} == {"007", "x"}
    assert {row[5] for row in rows[1:]} == {"=1+1", "y"}
    assert "'=1+1" in table
    assert exports._plain("\r=1+1").startswith("'")


def test_waiting_room_tells_since_when_somebody_tries_to_sign_in(administrator: Client) -> None:
    told = clock.to_us(NOON)
    facts = {"door": "mqtt", "address": "192.0.2.1", "last_us": told}
    Knock.objects.create(name="often", count=9, first_us=told - 2 * 3_600_000_000, **facts)
    Knock.objects.create(name="once", count=1, first_us=told, **facts)
    text = administrator.get("/console/waiting/").content.decode()
    assert text.count("lần đầu") == 1
    assert "10:00" in text.partition("lần đầu")[2][:200]
