"""The live hub: many readings to a frame, the newest wins, and nobody hears what he may not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from toancanh.kernel.runtime import clock, live
from toancanh.kernel.runtime.live import KEEP, Hub, Note, Reading


def reading(value: float, thing: str = "gauge", time: int = 1) -> Reading:
    """A reading of the thing's level."""
    return (thing, "level", time, value, 0, 1)


@asynccontextmanager
async def running() -> AsyncIterator[Hub]:
    """A hub that makes frames, for half a minute at most."""
    hub = Hub()
    task = asyncio.create_task(hub.run())
    await asyncio.sleep(0)
    try:
        async with asyncio.timeout(30):
            yield hub
    finally:
        task.cancel()


async def frames(hub: Hub, taken: Iterable[Iterable[tuple[Reading, str | None]]]) -> None:
    """Publish each group as a frame of its own."""
    for group in taken:
        before = hub.cursor
        hub.publish(group)
        async with asyncio.timeout(3):
            while hub.cursor == before:
                await asyncio.sleep(0.01)


def told(data: bytes) -> list[dict[str, Any]]:
    """What the events of a stream say."""
    found = []
    for event in data.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in event.splitlines() if not line.startswith(":"))
        if lines:
            assert lines["event"] == "readings"
            said = json.loads(lines["data"])
            assert said["cursor"] == int(lines["id"])
            found.append(said)
    return found


def played(play: Callable[[Hub], Any]) -> None:
    """Run a test's part on a running hub, at the beginning of time: its cursors are 1, 2, 3 …"""

    async def all_of_it() -> None:
        async with running() as hub:
            await play(hub)

    with clock.set_to(clock.EPOCH):
        asyncio.run(all_of_it())


@pytest.mark.slow
def test_cursor_is_the_time_that_any_process_would_give() -> None:
    async def play(hub: Hub) -> None:
        with clock.set_to(clock.from_us(5_000_000)):
            await frames(hub, [[(reading(1.0), None)], [(reading(2.0), None)]])
            assert (hub.cursor, hub.told) == (5_001, 2)
        with clock.set_to(clock.from_us(4_000_000)):
            await frames(hub, [[(reading(3.0), None)]])
            assert hub.cursor == 5_002

    played(play)


@pytest.mark.slow
def test_newest_of_a_tick_wins() -> None:
    async def play(hub: Hub) -> None:
        await frames(hub, [[(reading(1.0), None), (reading(2.0, "other"), None), (reading(3.0), None)]])
        cursor, data = await hub.after(0, (), 1.0)
        assert cursor == 1
        assert told(data) == [
            {"cursor": 1, "readings": [["gauge", "level", 1, 3.0, 0, 1], ["other", "level", 1, 2.0, 0, 1]]}
        ]

    played(play)


@pytest.mark.slow
def test_listener_gets_every_frame_after_its_cursor_once() -> None:
    async def play(hub: Hub) -> None:
        await frames(hub, [[(reading(n), None)] for n in (1.0, 2.0, 3.0)])
        cursor, data = await hub.after(1, (), 1.0)
        assert [said["cursor"] for said in told(data)] == [2, 3]
        assert await hub.after(cursor, (), 0.05) == (3, b"")

    played(play)


@pytest.mark.slow
def test_waiting_listener_is_woken_by_the_next_frame() -> None:
    async def play(hub: Hub) -> None:
        waiting = asyncio.create_task(hub.after(0, (), 5.0))
        await asyncio.sleep(0.05)
        hub.publish([(reading(4.0), None)])
        cursor, data = await asyncio.wait_for(waiting, 2.0)
        assert (cursor, told(data)[0]["readings"][0][3]) == (1, 4.0)

    played(play)


def test_a_note_from_another_thread_does_not_wait_for_the_tick(monkeypatch: Any) -> None:
    monkeypatch.setattr(live, "TICK", 20.0)

    async def play(hub: Hub) -> None:
        for number in (1, 2):
            waiting = asyncio.create_task(hub.after(hub.cursor, ("",), 15.0))
            await asyncio.to_thread(hub.note, [(Note("alert", str(number), 2, "open"), "1/5/")])
            _cursor, data = await asyncio.wait_for(waiting, 10.0)
            assert [note["key"] for said in told(data) for note in said["notes"]] == [str(number)]

    played(play)


@pytest.mark.slow
def test_hidden_reading_is_heard_only_below_the_path() -> None:
    async def play(hub: Hub) -> None:
        await frames(hub, [[(reading(1.0), None), (reading(2.0, "hidden"), "1/5/")]])
        heard = {}
        for paths in ((), ("1/5/",), ("1/",), ("1/6/",), ("",), ("1/55/",)):
            _, data = await hub.after(0, paths, 0.1)
            polled = json.loads(hub.since(0, paths))["readings"]
            heard[paths] = [r[0] for said in told(data) for r in said["readings"]]
            assert heard[paths] == [r[0] for r in polled]
        alone, both = ["gauge"], ["gauge", "hidden"]
        assert heard == {
            (): alone,
            ("1/5/",): both,
            ("1/",): both,
            ("1/6/",): alone,
            ("",): both,
            ("1/55/",): alone,
        }

    played(play)


@pytest.mark.slow
def test_stream_says_nothing_of_a_frame_without_a_word_for_the_listener() -> None:
    async def play(hub: Hub) -> None:
        await frames(hub, [[(reading(2.0, "hidden"), "1/5/")]])
        assert await hub.after(0, (), 0.1) == (1, b"")

    played(play)


@pytest.mark.slow
def test_poll_tells_the_newest_of_each_series_and_where_to_go_on() -> None:
    async def play(hub: Hub) -> None:
        assert json.loads(hub.since(0, ())) == {"cursor": 0, "readings": []}
        await frames(hub, [[(reading(1.0), None)], [(reading(2.0, "other"), None)], [(reading(3.0), None)]])
        said = json.loads(hub.since(0, ()))
        assert said["cursor"] == 3
        assert sorted(r[:1] + r[3:4] for r in said["readings"]) == [["gauge", 3.0], ["other", 2.0]]
        assert json.loads(hub.since(3, ())) == {"cursor": 3, "readings": []}

    played(play)


def test_memory_of_frames_is_bounded(monkeypatch: Any) -> None:
    monkeypatch.setattr(live, "TICK", 0.0)

    async def play(hub: Hub) -> None:
        for number in range(KEEP + 50):
            hub.publish([(reading(float(number)), None)])
            before = hub.cursor
            while hub.cursor == before:
                await asyncio.sleep(0)
        assert len(hub._ticks) == KEEP
        said = json.loads(hub.since(0, ()))
        assert (said["cursor"], said["readings"][0][3]) == (KEEP + 50, float(KEEP + 49))

    played(play)


def test_hub_that_does_not_run_yet_answers_nothing() -> None:
    async def ask() -> tuple[int, bytes]:
        return await Hub().after(7, (), 0.01)

    assert asyncio.run(ask()) == (7, b"")
