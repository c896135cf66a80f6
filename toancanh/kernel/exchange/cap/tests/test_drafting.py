"""A warning of ours begun from a message of others: quoted, never sent by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client

from tests.city import NOON, City, actor, person
from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.cap import drafting
from toancanh.kernel.exchange.cap.models import Received
from toancanh.kernel.exchange.cap.tests.conftest import STORM
from toancanh.kernel.exchange.cap.tests.test_intake import bring
from toancanh.kernel.journal.models import Event
from toancanh.kernel.people import actions as people
from toancanh.kernel.warnings.keeping import ISSUED
from toancanh.kernel.warnings.models import State, Warning
from toancanh.kernel.warnings.tests.making import officer
from toancanh.kernel.warnings.texts import quotes
from toancanh.lib.cap.message import Alert, Area
from toancanh.lib.errors import NotAllowed, Refused


def covering(city: City, *, west_only: bool = False) -> Alert:
    """The storm over the communes of the test city."""
    box = city.west.boundary
    east = box.east - 0.01 if west_only else box.east + 0.05
    corners = ((box.south + 0.01, box.west + 0.01), (box.south + 0.01, east), (box.north - 0.01, east))
    area = Area(area_desc="Vùng thấp", polygons=((*corners, corners[0]),))
    return replace(STORM, infos=(replace(STORM.infos[0], areas=(area,)),))


def test_quotes_the_message_for_the_communes_it_touches(city: City, ada: Actor) -> None:
    (row,) = bring(ada, covering(city))
    made = drafting.draft(row, by=officer(city))
    assert (made.state, made.number, made.is_exercise) == (State.DRAFT, None, False)
    assert {place.unit.code for place in made.places.all()} == {city.west.code, city.east.code}
    (quote,) = quotes(made)
    assert (quote.issuer, quote.number, quote.at) == (
        "Đài Khí tượng Thủy văn",
        STORM.identifier,
        STORM.sent,
    )
    assert "Mực nước tại Kim Long đang lên." in quote.words
    assert made.valid_until == NOON + timedelta(hours=6)
    assert (made.headline_vi, made.level) == ("", None), "what people here are told is written here"
    assert not Event.objects.filter(name=ISSUED).exists()


def test_an_officer_of_one_commune_drafts_for_that_one(city: City, ada: Actor) -> None:
    (row,) = bring(ada, covering(city))
    made = drafting.draft(row, by=officer(city, unit="west"))
    assert [place.unit.code for place in made.places.all()] == [city.west.code]


def test_an_exercise_stays_one(city: City, ada: Actor) -> None:
    (row,) = bring(ada, replace(covering(city), status="Exercise"))
    assert drafting.draft(row, by=officer(city)).is_exercise


def test_what_says_nothing_is_not_quoted(city: City, ada: Actor) -> None:
    (row,) = bring(ada, replace(STORM, infos=()))
    with pytest.raises(Refused) as caught:
        drafting.draft(row, by=officer(city))
    assert caught.value.code == "nothing_to_quote"
    assert Warning.objects.count() == 0


def test_who_may_not_draft_does_not(city: City, ada: Actor) -> None:
    (row,) = bring(ada, STORM)
    with pytest.raises(NotAllowed):
        drafting.draft(row, by=actor("nobody", city.province, ("console.see",)))


def test_receiving_tells_nobody_by_itself(city: City, ada: Actor, client: Client) -> None:
    bring(ada, STORM)
    assert Received.objects.count() == 1
    assert Warning.objects.count() == 0
    assert STORM.identifier not in client.get("/cap").content.decode()


@pytest.mark.slow
def test_the_button_leads_to_the_draft(city: City, ada: Actor, client: Client) -> None:
    (row,) = bring(ada, covering(city))
    path = f"/console/received/{row.pk}/"
    client.force_login(person("eve", city.province, people.STAFF))
    assert "Soạn bản tin cảnh báo" in client.get(path).content.decode()
    answer = client.post(path)
    assert answer["Location"] == f"/console/warnings/{Warning.objects.get().pk}/edit/"
    client.force_login(person("bob", city.province, ("console.see",)))
    assert "Soạn bản tin cảnh báo" not in client.get(path).content.decode()
    assert client.post(path).status_code == 403
