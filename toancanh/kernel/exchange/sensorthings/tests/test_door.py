"""The raw door: what it takes itself, what it hands on, how it answers either."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toancanh.kernel.exchange.sensorthings import door
from toancanh.kernel.exchange.sensorthings.door import SensorThingsDoor
from toancanh.kernel.runtime.edge import Receive, Scope, Send
from toancanh.kernel.telemetry.directory import Directory, SeriesInfo, TokenInfo, WatchedDirectory
from toancanh.kernel.telemetry.ingest import Ingest
from toancanh.kernel.telemetry.store import SECOND, Store, open_store

NOW = 1_793_466_000 * SECOND
TIME = "2026-10-31T17:00:00Z"
MINE, MIXED = 1, 3


class Answered:
    """One answer as the client sees it."""

    def __init__(self, sent: list[MutableMapping[str, Any]]) -> None:
        self.status = sent[0]["status"]
        self.headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        self.body = b"".join(message.get("body", b"") for message in sent[1:])

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class House:
    """The door over a real ingest and store; the pages note what they were given."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.number = 1
        self.series = {
            "gauge": {"level": SeriesInfo(MINE, "gauge", "level", -1, 10)},
            "rain": {"rain": SeriesInfo(2, "rain", "rain", -1, 10)},
            "gate": {"state": SeriesInfo(MIXED, "gate", "state", -1, 10)},
        }
        self.tokens: dict[str, TokenInfo] = {}
        self.put("secret", TokenInfo(1, "gateway"))
        self.handed: list[bytes] = []
        self.fails = False
        directory = WatchedDirectory(
            lambda: self.number, lambda: Directory(dict(self.series), dict(self.tokens))
        )
        self.ingest = Ingest(store, directory, now=lambda: NOW)
        self.door = SensorThingsDoor(
            self.ingest, directory, self.pages, now=lambda: NOW, mixed=self.mixed, body_seconds=0.2
        )

    def put(self, secret: str, token: TokenInfo) -> None:
        digest = hashlib.sha256(secret.encode()).hexdigest()
        self.tokens[digest] = TokenInfo(token.id, token.name, token.things, token.rate, digest=digest)
        self.number += 1

    def mixed(self) -> frozenset[int]:
        if self.fails:
            raise OperationalError
        return frozenset({MIXED})

    async def pages(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        self.handed.append(message["body"])
        assert scope["toancanh.caller"] == "public"
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def call(
        self, path: str, chunks: Sequence[bytes], headers: Sequence[tuple[str, str]], *, hangs: bool = False
    ) -> Answered:
        waiting = list(chunks)
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            if not waiting:
                await asyncio.Event().wait()
            part = waiting.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(waiting) or hangs}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        scope = {
            "type": "http",
            "method": "POST",
            "path": f"/sta/v1.1/{path}",
            "headers": raw,
            "scheme": "http",
        }
        assert door.takes(scope)
        await self.door(scope, receive, send)
        return Answered(sent)

    async def post(self, path: str, told: Any, secret: str = "secret", **more: str) -> Answered:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        headers = [("Authorization", f"Bearer {secret}"), ("Content-Length", str(len(body)))]
        headers += [("Host", "city.test"), *((name.replace("_", "-"), value) for name, value in more.items())]
        return await self.call(path, [body], headers)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    store = open_store(str(tmp_path / "telemetry.db"))
    yield House(store)
    store.close()


def run(house: House, act: Callable[[], Awaitable[Any]]) -> Any:
    async def within() -> Any:
        house.ingest.start()
        try:
            return await act()
        finally:
            await house.ingest.stop()

    return asyncio.run(within())


def posted(house: House, path: str, told: Any, secret: str = "secret", **more: str) -> Answered:
    answer: Answered = run(house, lambda: house.post(path, told, secret, **more))
    return answer


def kept(house: House, series: int = MINE) -> list[tuple[int, float]]:
    return [(row.time, row.value) for row in house.store.range(series, 0, 2**60, limit=999)]


@pytest.mark.parametrize("path", ["Observations", "Datastreams(1)/Observations"])
def test_number_with_its_time_is_kept_and_named(house: House, path: str) -> None:
    told: dict[str, Any] = {"phenomenonTime": TIME, "result": 1.5}
    if path == "Observations":
        told["Datastream"] = {"@iot.id": MINE}
    answer = posted(house, path, told)
    link = f"http://city.test/sta/v1.1/Observations('1-{NOW}')"
    assert (answer.status, answer.headers["location"]) == (201, link)
    assert answer.json == {"@iot.id": f"1-{NOW}", "@iot.selfLink": link}
    assert (kept(house), house.handed) == ([(NOW, 1.5)], [])


