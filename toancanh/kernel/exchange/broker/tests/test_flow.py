"""Messages on their way into the store: kept before they are answered, in order, judged by our token."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from toancanh.kernel.exchange.broker import flow as flowing
from toancanh.kernel.exchange.broker.flow import Flow
from toancanh.kernel.exchange.broker.link import Message
from toancanh.kernel.exchange.broker.standing import KEPT_OUT, Standing
from toancanh.kernel.exchange.broker.tests.parts import until
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.allowance import Allowance
from toancanh.kernel.telemetry.directory import Directory, FixedDirectory, SeriesInfo, TokenInfo
from toancanh.kernel.telemetry.ingest import Ingest
from toancanh.kernel.telemetry.mqtt.tests.house import Notes
from toancanh.kernel.telemetry.store import Store, StoreUnavailable, open_store
from toancanh.kernel.telemetry.tests.asgi import NOW
from toancanh.kernel.telemetry.tests.test_ingest import Gate

TIME = "2026-10-31T17:00:00Z"


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    store = open_store(str(tmp_path / "telemetry.db"))
    yield Gate(store)
    store.close()


@dataclass
class Part:
    """A flow over a real store, and all that it said."""

    gate: Gate
    token: TokenInfo = field(default_factory=lambda: TokenInfo(7, "broker", digest="d"))
    receipts: list[dict[str, int]] = field(default_factory=list)
    answers: list[tuple[str, bytes]] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)
    standing: Standing = field(default_factory=Standing)

    def __post_init__(self) -> None:
        things = {
            name: {"level": SeriesInfo(n, name, "level", -1, 10)} for n, name in enumerate(("t1", "t2"), 1)
        }
        self.source = FixedDirectory(Directory(things, {"d": self.token}))
        store: Any = self.gate
        self.ingest = Ingest(store, self.source, now=lambda: NOW, ledger=self.notes)
        self.monotonic = 0.0

    async def answered(self, thing: str, payload: bytes) -> None:
        self.answers.append((thing, payload))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Flow]:
        self.ingest.start()
        flow = Flow(
            self.ingest,
            lambda: self.source.snapshot.tokens.get("d", self.token),
            self.standing,
            allowance=Allowance(),
            receipts=self.receipts.append,
            answered=self.answered,
        )
        try:
            yield flow
        finally:
            await flow.stop()
            self.gate.open.set()
            await self.ingest.stop()

    def kept(self, series: int) -> list[float]:
        store: Any = self.gate
        found: Store = store
        return [reading.value for reading in found.range(series, 0, 2**62, limit=1000)]


def sent(
    value: object, *, thing: str = "t1", time: str = TIME, seq: int | None = None, qos: int = 1
) -> Message:
    numbered = "" if seq is None else f',"seq":{seq}'
    payload = f'{{"time":"{time}","value":{value}{numbered}}}'
    return Message(f"toancanh/{thing}/level", payload.encode(), qos)


def test_answered_after_the_commit_and_not_before(gate: Gate) -> None:
    async def act() -> None:
        part = Part(gate)
        async with part.running() as flow:
            gate.open.clear()
            answer = asyncio.ensure_future(flow.take(sent(1.5, seq=4)))
            await asyncio.to_thread(gate.entered.wait, 10)
            await asyncio.sleep(0.05)
            assert not answer.done()
            assert (flow.waiting, part.standing.in_flight, part.receipts) == (1, 1, [])
            gate.open.set()
            assert await answer
            assert part.kept(1) == [1.5]
            assert part.receipts == [{"t1": 4}]
            assert (flow.waiting, part.standing.in_flight, part.standing.messages) == (0, 0, 1)

    asyncio.run(act())


def test_one_turn_is_one_request_and_answers_keep_the_order(gate: Gate) -> None:
    async def act() -> None:
        part, done = Part(gate), list[int]()
        messages = [sent(n, time=f"2026-10-31T16:00:{n:02d}Z") for n in range(9)]
        # Of these, nothing has to be kept; they are answered in their turn all the same.
        messages[3] = Message("toancanh/t1/ack", b'{"seq":1}', 1)
        messages[5] = Message("toancanh//level", b"1", 1)

        async def take(flow: Flow, number: int) -> None:
            assert await flow.take(messages[number])
            done.append(number)

        async with part.running() as flow:
            await asyncio.gather(*(take(flow, n) for n in range(5)))
            assert part.ingest.figures.groups == 1
            await asyncio.gather(*(take(flow, n) for n in range(5, 9)))
        assert done == list(range(9))
        assert part.kept(1) == [0, 1, 2, 4, 6, 7, 8]
        assert part.notes.dead == []

    asyncio.run(act())


def test_refused_rows_are_dead_letters_under_our_token(gate: Gate) -> None:
    async def act() -> None:
        part = Part(gate, TokenInfo(7, "broker", frozenset({"t1"}), digest="d"))
        async with part.running() as flow:
            assert await flow.take(sent(1, thing="t2"))
            assert await flow.take(sent(1, thing="nobody"))
            assert await flow.take(Message("toancanh/t1/level", b"{", 1))
            # What a device says that is none of the token's is nobody's answer.
            assert await flow.take(Message("toancanh/t2/cmd/ack", b'{"id":"a"}', 1))
            assert await flow.take(Message("toancanh/t1/cmd/ack", b'{"id":"b"}', 1))
        codes = [(row.code, row.door, row.source) for row in part.notes.dead]
        assert codes == [(code, "broker", "broker") for code in ("forbidden", "unknown_thing", "malformed")]
        assert part.answers == [("t1", b'{"id":"b"}')]

    asyncio.run(act())


def test_bare_numbers_get_times_of_their_own(gate: Gate) -> None:
    async def act() -> None:
        part = Part(gate)
        async with part.running() as flow:
            numbers = [Message("toancanh/t1/level", b"%d" % n, 0) for n in range(5)]
            assert all(await asyncio.gather(*map(flow.take, numbers)))
        assert part.kept(1) == [0, 1, 2, 3, 4]

    with clock.set_to(clock.from_us(NOW)):
        asyncio.run(act())


def test_while_the_database_is_away_everything_waits(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    async def act() -> None:
        part = Part(gate)
        async with part.running() as flow:
            gate.failure = StoreUnavailable("gone")
            answer = asyncio.ensure_future(flow.take(sent(1.5)))
            await until(lambda: part.standing.trouble is not None)
            assert part.standing.trouble is not None
            assert part.standing.trouble.code == KEPT_OUT
            assert not answer.done()
            gate.failure = None
            assert await answer
            assert part.standing.trouble is None
        assert part.kept(1) == [1.5]

    monkeypatch.setattr(flowing, "AWAY_PAUSE", 0.01)
    asyncio.run(act())


def test_a_full_queue_holds_qos_1_and_drops_qos_0(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    async def act() -> None:
        part = Part(gate)
        async with part.running() as flow:
            gate.open.clear()
            waiting = [
                asyncio.ensure_future(flow.take(sent(n, time=f"2026-10-31T16:00:{n:02d}Z"))) for n in range(6)
            ]
            await asyncio.sleep(0.05)
            assert await flow.take(sent(9, qos=0))
            assert part.standing.dropped == 1
            assert flow.waiting == 6
            gate.open.set()
            assert all(await asyncio.gather(*waiting))
        assert part.kept(1) == [0, 1, 2, 3, 4, 5]

    monkeypatch.setattr(flowing, "MOST_WAITING", 6)
    monkeypatch.setattr("toancanh.kernel.telemetry.ingest.MAX_REQUESTS", 1)
    asyncio.run(act())


def test_a_revoked_token_leaves_everything_with_the_broker(gate: Gate) -> None:
    async def act() -> None:
        part = Part(gate, TokenInfo(7, "broker", revoked=NOW - 1, digest="d"))
        async with part.running() as flow:
            assert not await flow.take(sent(1.5))
            assert flow.given_up.done()
        assert part.kept(1) == []
        assert part.notes.dead == []

    asyncio.run(act())


def test_finishing_answers_what_was_taken_and_takes_no_more(gate: Gate) -> None:
    async def act() -> None:
        part = Part(gate)
        async with part.running() as flow:
            answer = asyncio.ensure_future(flow.take(sent(1.5)))
            await asyncio.sleep(0)
            await flow.finish(5)
            assert answer.done()
            assert answer.result()
            assert not await flow.take(sent(2.5))
        assert part.kept(1) == [1.5]

    asyncio.run(act())


def test_stopping_leaves_what_is_not_kept_yet(gate: Gate) -> None:
    async def act() -> None:
        part = Part(gate)
        async with part.running() as flow:
            gate.open.clear()
            answers = [asyncio.ensure_future(flow.take(sent(1.5)))]
            await asyncio.sleep(0.05)
            answers.append(asyncio.ensure_future(flow.take(sent(2.5, thing="t2"))))
            await flow.stop()
            assert [await answer for answer in answers] == [False, False]

    asyncio.run(act())


@pytest.mark.slow
def test_a_narrow_rate_slows_the_broker_down(gate: Gate) -> None:
    async def act() -> None:
        part = Part(gate, TokenInfo(7, "broker", rate=600, digest="d"))
        async with part.running() as flow:
            loop = asyncio.get_running_loop()
            rows = ",".join(
                f'{{"time":"2026-10-31T15:{n // 60:02d}:{n % 60:02d}Z","value":1}}' for n in range(603)
            )
            # A minute's worth was saved up; what is beyond it has to be waited for.
            assert await flow.take(Message("toancanh/t1/level", f"[{rows}]".encode(), 1))
            began = loop.time()
            assert await flow.take(sent(1))
            assert 0.5 < loop.time() - began < 5
        assert len(part.kept(1)) == 604

    asyncio.run(act())


def test_what_nobody_foresaw_makes_the_connection_new(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    async def act() -> None:
        part = Part(gate)
        async with part.running() as flow:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Allowance, "spend", property(lambda _: 1 // 0))
                assert not await flow.take(sent(1.5))
            await asyncio.wait_for(flow.given_up, 5)
            assert await flow.take(sent(1.5))
        assert part.kept(1) == [1.5]

    asyncio.run(act())
    assert "will come again" in caplog.text
