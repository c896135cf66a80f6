"""Dead letters: what a door refused is kept as it came, once, and not for ever."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from tests.city import BY, NOON, City
from toancanh.kernel.people import actions as people
from toancanh.kernel.runtime import clock, ids
from toancanh.kernel.telemetry import engine, letters
from toancanh.kernel.telemetry.directory import FixedDirectory, database_directory
from toancanh.kernel.telemetry.ingest import Ingest
from toancanh.kernel.telemetry.intake import Dead, Malformed, NoLedger, Numbered, Request, Result, Taken, take
from toancanh.kernel.telemetry.ledger import DatabaseLedger
from toancanh.kernel.telemetry.models import Gap, Letter
from toancanh.kernel.telemetry.store import Row


@dataclass
class Sent:
    """A row as a door decodes it."""

    thing: str
    series: str
    time: datetime
    value: float
    correction: bool = False
    seq: int | None = None


def hand_in(secret: str, *rows: Sent, malformed: tuple[Malformed, ...] = ()) -> Result:
    """Take the rows as a door would, at noon."""
    request = Request(ids.digest(secret), rows, door="mqtt", malformed=malformed)
    directory = database_directory().refresh()
    return take(engine.store(), directory, DatabaseLedger(), [request], clock.to_us(NOON))[0]


@pytest.fixture
def secret(city: City) -> str:
    return people.create_token("gateway", by=BY, things=["gauge", "gone"]).secret


def test_each_refused_row_becomes_a_letter_and_the_others_are_kept(city: City, secret: str) -> None:
    rows = [
        Sent("gauge", "level", NOON, 1.0),
        Sent("gone", "level", NOON, 2.0),
        Sent("gauge", "rain", NOON, 3.0),
        Sent("rain", "rain", NOON, 4.0),
        Sent("gauge", "level", NOON + timedelta(hours=1), 5.0),
        Sent("gauge", "level", NOON - timedelta(days=9000), 6.0),
        Sent("gauge", "level", NOON, 7.0),
    ]
    result = hand_in(secret, *rows, malformed=(Malformed("gauge", "level", b"\xff{", "not JSON"),))
    assert isinstance(result, Taken)
    assert result.accepted == 1
    found = {letter.code: letter for letter in Letter.objects.all()}
    codes = {"unknown_thing", "unknown_series", "forbidden", "future", "too_old", "conflict", "malformed"}
    assert set(found) == codes
    assert {(one.source, one.door) for one in found.values()} == {("gateway", "mqtt")}
    future = found["future"]
    assert (future.thing, future.series, future.value) == ("gauge", "level", 5.0)
    assert future.time_us == clock.to_us(NOON + timedelta(hours=1))
    assert found["malformed"].raw == "\N{REPLACEMENT CHARACTER}{"
    assert found["malformed"].fault == "not JSON"


def test_same_row_again_is_the_same_letter(city: City, secret: str) -> None:
    for _ in range(3):
        hand_in(secret, Sent("gone", "level", NOON, 2.0), Sent("gone", "level", NOON, 2.0))
    assert Letter.objects.count() == 1
    hand_in(secret, Sent("gone", "level", NOON, 2.5))
    assert Letter.objects.count() == 2


def test_hostile_text_is_kept_within_its_columns(city: City, secret: str) -> None:
    said = Malformed("x" * 500 + "\0", "s\0", b"\0" * 5000, "f" * 900)
    hand_in(secret, Sent("\0" * 300, "y" * 300, NOON, 2.0), malformed=(said,))
    assert Letter.objects.count() == 2
    assert not any("\0" in f"{one.raw}{one.thing}{one.series}" for one in Letter.objects.all())


def test_number_of_a_refused_row_counts_as_kept_and_a_foreign_one_does_not(city: City, secret: str) -> None:
    taken = hand_in(
        secret,
        Sent("gauge", "level", NOON, 1.0, seq=1),
        Sent("gauge", "rain", NOON, 1.0, seq=2),
        Sent("rain", "rain", NOON, 1.0, seq=900),
    )
    assert isinstance(taken, Taken)
    assert taken.receipts == {"gauge": 2}
    assert Gap.objects.count() == 0


def test_ingest_answers_only_when_the_letters_are_written(city: City, secret: str) -> None:
    seen: list[int] = []

    class Watched(NoLedger):
        def settle(self, dead: Sequence[Dead], numbered: Sequence[Numbered], now: int) -> dict[str, int]:
            seen.append(len(dead))
            return {row.thing: row.seq for row in numbered}

    kept: list[Row] = []
    directory = FixedDirectory(database_directory().refresh())

    async def through() -> Result:
        now, ledger = clock.to_us(NOON), Watched()
        ingest = Ingest(engine.store(), directory, now=lambda: now, ledger=ledger, on_kept=kept.extend)
        ingest.start()
        rows = [Sent("gauge", "level", NOON, 1.0, seq=5), Sent("gauge", "x", NOON, 1.0)]
        result = await asyncio.wait_for(ingest.offer(Request(ids.digest(secret), rows)), 30)
        await ingest.stop()
        return result

    result = asyncio.run(through())
    assert isinstance(result, Taken)
    assert (result.accepted, result.receipts, seen, len(kept)) == (1, {"gauge": 5}, [1], 1)


def test_letters_end_with_their_time_and_their_number(
    city: City, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "MOST", 3)
    hand_in(secret, *(Sent("gone", "level", NOON, float(n)) for n in range(5)))
    with clock.set_to(NOON + timedelta(days=1)):
        assert letters.expire() == 2
        assert Letter.objects.count() == 3
    with clock.set_to(NOON + timedelta(days=31)):
        letters.expire()
        assert Letter.objects.count() == 0


def test_flood_of_refused_rows_is_held_back_between_two_rounds(
    city: City, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "MOST", 3)
    monkeypatch.setattr(letters, "EVERY", 10)
    monkeypatch.setattr(letters, "_brought", Counter())
    for n in range(30):
        hand_in(secret, Sent("gone", "level", NOON, float(n)))
    assert Letter.objects.count() == 3
    assert set(Letter.objects.values_list("value", flat=True)) == {27.0, 28.0, 29.0}
