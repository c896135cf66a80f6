"""What was committed reaches open pages with the level it has reached, and only whom it may."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.city import BY, NOON, START, City, measure, person, series_of, thing
from toancanh.kernel.registry import actions as registry
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.live import Hub
from toancanh.kernel.telemetry import actions, announce, engine
from toancanh.kernel.telemetry.announce import Announcer
from toancanh.kernel.telemetry.store import Reading
from toancanh.kernel.telemetry.stream import Streams


def pending(hub: Hub) -> list[tuple[Any, ...]]:
    """What waits for the next frame."""
    taken = list(hub._pending.values())
    hub._pending.clear()
    return taken


def test_reading_is_told_with_its_level_and_audience(city: City) -> None:
    hub, at = Hub(), clock.to_us(NOON)
    hidden = thing("hidden", public=False)
    level, other = city.level, series_of(hidden)
    Announcer(hub).tell(
        [Reading(level.pk, at, 2.5, 0), Reading(other.pk, at, 2.5, 0), Reading(999_999, at, 1.0, 0)]
    )
    ms = at // 1000
    assert pending(hub) == [
        (("gauge", "level", ms, 2.5, 0, 2), None),
        (("hidden", "level", ms, 2.5, 0, -1), city.west.path),
    ]


def test_implausible_reading_is_told_without_a_level(city: City) -> None:
    hub = Hub()
    Announcer(hub).tell([Reading(city.level.pk, 0, 99.0, 1)])
    assert pending(hub)[0][0][4:] == (1, -1)


def test_change_is_seen_within_a_second_and_at_once_when_told_to_forget(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub()
    announcer, told = Announcer(hub), [Reading(city.level.pk, 0, 1.5, 0)]
    announcer.tell(told)
    actions.set_threshold(city.level, "BĐ2", 1.2, START, by=BY, source="x")
    announcer.tell(told)
    announcer.forget()
    announcer.tell(told)
    assert pending(hub)[0][0][5] == 2
    actions.set_threshold(city.level, "BĐ3", 1.3, START, by=BY, source="x")
    monkeypatch.setattr(announce, "LOOK_EVERY", 0.0)
    announcer._look_at = 0.0
    announcer.tell(told)
    assert pending(hub)[0][0][5] == 3


def test_retired_thing_is_told_no_more(city: City) -> None:
    hub = Hub()
    registry.register("gauge", "flood.gauge", "Cũ", 107.05, 16.05, by=BY, is_active=False)
    Announcer(hub).tell([Reading(city.level.pk, 0, 1.5, 0)])
    assert pending(hub) == []


def test_again_tells_the_newest_reading_once_more(city: City) -> None:
    hub = announce.announcer._hub
    with clock.set_to(NOON):
        measure(city.gauge, NOON, 1.5)
        pending(hub)
        announce.again(city.level.pk)
    assert [reading[0][:4] for reading in pending(hub)] == [
        ("gauge", "level", clock.to_us(NOON) // 1000, 1.5)
    ]
    engine.store()


def ask(
    streams: Streams, query: str = "", headers: tuple[tuple[bytes, bytes], ...] = (), method: str = "GET"
) -> Any:
    """What ``/live/poll`` answers: status and body."""
    scope = {"type": "http", "method": method, "query_string": query.encode(), "headers": list(headers)}
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    asyncio.run(streams.poll(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(body) if body else None


def with_frames(*readings: tuple[Any, str | None]) -> Streams:
    """Streams over a hub with a frame for each reading."""
    from toancanh.kernel.runtime.live import Tick

    hub = Hub()
    for number, reading in enumerate(readings):
        hub._cursor = TOLD + number * 5_000
        hub._ticks.append(Tick(hub._cursor, [reading]))
    return Streams(hub, lambda: False)


TOLD = 1_700_000_000_000
"""When the first of two frames was told, 5 s before the other."""


ONE = ("gauge", "level", 1, 1.0, 0, 1)
TWO = ("hidden", "level", 2, 2.0, 0, 1)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 0),
        ("since=0", 1),
        (f"since={TOLD - 1}", 1),
        (f"since={TOLD + 1}", 1),
        # Another process may have told the same frame a moment later.
        (f"since={TOLD + 5_000}", 0),
        (f"since={TOLD + 8_000}", 0),
        # From before the clock was set back: the page starts anew instead of waiting for ever.
        ("since=999999999999999", 1),
        ("since=-1", 0),
        ("since=x", 0),
        ("since=%D9%A1", 0),
        ("since=99999999999999999999999999999", 0),
        (f"since={TOLD + 9_000}&since=0", 0),
    ],
)
def test_poll_goes_on_from_any_cursor(query: str, count: int) -> None:
    status, said = ask(with_frames((ONE, None), (TWO, "1/2/")), query)
    assert (status, said["cursor"], len(said["readings"])) == (200, TOLD + 5_000, count)


def test_poll_tells_again_what_another_process_may_have_told_later() -> None:
    streams = with_frames((ONE, None), (ONE, None))
    assert len(ask(streams, f"since={TOLD + 5_000 + 1_999}")[1]["readings"]) == 1
    assert len(ask(streams, f"since={TOLD + 5_000 + 2_000}")[1]["readings"]) == 0


@pytest.mark.django_db(transaction=True)
def test_poll_shows_hidden_things_to_who_works_there(client: Any) -> None:
    city = City.build()
    streams = with_frames((ONE, None), (TWO, city.west.path))
    heard = {}
    for name, unit in (("west", city.west), ("east", city.east), ("all", city.province)):
        client.force_login(person(name, unit))
        cookie = f"toancanh_session={client.cookies['toancanh_session'].value}".encode()
        heard[name] = sorted(r[0] for r in ask(streams, "since=0", ((b"cookie", cookie),))[1]["readings"])
    assert heard == {"west": ["gauge", "hidden"], "east": ["gauge"], "all": ["gauge", "hidden"]}
    for forged in (b"toancanh_session=forged", b"toancanh_session=", b"\xff=;;=", b"a" * 9000):
        assert [r[0] for r in ask(streams, "since=0", ((b"cookie", forged),))[1]["readings"]] == ["gauge"]


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS"])
def test_poll_takes_no_other_method(method: str) -> None:
    assert ask(with_frames(), method=method) == (405, None)
