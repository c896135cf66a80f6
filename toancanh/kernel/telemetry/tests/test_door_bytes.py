"""Whatever arrives has a stated answer below 500, and what was recorded comes back as it was."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toancanh.kernel.runtime.clock import to_us
from toancanh.kernel.telemetry.directory import SeriesInfo
from toancanh.kernel.telemetry.store import DAY, open_store
from toancanh.kernel.telemetry.tests.asgi import TIME, House, row, running

DATA = Path(__file__).parents[4] / "tests" / "fixtures"
NAUGHTY: list[str] = json.loads((DATA / "blns" / "blns.json").read_text())

NAMES = st.sampled_from(
    ["kim-long", "phu-oc", "level", "thing", "series", "time", "value", "correction", TIME]
)
TEXTS = st.one_of(NAMES, st.sampled_from(NAUGHTY), st.text(max_size=20))
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS)
VALUES = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=6))
)
NEARLY = st.fixed_dictionaries(
    {
        "thing": TEXTS,
        "series": TEXTS,
        "time": st.one_of(TEXTS, st.datetimes().map(lambda t: f"{t.isoformat()}Z")),
    },
    optional={"value": st.one_of(st.floats(), st.integers(), LEAVES), "correction": LEAVES, "more": VALUES},
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["authorization", "content-length", "idempotency-key", "accept-language", "content-encoding"]
    ),
    st.one_of(st.binary(max_size=30), st.sampled_from([b"Bearer secret", b"bearer  secret ", b"en", b"-1"])),
    max_size=4,
)
KNOWN = {200, 400, 401, 405, 408, 409, 413, 429, 503, 507}
FREELY = settings(
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    store = open_store(str(tmp_path / "telemetry.db"))
    yield House(store)
    store.close()


def answers_well(house: House, body: bytes, headers: dict[str, bytes] | None = None) -> None:
    async def act() -> None:
        async with running(house):
            pairs = list((headers or {"authorization": b"Bearer secret"}).items())
            answer = await house.call([body[:7], body[7:]], pairs)
            assert answer.status in KNOWN - {503, 507}, (answer.status, body)
            if answer.status == 200:
                told = answer.json
                refused = [item["index"] for item in told["rejected"]]
                assert refused == sorted(set(refused))
                assert told["accepted"] + len(refused) == len(json.loads(body))
            else:
                assert answer.json["status"] == answer.status
                assert answer.json["code"]
            assert (await house.post([row()])).json == {"accepted": 1, "rejected": []}

    asyncio.run(act())


@pytest.mark.slow
@given(body=st.binary(max_size=200), headers=HEADERS)
@FREELY
def test_any_bytes_and_headers_have_a_stated_answer(
    house: House, body: bytes, headers: dict[str, bytes]
) -> None:
    answers_well(house, body, headers)


@pytest.mark.slow
@given(value=st.one_of(VALUES, st.lists(NEARLY, max_size=4)))
@FREELY
def test_any_json_has_a_stated_answer(house: House, value: object) -> None:
    answers_well(house, json.dumps(value).encode())


@pytest.mark.slow
def test_naughty_strings_have_a_stated_answer(house: House) -> None:
    async def act() -> None:
        async with running(house):
            whole = await house.post([row(thing=text) for text in NAUGHTY])
            assert (whole.status, whole.json["accepted"]) == (200, 0)
            for text in NAUGHTY:
                assert (await house.post([row(time=text)])).status == 400
                assert (await house.post(text.encode())).status == 400
                token = text.replace("\n", "").encode()
                answer = await house.call([b"[]"], [("authorization", b"Bearer " + token)])
                assert answer.status == 401

    asyncio.run(act())
    assert house.store.latest() == {}


@pytest.mark.slow
def test_recorded_river_comes_back_as_it_was(house: House) -> None:
    with (DATA / "river" / "Y0634020_2020-01.csv").open() as file:
        river = [(line["time"], float(line["level_mm"]) / 1000) for line in csv.DictReader(file)]
    house.things["y0634020"] = {"level": SeriesInfo(9, "y0634020", "level", 0, 30)}
    house.number += 1

    async def act() -> None:
        async with running(house):
            # Late half first, in gateway-sized pieces, and everything twice, as gateways do after a break.
            for piece in (river[700:], river[:701], river):
                rows = [row(value, thing="y0634020", time=time) for time, value in piece]
                answer = await house.post(rows)
                assert answer.json == {"accepted": len(piece), "rejected": []}

    asyncio.run(act())
    expected = [(to_us(datetime.fromisoformat(time)), value) for time, value in river]
    kept = house.store.range(9, 0, house.now, limit=10_000)
    assert [(reading.time, reading.value) for reading in kept] == expected
    highest = max(value for _, value in river)
    days = house.store.buckets(9, 0, house.now, DAY, "mean")
    assert max(day.max for day in days) == highest
    assert sum(day.count for day in days) == len(river)
    peak = max(days, key=lambda day: day.max)
    assert to_us(datetime.fromisoformat("2020-01-21T17:00:00Z")) <= peak.time
    assert peak.time < to_us(datetime.fromisoformat("2020-01-25T17:00:00Z"))