def test_time_left_out_is_now_and_never_the_same_twice(house: House) -> None:
    table = {"Datastream": {"@iot.id": MINE}, "components": ["result"], "dataArray": [[1], [2], [3]]}
    assert posted(house, "CreateObservations", [table]).status == 201
    posted(house, "Datastreams(1)/Observations", {"result": 4})
    assert kept(house) == [(NOW, 1.0), (NOW + 1, 2.0), (NOW + 2, 3.0), (NOW + 3, 4.0)]


def test_rows_of_tables_are_judged_alone(house: House) -> None:
    later = "2026-10-31T17:01:00+00:00"
    told = [
        {
            "Datastream": {"@iot.id": MINE},
            "components": ["phenomenonTime", "result"],
            "dataArray@iot.count": 3,
            "dataArray": [[TIME, 1], [TIME, 2], [later, 3]],
        },
        {
            "Datastream": {"@iot.id": 2},
            "components": ["result", "phenomenonTime"],
            "dataArray": [[1, "2026-10-31T17:06:00Z"], [4, TIME]],
        },
    ]
    answer = posted(house, "CreateObservations", told, Accept_Language="en")
    assert answer.status == 201
    assert answer.json == [
        f"http://city.test/sta/v1.1/Observations('1-{NOW}')",
        "error: Another result is kept for that time; correct it with PATCH.",
        f"http://city.test/sta/v1.1/Observations('1-{NOW + 60 * SECOND}')",
        "error: phenomenonTime is more than 5 minutes ahead; set the device's clock.",
        f"http://city.test/sta/v1.1/Observations('2-{NOW}')",
    ]
    assert house.handed == []


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"phenomenonTime": TIME, "result": 2}, 409),
        ({"phenomenonTime": "2026-10-31T18:00:00Z", "result": 2}, 400),
        ({"phenomenonTime": "2001-10-31T18:00:00Z", "result": 2}, 400),
        ({"phenomenonTime": TIME, "result": 1}, 201),
        ({"phenomenonTime": TIME, "result": 1, "resultTime": None}, 201),
    ],
)
def test_refused_number_is_told_why(house: House, told: Any, status: int) -> None:
    posted(house, "Datastreams(1)/Observations", {"phenomenonTime": TIME, "result": 1})
    answer = posted(house, "Datastreams(1)/Observations", told)
    assert answer.status == status
    assert (set(answer.json) == {"code", "type", "message"}) == (status != 201)
    assert kept(house) == [(NOW, 1.0)]


NOT_PLAIN: list[tuple[str, Any]] = [
    ("Observations", {"result": 1}),
    ("Datastreams(1)/Observations", {"result": 1, "Datastream": {"@iot.id": 1}}),
    ("Datastreams(1)/Observations", {"result": "mở"}),
    ("Datastreams(1)/Observations", {"result": True}),
    ("Datastreams(1)/Observations", {"result": 1, "resultTime": TIME}),
    ("Datastreams(1)/Observations", {"result": 1, "phenomenonTime": f"{TIME}/{TIME}"}),
    ("Datastreams(1)/Observations", {"result": 1, "phenomenonTime": "2026-10-31T17:00:00"}),
    ("Datastreams(1)/Observations", {"result": 1, "FeatureOfInterest": {"@iot.id": 1}}),
    ("Datastreams(3)/Observations", {"result": 1}),
    ("Datastreams(99)/Observations", {"result": 1}),
    ("Datastreams(1)/Observations", b""),
    ("Datastreams(1)/Observations", b"\xff"),
    ("Datastreams(1)/Observations", b"[" * 100_000),
    ("CreateObservations", {}),
    ("CreateObservations", [{"Datastream": {"@iot.id": 1}, "components": ["x"], "dataArray": [[1]]}]),
    ("CreateObservations", [{"Datastream": {"@iot.id": 1}, "components": ["result"], "dataArray": [["1"]]}]),
    ("CreateObservations", [{"Datastream": {"@iot.id": 3}, "components": ["result"], "dataArray": [[1]]}]),
]


@pytest.mark.parametrize(("path", "told"), NOT_PLAIN)
def test_anything_else_is_handed_on_as_it_came(house: House, path: str, told: Any) -> None:
    answer = posted(house, path, told)
    assert answer.status == 299
    assert house.handed == [told if isinstance(told, bytes) else json.dumps(told).encode()]
    assert [kept(house, series) for series in (1, 2, 3)] == [[], [], []]


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60), st.sampled_from(["Observations", "CreateObservations"]))
def test_any_bytes_are_answered(house: House, body: bytes, path: str) -> None:
    assert posted(house, path, body).status in (201, 299)


