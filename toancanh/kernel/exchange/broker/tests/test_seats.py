"""Client names at the broker: taken up again, never used twice at once, and not left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection

from tests.edge.wire import wait
from toancanh.kernel.declare import program
from toancanh.kernel.exchange.broker import actions
from toancanh.kernel.exchange.broker.address import Address
from toancanh.kernel.exchange.broker.models import BrokerSeat
from toancanh.kernel.exchange.broker.seats import Place, Seats
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Token
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.directory import database_directory

ALONE = Address("broker.hue.vn")
SHARED = Address("broker.hue.vn", group="ingest")


@contextmanager
def process(address: Address) -> Iterator[Callable[[Callable[[Seats], object]], object]]:
    """Another process: a thread with a connection of its own, which ends as if it were killed."""
    todo: list[Callable[[Seats], object]] = []
    done: list[object] = []
    wake, ready, end = threading.Event(), threading.Event(), threading.Event()

    def run() -> None:
        seats = Seats(address, "other:1")
        while True:
            wake.wait()
            wake.clear()
            if end.is_set():
                connection.close()
                return
            done.append(todo.pop()(seats))
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()

    def ask(what: Callable[[Seats], object]) -> object:
        ready.clear()
        todo.append(what)
        wake.set()
        assert ready.wait(20)
        return done.pop()

    yield ask
    end.set()
    wake.set()
    thread.join()


@pytest.mark.slow
def test_one_name_is_this_installations_for_good(db: None) -> None:
    first = Seats(ALONE, "a:1").take()
    assert first is not None
    again = Seats(ALONE, "a:2").take()
    assert again is not None
    assert (first.client, first.number) == (again.client, 0)
    assert first.client.startswith("toancanh-")
    assert BrokerSeat.objects.get().holder == "a:2"


def test_filters_follow_the_group_and_the_old_ones_are_given_up(db: None) -> None:
    alone = Seats(ALONE, "a:1").take()
    assert alone == Place(0, alone.client if alone else "", "", ())
    assert alone.filters == ["toancanh/+/+", "toancanh/+/cmd/ack"]
    assert alone.outdated == []
    shared = Seats(SHARED, "a:1").take()
    assert shared is not None
    assert shared.filters == ["$share/ingest/toancanh/+/+", "$share/ingest/toancanh/+/cmd/ack"]
    assert shared.outdated == alone.filters
    elsewhere = Seats(Address("other.vn"), "a:1").take()
    assert elsewhere is not None
    assert elsewhere.outdated == []


@pytest.mark.several
@pytest.mark.django_db(transaction=True)
def test_two_processes_never_sit_on_one_seat() -> None:
    own = Seats(SHARED, "own:1")
    with process(SHARED) as ask:
        first, second = own.take(), ask(lambda seats: seats.take())
        assert isinstance(first, Place)
        assert isinstance(second, Place)
        assert {first.number, second.number} == {0, 1}
        assert own.take() == first
        assert own.lead()
        assert not ask(lambda seats: seats.lead())
    # Killed: the server has given its seat back, and whoever comes takes it up again.
    with process(SHARED) as ask:
        assert ask(lambda seats: seats.take()) == second._replace(before=("ingest",))
        own.free()
        assert ask(lambda seats: seats.lead())


@pytest.mark.several
@pytest.mark.django_db(transaction=True)
def test_without_a_group_the_second_stands_by() -> None:
    own = Seats(ALONE, "own:1")
    with process(ALONE) as ask:
        assert ask(lambda seats: seats.take()) is not None
        assert own.take() is None
    # The server notices a moment after a process was killed that nobody sits there any more.
    assert wait(lambda: own.take() is not None, 10)
    own.free()


@pytest.mark.several
@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_is_a_lost_seat() -> None:
    own = Seats(SHARED, "own:1")
    assert own.take() is not None
    connection.close()
    with process(SHARED) as ask:
        other = ask(lambda seats: seats.take())
        assert isinstance(other, Place)
        assert other.number == 0
        moved = own.take()
        assert moved is not None
        assert moved.number == 1
        own.free()


@pytest.mark.several
@pytest.mark.django_db(transaction=True)
def test_what_a_process_left_behind_is_found_once() -> None:
    own = Seats(SHARED, "own:1")
    place = own.take()
    with process(SHARED) as ask:
        left = ask(lambda seats: seats.take())
        assert isinstance(left, Place)
        with clock.set_to(clock.now() + timedelta(minutes=1)):
            assert list(own.abandoned()) == [], "somebody sits there"
    assert list(own.abandoned()) == [], "it may come back"
    with clock.set_to(clock.now() + timedelta(minutes=1)):
        (found,) = own.abandoned()
        assert (found.number, found.client, found.group) == (left.number, left.client, "ingest")
        assert list(own.abandoned()) == [], "it is being emptied"
        own.close(found.number)
    assert place is not None
    assert list(BrokerSeat.objects.values_list("number", flat=True)) == [place.number]
    own.free()


def test_the_token_is_made_once_and_stays_revoked(db: None) -> None:
    by = program("broker")
    actions.provide_token(by=by)
    actions.provide_token(by=by)
    token = Token.objects.get(name="broker")
    assert (token.is_program, token.things) == (True, None)
    assert Entry.objects.filter(action="people.token_created").count() == 1
    people.revoke_token("broker", by=by)
    actions.provide_token(by=by)
    assert not database_directory().refresh().named["broker"].is_valid(clock.now_us())
