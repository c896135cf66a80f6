"""The writer: acknowledged after commit, whole groups, and a stated answer to every fault."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from toancanh.kernel.telemetry import ingest as ingesting
from toancanh.kernel.telemetry.directory import Directory, DirectoryUnavailable
from toancanh.kernel.telemetry.ingest import Ingest
from toancanh.kernel.telemetry.store import Batch, Reading, Store, StoreFull, StoreUnavailable, open_store
from toancanh.kernel.telemetry.tests.asgi import NOW, House, row, running


class Gate:
    """A real store whose transactions wait until they are let through, or fail as told."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()
        self.failure: Exception | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        self.entered.set()
        self.open.wait(10)
        with self._store.batch() as batch:
            yield batch
            if self.failure is not None:
                raise self.failure


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    store = open_store(str(tmp_path / "telemetry.db"))
    yield Gate(store)
    store.close()


def house_of(gate: Gate) -> House:
    return House(gate)  # type: ignore[arg-type]  # passes everything on


def times(count: int) -> list[str]:
    return [f"2026-10-31T16:00:00.{number:06d}Z" for number in range(count)]


def test_answer_comes_after_commit(gate: Gate) -> None:
    async def act() -> None:
        house = house_of(gate)
        async with running(house):
            gate.open.clear()
            waiting = asyncio.create_task(house.post([row()]))
            await asyncio.sleep(0.1)
            assert not waiting.done()
            assert gate.latest() == {}  # type: ignore[operator]
            gate.open.set()
            assert (await waiting).status == 200

    asyncio.run(act())


def test_waiting_requests_share_a_transaction(gate: Gate) -> None:
    async def act() -> None:
        house = house_of(gate)
        async with running(house):
            # Whoever asks whether a token is new would wait behind the closed gate.
            house.directory.refresh()
            gate.open.clear()
            calls = [asyncio.create_task(house.post([row(time=time)])) for time in times(200)]
            while house.ingest.waiting_rows < 200:
                await asyncio.sleep(0.01)
            gate.open.set()
            assert {answer.status for answer in await asyncio.gather(*calls)} == {200}
            assert house.ingest.figures.groups < 20
            assert house.ingest.figures.accepted == 200
            assert house.ingest.waiting_rows == 0

    asyncio.run(act())


def test_full_queue_refuses_and_keeps_what_it_took(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingesting, "MAX_ROWS", 10)

    async def act() -> None:
        house = house_of(gate)
        async with running(house):
            # Whoever asks whether a token is new would wait behind the closed gate.
            house.directory.refresh()
            gate.open.clear()
            calls = [asyncio.create_task(house.post([row(time=time)])) for time in times(15)]
            while sum(call.done() for call in calls) < 5:
                await asyncio.sleep(0.01)
            gate.open.set()
            answers = await asyncio.gather(*calls)
            assert [answer.status for answer in answers] == [200] * 10 + [503] * 5
            assert int(answers[-1].headers["retry-after"]) > 0
            assert (await house.post([row()])).status == 200

    asyncio.run(act())
    assert len(gate.range(1, 0, NOW + 1, limit=99)) == 11  # type: ignore[operator]


def test_body_that_would_find_no_place_is_refused_unread(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingesting, "MAX_ROWS", 100)

    async def act() -> None:
        house = house_of(gate)
        async with running(house):
            house.directory.refresh()
            gate.open.clear()
            taken = asyncio.create_task(house.post([row(time=time) for time in times(90)]))
            while not house.ingest.waiting_rows:
                await asyncio.sleep(0.01)
            length = ("Content-Length", str(20 * ingesting.ROW_BYTES))
            refused = await house.call([b"no JSON", b"at all"], [("Authorization", "Bearer secret"), length])
            assert (refused.status, refused.headers["connection"]) == (503, "close")
            assert int(refused.headers["retry-after"]) > 0
            small = asyncio.create_task(house.post([row()]))
            await asyncio.sleep(0.05)
            gate.open.set()
            assert [(await taken).status, (await small).status] == [200, 200]

    asyncio.run(act())


@pytest.mark.slow
def test_large_bodies_are_decoded_one_a_round(gate: Gate) -> None:
    async def act() -> None:
        house = house_of(gate)
        async with running(house):
            house.directory.refresh()
            gate.open.clear()
            rows = [row(time=time) for time in times(8000)]
            assert len(str(rows)) > ingesting.LARGE
            calls = [asyncio.create_task(house.post(rows)) for _ in range(10)]
            seen = [0]
            while seen[-1] < 80_000:
                await asyncio.sleep(0)
                seen.append(house.ingest.waiting_rows)
            assert max(after - before for before, after in pairwise(seen)) == 8000
            gate.open.set()
            assert {answer.status for answer in await asyncio.gather(*calls)} == {200}

    asyncio.run(act())


