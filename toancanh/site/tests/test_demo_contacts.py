"""The demo's chain of warnings: nobody in it can be reached, and colleagues telephone at a living pace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.city import BY, NOON, City
from toancanh.kernel.contacts import board, queries, telling
from toancanh.kernel.contacts.models import Call, Channel, Contact, Kind, Notice
from toancanh.kernel.contacts.sealing import in_clear
from toancanh.kernel.declare import Title
from toancanh.kernel.exchange.rosters.models import Roster, Stage
from toancanh.kernel.people import access
from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime import clock, marks
from toancanh.site import demo, demo_calls, demo_contacts

pytestmark = pytest.mark.django_db
UNREACHABLE = re.compile(r"\+842340\d{6}|\+447700900\d{3}")


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """It is noon."""
    with clock.set_to(NOON):
        yield


def filled(city: City) -> None:
    """Both communes of the city have people."""
    demo_contacts.fill([city.west, city.east], NOON, by=BY)


def told(city: City) -> Notice:
    """Both communes are told of something."""
    return telling.tell(
        subject="warnings.message:1",
        title=Title("Lũ", "Flood"),
        body=Title("Nước lên.", "The water rises."),
        units=[city.west, city.east],
        channels=["sms"],
        expires=NOON + timedelta(hours=6),
        by=BY,
    )


@pytest.mark.slow
def test_list_is_taken_in_whole_and_once(city: City) -> None:
    filled(city)
    filled(city)
    brought = Roster.objects.get()
    assert (brought.stage, brought.counts["refused"], brought.counts["noted"]) == (
        Stage.DONE,
        0,
        Contact.objects.filter(addresses=None).count(),
    )
    people = queries.people_of(city.west)
    kinds = [one.kind for one in people]
    assert kinds == [Kind.OFFICIAL] * 2 + [Kind.HEAD] * demo_contacts.PLACES
    assert len({one.name for one in people}) == len(people)
    assert {one.ground_note for one in people} == {demo_contacts.BASIS}


@pytest.mark.slow
def test_nobody_of_the_list_can_be_reached(city: City) -> None:
    filled(city)
    ways = [
        way for one in queries.with_addresses(queries.standing()) for way in in_clear(one.addresses.all())
    ]
    assert {way.channel for way in ways} >= {Channel.PHONE, Channel.EMAIL}
    for way in ways:
        if way.channel == Channel.PHONE:
            assert UNREACHABLE.fullmatch(way.value), way.value
        elif way.channel == Channel.EMAIL:
            assert way.value.endswith(".example")
        else:
            assert way.value.startswith("mau-")


@pytest.mark.slow
def test_colleagues_call_one_official_of_each_commune_in_turn(city: City, settings: Any) -> None:
    settings.DEMO = True
    marks.write("demo", "ready")
    demo.staff()
    filled(city)
    notice = told(city)
    assert demo_calls.look() == 0
    made = []
    for seconds in (13, 14, 26, 60, 600):
        with clock.set_to(NOON + timedelta(seconds=seconds)):
            made.append(demo_calls.look())
    assert made == [1, 0, 1, 0, 0]
    calls = Call.objects.select_related("told__contact", "person")
    assert {call.told.unit_id for call in calls} == {city.west.pk, city.east.pk}
    assert {call.told.contact.kind for call in calls} == {Kind.OFFICIAL}
    assert {call.note for call in calls} == {demo_calls.NOTE}
    officer = access.actor(Person.objects.get(username=demo.OFFICER[0]))
    reached = sum(call.outcome == "reached" for call in calls)
    assert board.board(notice, officer).received == reached


@pytest.mark.slow
@pytest.mark.parametrize(("is_on", "mark"), [(True, "off"), (False, "ready")])
def test_nobody_is_called_in_a_real_city(city: City, settings: Any, is_on: bool, mark: str) -> None:
    settings.DEMO = is_on
    marks.write("demo", mark)
    demo.staff()
    filled(city)
    told(city)
    with clock.set_to(NOON + timedelta(minutes=5)):
        assert demo_calls.look() == 0
    assert not Call.objects.exists()
