"""Clock, ids, register of doors, revisions and loops."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, OperationalError, transaction
from django.http import HttpResponse
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from toancanh.kernel.runtime import clock, doors, ids, marks, revision, web
from toancanh.kernel.runtime.api import FIRST, LAST, day, moment
from toancanh.kernel.runtime.loops import Loop
from toancanh.lib.errors import NotAllowed, NotFound, Refused

TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(TIMES)
def test_microseconds_and_back_are_the_same_moment(at: datetime) -> None:
    assert clock.from_us(clock.to_us(at)) == at


def test_clock_set_back_when_the_block_ends_badly() -> None:
    at = datetime(2001, 1, 1, tzinfo=UTC)

    def fail() -> None:
        with clock.set_to(at):
            assert clock.now_us() == clock.to_us(clock.now()) == clock.to_us(at)
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        fail()
    assert clock.now().year > 2001


@pytest.mark.slow
@given(TIMES, st.integers(-14 * 60, 14 * 60))
def test_moment_reads_any_offset(at: datetime, minutes: int) -> None:
    from datetime import timezone

    local = at.astimezone(timezone(timedelta(minutes=minutes)))
    assert moment(local.isoformat(), "from") == at
    assert moment(local.isoformat().replace("+", " "), "from") == at


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0001-01-01T00:00:00+14:00", FIRST),
        ("1969-12-31T23:59:59Z", FIRST),
        ("9999-12-31T23:59:59-14:00", LAST),
    ],
)
def test_moment_beyond_all_readings_is_the_end_of_them(text: str, found: datetime) -> None:
    assert moment(text, "from") == found


@pytest.mark.parametrize("text", ["", "2026", "2026-11-21", "now", "2026-11-21T05:00:00", "1" * 5000, "\0"])
def test_moment_without_offset_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        moment(text, "from")
    assert refused.value.code == "bad_time"


@pytest.mark.slow
@given(st.text(max_size=40))
def test_no_text_breaks_moment_or_day(text: str) -> None:
    with contextlib.suppress(Refused):
        moment(text, "from")
    with contextlib.suppress(Refused):
        day(text)


def test_secrets_are_long_and_never_repeat() -> None:
    made = {ids.new_secret() for _ in range(200)}
    assert len(made) == 200
    assert all(len(secret) >= 43 and secret.startswith("tc_") for secret in made)
    assert ids.digest("a") == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"


def test_route_without_a_door_stops_the_program() -> None:
    from django.urls import path

    with pytest.raises(doors.Undeclared, match="/nowhere"):
        list(doors._walk([path("nowhere", lambda request: HttpResponse())], "/"))


@pytest.mark.parametrize(("data", "caller"), [("public", "public"), ("staff", "staff"), ("device", "device")])
def test_capacity_is_reserved_by_class_of_data(data: doors.Data, caller: str) -> None:
    assert doors.Door(data=data).caller == caller


def test_revision_counts_and_rolls_back(db: None) -> None:
    assert revision.current("x") == 0
    revision.bump("x")
    revision.bump("x")
    assert revision.current("x") == 2
    with transaction.atomic():
        revision.bump("x")
        transaction.set_rollback(True)
    assert (revision.current("x"), revision.current("y")) == (2, 0)


def test_mark_is_what_was_written_last(db: None) -> None:
    assert marks.read("demo") == ""
    marks.write("demo", "building")
    marks.write("demo", "ready")
    assert marks.read("demo") == "ready"


@pytest.mark.django_db(transaction=True)
def test_loop_works_when_woken_goes_on_while_there_is_work_and_survives_a_fault() -> None:
    done: list[int] = []
    enough = threading.Event()

    def duty() -> int:
        done.append(len(done))
        if len(done) == 1:
            raise RuntimeError("first time")
        if len(done) >= 4:
            enough.set()
        return int(len(done) < 4)

    loop = Loop("test", duty, 30.0)
    loop.start()
    loop.wake()
    end = time.monotonic() + 10
    while not done:
        assert time.monotonic() < end
        time.sleep(0.005)
    loop.wake()
    assert enough.wait(5)
    loop.stop()
    assert done == [0, 1, 2, 3]
    assert not loop._thread.is_alive()


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (NotFound("x"), 404, "not_found"),
        (NotAllowed("x"), 403, "not_allowed"),
        (Refused("x", "odd"), 422, "odd"),
        (OperationalError("database or disk is full"), 507, "disk_full"),
        (OperationalError("unable to open database file"), 503, "unavailable"),
    ],
)
def test_fault_is_told_as_a_problem_that_says_what_to_do(fault: Exception, status: int, code: str) -> None:
    request = RequestFactory().get("/api/v1/things")
    answer = web.explain(request, fault)
    assert answer is not None
    said = json.loads(answer.content)
    assert (answer.status_code, said["status"], said["code"]) == (status, status, code)
    assert said["title"]
    assert said["detail"]


@pytest.mark.parametrize("fault", [ValueError("ours"), DatabaseError("ours"), KeyError("ours")])
def test_our_own_fault_is_not_dressed_up(fault: Exception) -> None:
    assert web.explain(RequestFactory().get("/"), fault) is None