def test_token_is_asked_for_and_known_a_moment_after_it_is_made(house: House) -> None:
    told = {"phenomenonTime": TIME, "result": 1}

    async def act() -> list[Answered]:
        path = "Datastreams(1)/Observations"
        basic = base64.b64encode(b"someone:new").decode()
        before = await house.post(path, told, "new")
        house.put("new", TokenInfo(2, "new", frozenset({"rain"})))
        body = [json.dumps(told).encode()]
        answers = [before, await house.post(path, told, "new")]
        for said in ("", "Basic " + basic, "Basic Zm9v", "Basic ===", "Bearer", "Digest x"):
            answers.append(await house.call(path, body, [("Authorization", said)] if said else []))
        return answers

    answers = run(house, act)
    assert [answer.status for answer in answers] == [401, 403, 401, 403, 401, 401, 401, 401]
    assert answers[0].headers["www-authenticate"].startswith("Basic")
    assert kept(house) == []


def test_rate_of_a_token_counts_rows(house: House) -> None:
    house.put("slow", TokenInfo(2, "slow", rate=3))
    table = {"Datastream": {"@iot.id": MINE}, "components": ["result"], "dataArray": [[1], [2], [3]]}

    async def act() -> list[Answered]:
        return [
            await house.post("CreateObservations", [table], "slow"),
            await house.post("CreateObservations", [table], "slow"),
            await house.post("Datastreams(1)/Observations", {"result": "x"}, "slow"),
        ]

    answers = run(house, act)
    assert [answer.status for answer in answers] == [201, 429, 429]
    assert int(answers[1].headers["retry-after"]) > 0
    assert len(kept(house)) == 3


def test_series_made_a_moment_ago_is_found(house: House) -> None:
    async def act() -> tuple[Answered, Answered]:
        first = await house.post("Datastreams(4)/Observations", {"phenomenonTime": TIME, "result": 1})
        house.series["new"] = {"x": SeriesInfo(4, "new", "x")}
        house.number += 1
        return first, await house.post("Datastreams(4)/Observations", {"phenomenonTime": TIME, "result": 1})

    first, second = run(house, act)
    assert (first.status, second.status) == (299, 201)
    assert kept(house, 4) == [(NOW, 1.0)]


@pytest.mark.slow
def test_size_and_time_are_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "DRAIN_SECONDS", 0.05)
    key = [("Authorization", "Bearer secret")]
    told = run(house, lambda: house.call("Observations", [b"x"], key, hangs=True))
    assert (told.status, told.headers["connection"]) == (408, "close")
    for headers, chunks in (
        ([*key, ("Content-Length", str(door.MAX_BYTES + 1))], [b"x"]),
        ([*key, ("Content-Length", "many")], [b"x"]),
        (key, [b"x" * door.MAX_BYTES, b"y"]),
    ):
        assert run(house, partial(house.call, "Observations", chunks, headers)).status == 413
    assert house.handed == []


def test_database_that_is_away_is_told_and_nothing_is_kept(house: House) -> None:
    house.fails = True
    answer = posted(house, "Datastreams(1)/Observations", {"result": 1})
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")
    assert kept(house) == []


def test_stopped_ingest_takes_nothing(house: House) -> None:
    async def act() -> Answered:
        await house.post("Datastreams(1)/Observations", {"result": 1})
        await house.ingest.stop()
        return await house.post("Datastreams(1)/Observations", {"result": 2})

    assert run(house, act).status == 503


@pytest.mark.parametrize(
    ("method", "path", "takes"),
    [
        ("POST", "/sta/v1.1/Observations", True),
        ("POST", "/sta/v1.1/Observations/", True),
        ("POST", "/sta/v1.1/Datastreams(12)/Observations", True),
        ("POST", "/sta/v1.1/CreateObservations", True),
        ("GET", "/sta/v1.1/Observations", False),
        ("POST", "/sta/v1.1/Datastreams(0)/Observations", False),
        ("POST", "/sta/v1.1/Datastreams(1)/Thing", False),
        ("POST", "/sta/v1.1/Datastreams(٣)/Observations", False),
        ("POST", "/sta/v1.1/Observations\n", False),
        ("POST", "/x/sta/v1.1/Observations", False),
    ],
)
def test_door_takes_only_posts_of_observations(method: str, path: str, takes: bool) -> None:
    assert door.takes({"method": method, "path": path}) is takes
