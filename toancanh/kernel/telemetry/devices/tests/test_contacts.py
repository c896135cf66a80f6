"""Who was heard: counted for every request, written every few seconds, added up over processes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from tests.city import BY, NOON, City
from toancanh.kernel.people import actions as people
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.devices import contacts
from toancanh.kernel.telemetry.devices.models import Activity, Contact, Knock
from toancanh.kernel.telemetry.devices.tally import KEPT, SIGN_IN, STEP, TOO_MANY, Tally
from toancanh.kernel.telemetry.directory import Directory, TokenInfo, database_directory
from toancanh.kernel.telemetry.intake import Malformed, Refusal, Request, Taken
from toancanh.kernel.telemetry.store import SECOND, open_store
from toancanh.kernel.telemetry.tests.asgi import NOW, House, row, running

START = clock.to_us(NOON) - clock.to_us(NOON) % STEP


@pytest.fixture(autouse=True)
def never_pruned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contacts, "_pruned", 0)


@pytest.fixture
def directory(city: City) -> Directory:
    """Two tokens: a gauge's own and a gateway's."""
    people.create_token("gauge", by=BY, things=["gauge"])
    people.create_token("gateway", by=BY)
    return database_directory().refresh()


def took(tally: Tally, directory: Directory, name: str, accepted: int, *codes: str) -> None:
    """Let the tally see one request of the token."""
    request = Request(directory.named[name].digest, (), door="mqtt", address="192.0.2.9")
    refusals = [Refusal(n, code) for n, code in enumerate(codes)]
    tally.took([(request, Taken(accepted, refusals))], directory)


def counted() -> dict[tuple[str, str], int]:
    """What is written, by token and what became of the rows."""
    rows = Activity.objects.filter(start_us=START).values_list("token__name", "what", "count")
    return {(name, what): count for name, what, count in rows}


def test_counts_of_several_processes_add_up(directory: Directory) -> None:
    for tally in (Tally(clock.now_us), Tally(clock.now_us)):
        took(tally, directory, "gateway", 30, "future", "future", "conflict")
        took(tally, directory, "gateway", 10)
        took(tally, directory, "gauge", 1)
        for _ in range(2):
            contacts.write(tally)
    assert counted() == {
        ("gateway", KEPT): 80,
        ("gateway", "future"): 4,
        ("gateway", "conflict"): 2,
        ("gauge", KEPT): 2,
    }
    heard = Contact.objects.get(token__name="gauge")
    assert (heard.at, heard.door, heard.address, heard.online_at) == (NOON, "mqtt", "192.0.2.9", None)


@pytest.mark.slow
def test_writing_asks_as_often_for_a_hundred_tokens_as_for_one(city: City) -> None:
    asked = []
    for count in (1, 100):
        for n in range(count):
            people.create_token(f"g{count}-{n}", by=BY)
        directory = database_directory().refresh()
        tally = Tally(clock.now_us)
        tally.ask(lambda known=directory: [token.id for token in known.tokens.values()])  # type: ignore[misc]
        for name in directory.named:
            took(tally, directory, name, 1, "future")
        contacts._pruned = clock.now_us()
        with CaptureQueriesContext(connection) as queries:
            contacts.write(tally)
        asked.append(len({query["sql"][:60] for query in queries}))
    assert asked[0] == asked[1]
    assert Contact.objects.filter(online_at=NOON).count() == 101


def test_row_that_could_not_be_read_counts_as_malformed(directory: Directory) -> None:
    tally = Tally(clock.now_us)
    bent = (Malformed("gauge", "level", b"x", "not a number"),) * 3
    request = Request(directory.named["gauge"].digest, (), malformed=bent)
    tally.took([(request, Taken(0, []))], directory)
    contacts.write(tally)
    assert counted() == {("gauge", "malformed"): 3}


def test_what_could_not_be_written_is_written_with_what_came_since(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    tally = Tally(clock.now_us)
    took(tally, directory, "gauge", 5)
    tally.knocked("stranger", "mqtt", "192.0.2.1")

    def away(*_: object) -> None:
        raise DatabaseError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(contacts, "_keep", away)
        with pytest.raises(DatabaseError):
            contacts.write(tally)
    took(tally, directory, "gauge", 7)
    tally.knocked("stranger", "mqtt", "192.0.2.1")
    contacts.write(tally)
    assert counted() == {("gauge", KEPT): 12}
    assert Knock.objects.get().count == 2


def test_token_that_has_gone_hinders_nobody(directory: Directory) -> None:
    tally = Tally(clock.now_us)
    gone = TokenInfo(999_999, "gone", digest="f" * 64)
    tally.took([(Request("f" * 64, ()), Taken(3, []))], Directory({}, {"f" * 64: gone}))
    took(tally, directory, "gauge", 1)
    contacts.write(tally)
    assert Contact.objects.count() == 1


def test_old_counts_and_names_are_forgotten(directory: Directory) -> None:
    tally = Tally(clock.now_us)
    took(tally, directory, "gauge", 1)
    tally.knocked("stranger", "mqtt", "192.0.2.1")
    contacts.write(tally)
    with clock.set_to(NOON + timedelta(hours=26)):
        contacts.write(tally)
        assert (Activity.objects.count(), Knock.objects.count()) == (0, 1)
    with clock.set_to(NOON + timedelta(days=8)):
        contacts.write(tally)
        assert Knock.objects.count() == 0


def test_strangers_fill_neither_memory_nor_table(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contacts, "MOST_KNOCKS", 50)
    tally = Tally(clock.now_us)
    for n in range(1000):
        tally.knocked(f"stranger-{n}", "mqtt", "192.0.2.1")
    assert len(tally.take().knocks) == 200
    for n in range(120):
        tally.knocked(f"again-{n}", "mqtt", "192.0.2.1")
    contacts.write(tally)
    assert Knock.objects.count() == 50


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    store = open_store(str(tmp_path / "door.db"))
    yield House(store)
    store.close()


def test_door_tells_who_sent_what_and_who_was_turned_away(house: House) -> None:
    house.put_token("slow", TokenInfo(2, "slow", rate=2))
    house.put_token("ended", TokenInfo(3, "ended", revoked=NOW - SECOND))

    async def act() -> None:
        await house.post([row(), row(1.0, thing="nowhere"), row(2.0)])
        assert (await house.post([row(3.0)] * 3, "slow")).status == 200
        assert (await house.post([row(3.0)], "slow")).status == 429
        assert (await house.post([row()], "ended")).status == 401
        assert (await house.post([row()], "unheard-of")).status == 401

    async def within() -> None:
        async with running(house):
            await act()

    asyncio.run(within())
    counts = house.tally.take()
    start = NOW - NOW % STEP
    assert counts.rows == {
        (1, start, KEPT): 1,
        (1, start, "unknown_thing"): 1,
        (1, start, "conflict"): 1,
        (2, start, "conflict"): 3,
        (2, start, TOO_MANY): 1,
        (3, start, SIGN_IN): 1,
    }
    assert {key: heard.address for key, heard in counts.heard.items()} == {1: "192.0.2.7", 2: "192.0.2.7"}
    assert list(counts.knocks) == [("", "http", "192.0.2.7")]
