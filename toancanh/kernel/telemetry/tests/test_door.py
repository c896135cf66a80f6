"""What the observations door answers to good, doubtful and bad requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from toancanh.kernel.telemetry.directory import TokenInfo
from toancanh.kernel.telemetry.door import MAX_BYTES, MAX_ROWS
from toancanh.kernel.telemetry.store import CORRECTED, DAY, OUT_OF_RANGE, Reading, open_store
from toancanh.kernel.telemetry.tests.asgi import NOW, Answered, House, row, running

Result = TypeVar("Result")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    store = open_store(str(tmp_path / "telemetry.db"))
    yield House(store)
    store.close()


def run(house: House, act: Callable[[], Awaitable[Result]]) -> Result:
    async def within() -> Result:
        async with running(house):
            return await act()

    return asyncio.run(within())


def posted(house: House, body: object, secret: str = "secret", **more: str) -> Answered:
    return run(house, lambda: house.post(body, secret, **more))


def codes(answer: Answered) -> list[tuple[int, str]]:
    return [(item["index"], item["code"]) for item in answer.json["rejected"]]


def test_good_row_is_kept_and_told(house: House) -> None:
    answer = posted(house, [row(1.5)])
    assert (answer.status, answer.json) == (200, {"accepted": 1, "rejected": []})
    assert house.store.range(1, 0, NOW + 1, limit=9) == [Reading(1, NOW, 1.5, 0)]
    assert house.committed == [Reading(1, NOW, 1.5, 0)]


def test_offset_is_counted(house: House) -> None:
    posted(house, [row(time="2026-11-01T00:00:00.25+07:00")])
    assert house.store.latest()[1].time == NOW + 250_000


def test_empty_list_is_accepted(house: House) -> None:
    assert posted(house, []).json == {"accepted": 0, "rejected": []}


def test_each_bad_row_is_named_and_the_others_are_kept(house: House) -> None:
    rows = [
        row(1.0),
        row(1.0),
        row(2.0),
        row(3.0, correction=True),
        row(thing="nowhere"),
        {**row(), "series": "rain"},
        row(time="2026-10-31T17:05:00.000001Z"),
        row(time="2026-10-31T17:05:00Z"),
        row(time="2006-10-30T00:00:00Z"),
        row(time="0001-01-01T00:00:00+14:00"),
        row(time="9999-12-31T23:59:59-14:00"),
    ]
    answer = posted(house, rows)
    assert (answer.status, answer.json["accepted"]) == (200, 4)
    assert codes(answer) == [
        (2, "conflict"),
        (4, "unknown_thing"),
        (5, "unknown_series"),
        (6, "future"),
        (8, "too_old"),
        (9, "too_old"),
        (10, "future"),
    ]
    assert all(item["reason"].endswith(".") for item in answer.json["rejected"])
    assert [(found.value, found.quality) for found in house.store.range(1, 0, NOW + 1, limit=9)] == [
        (3.0, CORRECTED)
    ]


def test_every_row_refused_is_still_an_answer(house: House) -> None:
    answer = posted(house, [row(thing="nowhere")] * 3)
    assert (answer.status, answer.json["accepted"], len(answer.json["rejected"])) == (200, 0, 3)


def test_value_outside_its_range_is_kept_with_a_mark(house: House) -> None:
    assert posted(house, [row(99)]).json["accepted"] == 1
    assert house.store.latest()[1].quality == OUT_OF_RANGE


def test_narrowed_token_writes_only_its_things(house: House) -> None:
    house.put_token("narrow", TokenInfo(2, "narrow", frozenset({"phu-oc"})))
    answer = posted(house, [row(), row(thing="phu-oc"), row(thing="nowhere")], "narrow")
    assert answer.json["accepted"] == 1
    assert codes(answer) == [(0, "forbidden"), (2, "unknown_thing")]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"", "$"),
        (b"[", "$"),
        (b"null", "$"),
        (row(), "$"),
        ([[]], "$[0]"),
        ([row(), {"thing": "kim-long"}], "$[1]"),
        ([row(value="1.5")], "$[0].value"),
        ([row(value=None)], "$[0].value"),
        ([row(value=True)], "$[0].value"),
        ([row(thing=7)], "$[0].thing"),
        ([row(extra=1)], "$[0]"),
        ([row(correction="yes")], "$[0].correction"),
        ([row(time="2026-10-31T17:00:00")], "$[0].time"),
        ([row(time="2026-10-31")], "$[0].time"),
        ([row(time="yesterday")], "$[0].time"),
        ([row(time="2026-02-30T00:00:00Z")], "$[0].time"),
        ([row(time="2026-10-31T17:00:00+0700")], "$[...].time"),
        ([row(time=1793466000)], "$[0].time"),
        (b'[{"thing":"kim-long","series":"level","time":"2026-10-31T17:00:00Z","value":NaN}]', "$"),
        (b'[{"thing":"kim-long","series":"level","time":"2026-10-31T17:00:00Z","value":-Infinity}]', "$"),
        (
            b'[{"thing":"kim-long","series":"level","time":"2026-10-31T17:00:00Z","value":1e400}]',
            "$[0].value",
        ),
        (b'[{"thing":"\xff","series":"level","time":"2026-10-31T17:00:00Z","value":1}]', "$"),
        (b"[" * 100_000, "$[0]"),
        (b'[{"thing":' + b"[" * 100_000, "$[0].thing"),
        (b'{"a":' * 100_000, "$"),
        ("Trạm".encode("utf-16"), "$"),
    ],
)
def test_wrong_shape_is_refused_whole_with_its_place(house: House, body: object, path: str) -> None:
    answer = posted(house, body)
    assert (answer.status, answer.json["code"]) == (400, "malformed")
    assert f" {path}: " in answer.json["detail"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert house.store.latest() == {}


def test_fault_anywhere_keeps_nothing(house: House) -> None:
    assert posted(house, [row(), row(time="never")]).status == 400
    assert house.store.latest() == {}


def test_problem_speaks_the_language_asked_for(house: House) -> None:
    assert posted(house, b"[").json["title"] == "Nội dung gửi lên không hợp lệ"
    assert posted(house, b"[", accept_language="en-GB,vi;q=0.5").json["title"] == "The body is not valid"
    assert posted(house, b"[", accept_language="fr, vi;q=0.9, en;q=0.8").json["title"].startswith("Nội dung")
    assert posted(house, b"[", accept_language="\xff;;q=x").json["status"] == 400


def test_no_token_is_unauthorized(house: House) -> None:
    basic: str | bytes = "Basic c2VjcmV0"
    for headers in ([], [("Authorization", basic)], [("Authorization", b"Bearer \xc3\xa9")]):
        answer = run(house, partial(house.call, [b"[]"], headers))
        assert (answer.status, answer.json["code"]) == (401, "no_token")
        assert answer.headers["www-authenticate"] == 'Bearer realm="toancanh"'


def test_unknown_revoked_and_expired_tokens_are_unauthorized(house: House) -> None:
    house.put_token("revoked", TokenInfo(2, "revoked", revoked=NOW))
    house.put_token("expired", TokenInfo(3, "expired", expires=NOW))
    for secret in ("unknown", "revoked", "expired"):
        answer = posted(house, [row()], secret)
        assert (answer.status, answer.json["code"]) == (401, "unauthorized")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert house.store.latest() == {}


def test_token_made_or_revoked_elsewhere_counts_for_the_next_request(house: House) -> None:
    async def act() -> list[int]:
        seen = [(await house.post([row()], "new")).status]
        house.put_token("new", TokenInfo(2, "new"))
        seen.append((await house.post([row()], "new")).status)
        house.put_token("new", TokenInfo(2, "new", revoked=NOW))
        seen.append((await house.post([row()], "new")).status)
        return seen

    assert run(house, act) == [401, 200, 401]


def test_doubled_or_broken_headers_are_refused(house: House) -> None:
    good = ("Authorization", "Bearer secret")
    for more in (
        [("Authorization", "Bearer other")],
        [("Content-Length", "many")],
        [("Idempotency-Key", "")],
        [("Idempotency-Key", "k" * 256)],
        [("Idempotency-Key", "a"), ("Idempotency-Key", "a")],
    ):
        answer = run(house, partial(house.call, [b"[]"], [good, *more]))
        assert (answer.status, answer.json["code"]) == (400, "bad_header")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "BREW"])
def test_other_methods_are_refused(house: House, method: str) -> None:
    answer = run(house, lambda: house.call([b""], [], method=method))
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_announced_size_is_refused_before_the_body(house: House) -> None:
    headers = [("Authorization", "Bearer secret"), ("Content-Length", str(MAX_BYTES + 1))]
    answer = run(house, lambda: house.call([b"x" * 65_536] * 200, headers))
    assert (answer.status, answer.headers["connection"]) == (413, "close")


def test_size_that_was_not_announced_is_refused(house: House) -> None:
    chunks = [b"x" * 65_536] * 200
    assert run(house, lambda: house.call(chunks, [("Authorization", "Bearer secret")])).status == 413


def test_too_many_rows_are_refused(house: House) -> None:
    assert posted(house, [{**row(), "thing": "a", "series": "a"}] * (MAX_ROWS + 1)).status == 413


@pytest.mark.slow
def test_slow_body_is_given_up(tmp_path: Path) -> None:
    house = House(open_store(str(tmp_path / "telemetry.db")), body_seconds=0.05)
    headers = [("Authorization", "Bearer secret"), ("Content-Length", "100")]
    answer = run(house, lambda: house.call([b"["], headers, hangs=True))
    assert (answer.status, answer.json["code"], answer.headers["connection"]) == (408, "too_slow", "close")


def test_rate_of_a_token_is_observed(house: House) -> None:
    house.put_token("slow", TokenInfo(2, "slow", rate=6))

    async def act() -> None:
        for _ in range(6):
            assert (await house.post([row()], "slow")).status == 200
        answer = await house.post([row()], "slow")
        assert (answer.status, answer.json["code"]) == (429, "too_many")
        house.monotonic += int(answer.headers["retry-after"])
        assert (await house.post([row()], "slow")).status == 200
        assert (await house.post([row()] * 50)).status == 200

    run(house, act)


def test_same_key_and_body_has_the_same_answer(house: House) -> None:
    async def act() -> None:
        first = await house.post([row(1.0), row(thing="nowhere")], idempotency_key="k1")
        house.now += DAY // 2
        again = await house.post([row(1.0), row(thing="nowhere")], idempotency_key="k1", accept_language="en")
        assert (again.status, again.body) == (200, first.body)
        other = await house.post([row(2.0)], idempotency_key="k1")
        assert (other.status, other.json["code"]) == (409, "key_reused")
        house.now += DAY
        assert codes(await house.post([row(2.0)], idempotency_key="k1")) == [(0, "conflict")]

    run(house, act)


def test_same_key_at_the_same_moment_is_answered_once(house: House) -> None:
    async def act() -> list[Answered]:
        house.put_token("two", TokenInfo(2, "two"))
        bodies = [[row(float(n))] for n in (1, 1, 2, 1)]
        calls = [house.post(body, idempotency_key="k") for body in bodies]
        return list(await asyncio.gather(*calls, house.post([row(1.0)], "two", idempotency_key="k")))

    answers = run(house, act)
    assert [answer.status for answer in answers] == [200, 200, 409, 200, 200]
    assert len(house.store.range(1, 0, NOW + 1, limit=9)) == 1


def test_client_that_leaves_gets_nothing(house: House) -> None:
    async def act() -> list[Any]:
        sent: list[Any] = []

        async def receive() -> dict[str, str]:
            return {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        headers = [(b"authorization", b"Bearer secret")]
        await house.door({"type": "http", "method": "POST", "headers": headers}, receive, send)
        return sent

    assert run(house, act) == []
