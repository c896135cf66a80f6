"""Numbers of devices: what is kept is told, what is missing is noticed, whatever the order it comes in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.city import NOON
from toancanh.kernel.journal.models import Entry, Event
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import numbering
from toancanh.kernel.telemetry.intake import Numbered
from toancanh.kernel.telemetry.models import Gap, Sequence

pytestmark = pytest.mark.django_db
START = clock.to_us(NOON)


def sent(*numbers: int, thing: str = "gauge", after: int = 0) -> dict[str, int]:
    """Rows with these numbers, each taken ``number`` seconds (and ``after``) past noon."""
    rows = [Numbered(thing, "gateway", n, START + (n + after) * 1_000_000) for n in numbers]
    return numbering.note(rows, START)


def explained(statement: str) -> str:
    """How the database goes about it; on PostgreSQL as if the table held much."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        plan = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
        cursor.execute(f"{plan} {statement}")
        return str(cursor.fetchall())


def gaps() -> list[tuple[int, int]]:
    """Open gaps."""
    return list(
        Gap.objects.filter(filled_at=None, given_up_at=None).order_by("first").values_list("first", "last")
    )


def test_first_number_begins_anywhere() -> None:
    assert sent(41, 42, 43) == {"gauge": 43}
    assert gaps() == []


def test_hole_holds_the_receipt_back_until_it_is_filled() -> None:
    sent(1, 2)
    assert sent(5) == {"gauge": 2}
    assert gaps() == [(3, 4)]
    assert sent(4) == {"gauge": 2}
    assert sent(3) == {"gauge": 5}
    assert gaps() == []
    assert sent(6) == {"gauge": 6}


def test_number_in_the_middle_cuts_a_gap_in_two() -> None:
    sent(1)
    sent(10)
    assert sent(5) == {"gauge": 1}
    assert gaps() == [(2, 4), (6, 9)]


def test_what_is_sent_again_changes_nothing() -> None:
    sent(*range(1, 9))
    assert sent(3, 4, 8) == {"gauge": 8}
    assert gaps() == []


def test_device_that_counts_anew_is_followed() -> None:
    sent(*range(1, 9))
    sent(12)
    assert sent(1, after=60) == {"gauge": 1}
    assert gaps() == []
    assert sent(2, after=60) == {"gauge": 2}


def test_things_are_numbered_apart() -> None:
    assert sent(1, 2) == {"gauge": 2}
    assert sent(7, thing="rain") == {"rain": 7}
    assert numbering.kept(["gauge", "rain", "other"]) == {"gauge": 2, "rain": 7}


def test_gap_is_told_once_and_only_when_it_stays() -> None:
    sent(1, 4)
    with clock.set_to(NOON + timedelta(seconds=5)):
        assert numbering.tell() == 0
    with clock.set_to(NOON + timedelta(seconds=40)):
        assert numbering.tell() == 1
        assert numbering.tell() == 0
    told = Event.objects.get(name="telemetry.gap").payload
    assert told == {"thing": "gauge", "source": "gateway", "first": 2, "last": 3}
    assert Entry.objects.filter(action="telemetry.gap_found").count() == 1


def test_gap_of_yesterday_is_given_up_and_receipts_go_on() -> None:
    sent(1, 4)
    with clock.set_to(NOON + timedelta(hours=25)):
        numbering.tell()
        assert numbering.kept(["gauge"]) == {"gauge": 4}
    assert Gap.objects.get().given_up_at is not None


@pytest.mark.slow
def test_past_of_gaps_is_forgotten_and_what_is_missing_is_not() -> None:
    sent(1, 3, 5, 7)
    sent(2)
    Gap.objects.filter(first=4).update(given_up_at=NOON)
    with clock.set_to(NOON):
        assert numbering.forget() == 0
    with clock.set_to(NOON + numbering.FILLED_KEPT + timedelta(seconds=1)):
        assert numbering.forget() == 1
    with clock.set_to(NOON + numbering.GIVEN_UP_KEPT + timedelta(seconds=1)):
        assert numbering.forget() == 1
    assert gaps() == [(6, 6)]


def test_open_gaps_are_found_without_going_through_the_past() -> None:
    with CaptureQueriesContext(connection) as asked:
        sent(1)
    statement = next(one["sql"] for one in asked if 'FROM "telemetry_gap"' in one["sql"])
    assert "gap_open" in explained(statement)


@pytest.mark.slow
def test_random_numbers_do_not_fill_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbering, "MOST_GAPS", 10)
    for number in range(0, 200, 2):
        sent(number)
    assert len(gaps()) == 10


@pytest.mark.slow
@given(st.permutations(range(12)), st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_receipt_never_passes_what_is_missing(order: list[int], data: st.DataObject) -> None:
    """Against the plainest model: the numbers since the first that have come without a hole."""
    Gap.objects.all().delete()
    Sequence.objects.all().delete()
    sent(0)
    came = {0}
    while order:
        size = data.draw(st.integers(1, len(order)))
        part, order = order[:size], order[size:]
        came |= set(part)
        through = next(n for n in range(14) if n + 1 not in came)
        # Every number at its own time: nothing here counts anew.
        assert sent(*part) == {"gauge": through}