def test_one_request_larger_than_the_queue_is_taken(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingesting, "MAX_ROWS", 10)

    async def act() -> None:
        house = house_of(gate)
        async with running(house):
            answer = await house.post([row(time=time) for time in times(50)])
            assert answer.json == {"accepted": 50, "rejected": []}

    asyncio.run(act())


@pytest.mark.parametrize(
    ("failure", "status"),
    [(StoreFull("full"), 507), (StoreUnavailable("away"), 503), (ZeroDivisionError("fault"), 503)],
)
def test_failed_commit_keeps_nothing_and_the_next_one_works(
    gate: Gate, failure: Exception, status: int
) -> None:
    async def act() -> None:
        house = house_of(gate)
        async with running(house):
            gate.failure = failure
            assert (await house.post([row()], idempotency_key="k")).status == status
            assert gate.latest() == {}  # type: ignore[operator]
            assert house.committed == []
            gate.failure = None
            assert (await house.post([row()], idempotency_key="k")).json["accepted"] == 1
        assert house.committed == [Reading(1, NOW, 1.5, 0)]

    asyncio.run(act())


@pytest.mark.slow
def test_after_three_failed_commits_the_store_is_tried_once_a_second(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingesting, "REST", 0.5)

    async def act() -> None:
        house = house_of(gate)
        async with running(house):
            gate.failure = StoreUnavailable("disk I/O error")
            for _ in range(3):
                assert (await house.post([row()])).status == 503
            gate.failure = None
            gate.entered.clear()
            assert (await house.post([row()])).status == 503
            assert not gate.entered.is_set()
            assert house.ingest.told()["trouble"] == "unavailable"
            await asyncio.sleep(0.6)
            assert (await house.post([row()])).status == 200
            assert house.ingest.told()["trouble"] == ""
            assert (await house.post([row(2, correction=True)])).status == 200

    asyncio.run(act())


def test_main_database_away_is_said_and_passes(gate: Gate) -> None:
    def away() -> Directory:
        raise DirectoryUnavailable

    async def act() -> None:
        house = house_of(gate)
        async with running(house):
            assert (await house.post([row()])).status == 200
            house.directory.refresh = away  # type: ignore[method-assign]
            assert (await house.post([row(2)])).status == 503
            assert (await house.post([row(2)], "unknown")).status == 503
            del house.directory.refresh
            assert (await house.post([row()])).status == 200
            assert (await house.post([row()], "unknown")).status == 401

    asyncio.run(act())


def test_stop_writes_what_was_taken_and_takes_no_more(gate: Gate) -> None:
    async def act() -> None:
        house = house_of(gate)
        house.ingest.start()
        gate.open.clear()
        calls = [asyncio.create_task(house.post([row(time=time)])) for time in times(30)]
        await asyncio.sleep(0.1)
        stopping = asyncio.create_task(house.ingest.stop())
        await asyncio.sleep(0)
        late = await house.post([row(time="2026-10-31T12:00:00Z")])
        gate.open.set()
        await stopping
        assert {answer.status for answer in await asyncio.gather(*calls)} == {200}
        assert late.status == 503
        assert (await house.post([row()])).status == 503
        assert (await house.post([row()], "unknown")).status == 503

    asyncio.run(act())
    assert len(gate.range(1, 0, NOW + 1, limit=99)) == 30  # type: ignore[operator]


def test_failing_listener_harms_nobody(gate: Gate) -> None:
    def fail(_readings: list[Reading]) -> None:
        raise RuntimeError

    async def act() -> None:
        house = house_of(gate)
        house.ingest = Ingest(gate, house.directory, fail, now=lambda: NOW)  # type: ignore[arg-type]
        house.door._ingest = house.ingest
        async with running(house):
            assert (await house.post([row()])).status == 200
            assert (await house.post([row(time="2026-10-31T12:00:00Z")])).status == 200

    asyncio.run(act())


def test_client_that_gave_up_does_not_stop_the_others(gate: Gate) -> None:
    async def act() -> None:
        house = house_of(gate)
        async with running(house):
            gate.open.clear()
            one, other = (asyncio.create_task(house.post([row(time=time)])) for time in times(2))
            await asyncio.sleep(0.1)
            one.cancel()
            gate.open.set()
            assert (await other).status == 200

    asyncio.run(act())


def test_only_the_newest_of_a_series_is_told(gate: Gate) -> None:
    async def act() -> list[Reading]:
        house = house_of(gate)
        async with running(house):
            await house.post(
                [row(1, time="2026-10-31T16:00:00Z"), row(2), row(3, time="2026-10-31T15:00:00Z")]
            )
            await house.post([row(4, time="2026-10-31T14:00:00Z"), row(5), row(2)])
        return house.committed

    assert asyncio.run(act()) == [Reading(1, NOW, 2.0, 0)]
