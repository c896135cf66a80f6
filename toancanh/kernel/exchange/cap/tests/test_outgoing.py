"""What we tell other centres, judged by the schema of OASIS and by readers of feeds that are not ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import feedparser
import pytest
from django.test import Client
from lxml import etree

from tests.city import NOON, City
from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.cap import outgoing
from toancanh.kernel.runtime import clock
from toancanh.kernel.warnings import actions
from toancanh.kernel.warnings.content import Words
from toancanh.kernel.warnings.models import Kind, Warning
from toancanh.kernel.warnings.tests.making import EN, VI, approved, full, leader, officer, told
from toancanh.kernel.warnings.texts import Quote
from toancanh.lib.cap.message import CAP_12, Alert
from toancanh.lib.cap.reading import read
from toancanh.lib.cap.tests.validator import is_valid

SPACE = {"c": CAP_12}
DRAWN = {"type": "Polygon", "coordinates": [[[107.0, 16.0], [107.05, 16.0], [107.05, 16.05], [107.0, 16.0]]]}


@pytest.fixture
def by(city: City) -> Actor:
    return officer(city)


@pytest.fixture
def order(city: City) -> Actor:
    return leader(city)


def followed(previous: Warning, kind: str, by: Actor, order: Actor) -> Warning:
    return approved(actions.follow(previous, kind, full(), by=by), by, order)


def fetched(client: Client, number: str) -> Alert:
    """The message as a reader has it that found it valid."""
    answer = client.get(f"/cap/{number}.xml")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/cap+xml; charset=utf-8"
    assert is_valid(answer.content)
    (one,) = read(answer.content).reads
    assert (one.faults, one.notes) == ((), ())
    assert one.alert is not None
    return one.alert


def test_a_warning_says_the_same_in_cap(client: Client, by: Actor, order: Actor) -> None:
    quote = Quote(issuer="Đài KTTV", number="17", words="Lũ lên báo động 2")
    told(by, order, full(quotes=(quote,)))
    alert = fetched(client, "CB-2026-0001")
    assert (alert.status, alert.msg_type, alert.scope) == ("Actual", "Alert", "Public")
    assert alert.sent == NOON
    assert alert.references == ()
    assert [info.language for info in alert.infos] == ["vi-VN", "en"]
    vi, en = alert.infos
    assert (vi.headline, en.headline) == (VI.headline, EN.headline)
    assert (vi.instruction, en.instruction) == (VI.instruction, EN.instruction)
    assert "Lũ lên báo động 2" in vi.description
    assert (vi.severity, vi.urgency, vi.certainty) == ("Moderate", "Immediate", "Observed")
    assert vi.categories == ("Met",)
    assert vi.expires == NOON + timedelta(hours=12)
    assert ("RuiRoThienTai", "2") in vi.parameters
    assert vi.web.endswith("/warnings/CB-2026-0001/")


def test_areas_are_units_with_code_and_outline_latitude_first(
    city: City, client: Client, by: Actor, order: Actor
) -> None:
    told(by, order, full("90001", "90002"))
    areas = fetched(client, "CB-2026-0001").infos[0].areas
    assert [area.geocodes for area in areas] == [(("VN-DVHC", "90001"),), (("VN-DVHC", "90002"),)]
    west = city.west.boundary
    for lat, lon in areas[0].polygons[0]:
        assert west.south <= lat <= west.north
        assert west.west <= lon <= west.east


def test_a_drawn_area_stands_instead_of_the_outlines(client: Client, by: Actor, order: Actor) -> None:
    told(by, order, full(area=DRAWN))
    (area,) = fetched(client, "CB-2026-0001").infos[0].areas
    assert area.polygons[0][:2] == ((16.0, 107.0), (16.0, 107.05))
    assert area.geocodes == (("VN-DVHC", "90001"),)


@pytest.mark.slow
def test_updates_corrections_and_the_all_clear_refer_to_what_was_before(
    client: Client, by: Actor, order: Actor
) -> None:
    first = told(by, order)
    with clock.set_to(NOON + timedelta(hours=1)):
        second = followed(first, Kind.UPDATE, by, order)
    with clock.set_to(NOON + timedelta(hours=2)):
        third = followed(second, Kind.CORRECTION, by, order)
    with clock.set_to(NOON + timedelta(hours=3)):
        followed(third, Kind.ALL_CLEAR, by, order)
    every = [fetched(client, f"CB-2026-000{n}") for n in (1, 2, 3, 4)]
    assert [one.msg_type for one in every] == ["Alert", "Update", "Update", "Cancel"]
    for number, one in enumerate(every):
        said = [(ref.sender, ref.identifier, ref.sent) for ref in one.references]
        assert said == [(old.sender, old.identifier, old.sent) for old in every[:number]]
    last = every[-1].infos[0]
    assert (last.response_types, last.urgency) == (("AllClear",), "Past")
    assert fetched(client, "CB-2026-0001") == every[0], "told once, said for ever"


def test_without_english_words_there_is_no_english_block(client: Client, by: Actor, order: Actor) -> None:
    told(by, order, full(en=Words()))
    assert [info.language for info in fetched(client, "CB-2026-0001").infos] == ["vi-VN"]


@pytest.mark.parametrize(("level", "severity"), [(1, "Minor"), (3, "Severe"), (4, "Extreme"), (5, "Extreme")])
def test_levels_have_their_severity(
    client: Client, by: Actor, order: Actor, level: int, severity: str
) -> None:
    told(by, order, full(level=level))
    assert fetched(client, "CB-2026-0001").infos[0].severity == severity


def test_exercises_stay_inside_and_are_marked_as_such(client: Client, by: Actor, order: Actor) -> None:
    drill = told(by, order, is_exercise=True)
    assert client.get("/cap/DT-2026-0001.xml").status_code == 404
    assert "DT-2026" not in client.get("/cap").content.decode()
    assert outgoing.of(drill).status == "Exercise"


def test_drafts_and_strange_numbers_are_not_found(client: Client, by: Actor) -> None:
    actions.draft(full(), by=by)
    for number in ("CB-2026-0001", "x", "0", "%27"):
        assert client.get(f"/cap/{number}.xml").status_code == 404
    assert len(feedparser.parse(client.get("/cap").content).entries) == 0


def test_the_sender_stays_when_the_place_is_renumbered(city: City, by: Actor, order: Actor) -> None:
    before = outgoing.sender()
    assert before.startswith("vn.")
    assert outgoing.sender() == before


@pytest.mark.slow
def test_a_reader_of_feeds_finds_every_message(client: Client, by: Actor, order: Actor) -> None:
    first = told(by, order)
    with clock.set_to(NOON + timedelta(hours=1)):
        followed(first, Kind.UPDATE, by, order)
    answer = client.get("/cap")
    found = feedparser.parse(answer.content)
    assert not found.bozo
    assert (found.version, found.feed.title.startswith("Bản tin cảnh báo")) == ("atom10", True)
    newest, oldest = found.entries
    assert newest.published_parsed > oldest.published_parsed
    assert found.feed.updated == newest.updated
    for entry, number in ((newest, "CB-2026-0002"), (oldest, "CB-2026-0001")):
        (link,) = [one for one in entry.links if one.type == "application/cap+xml"]
        assert link.href == f"http://testserver/cap/{number}.xml"
        assert fetched(client, number).infos[0].headline == entry.title
    # And our own reader, as another centre of ours would.
    assert read(answer.content, "http://testserver/cap").links == tuple(
        f"http://testserver/cap/{number}.xml" for number in ("CB-2026-0002", "CB-2026-0001")
    )


@pytest.mark.slow
def test_what_is_unchanged_is_not_sent_again(client: Client, by: Actor, order: Actor) -> None:
    first = told(by, order)
    for path in ("/cap", "/cap/CB-2026-0001.xml"):
        tag = client.get(path)["ETag"]
        again = client.get(path, headers={"If-None-Match": f'"x", W/{tag}'})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    tag = client.get("/cap")["ETag"]
    with clock.set_to(NOON + timedelta(hours=1)):
        followed(first, Kind.UPDATE, by, order)
    assert client.get("/cap", headers={"If-None-Match": tag}).status_code == 200


def test_hostile_words_stay_words(client: Client, by: Actor, order: Actor) -> None:
    words = replace(VI, headline="<b> & ]]> \"x\" 'y'", what="&lt; \u0007 </description>")
    told(by, order, full(vi=words))
    assert fetched(client, "CB-2026-0001").infos[0].headline == words.headline
    assert feedparser.parse(client.get("/cap").content).entries[0].title_detail.value == words.headline
    etree.fromstring(client.get("/cap").content)


@pytest.mark.slow
def test_whoever_asks_too_often_is_told_when_to_come_again(client: Client, city: City) -> None:
    answers = [client.get("/cap/CB-2026-0001.xml") for _n in range(100)]
    assert {answer.status_code for answer in answers[:60]} == {404}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused["Retry-After"]) >= 1
    assert client.get("/cap/CB-2026-0001.xml", REMOTE_ADDR="203.162.1.10").status_code == 404
