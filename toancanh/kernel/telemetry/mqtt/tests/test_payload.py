"""What devices write is read, however cheaply it was made; what cannot be read is put aside row by row."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toancanh.kernel.telemetry.mqtt.payload import SHOWN, Observation, decode

NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)


def read(payload: object) -> tuple[list[Observation], list[tuple[bytes, str]]]:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    rows, malformed = decode("a", "level", raw, lambda: NOW)
    assert all((m.thing, m.series) == ("a", "level") for m in malformed)
    return rows, [(m.raw, m.fault) for m in malformed]


def row(value: float, time: datetime = NOW, correction: bool = False, seq: int | None = None) -> Observation:
    return Observation("a", "level", time, value, correction, seq)


@pytest.mark.parametrize(("payload", "value"), [(b"1.5", 1.5), (b" -7\n", -7.0), (b"1e-3", 0.001), (b"0", 0)])
def test_number_is_of_now(payload: bytes, value: float) -> None:
    assert read(payload) == ([row(value)], [])


@pytest.mark.parametrize(
    ("time", "meant"),
    [
        ("2026-11-21T12:00:00+07:00", NOW),
        ("2026-11-21T05:00:00.250Z", NOW + timedelta(milliseconds=250)),
        (1795237200, NOW),
        (1795237200.5, NOW + timedelta(milliseconds=500)),
        (1795237200250, NOW + timedelta(milliseconds=250)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_times(time: object, meant: datetime) -> None:
    assert read({"time": time, "value": 2}) == ([row(2, meant)], [])


def test_number_and_correction_are_read() -> None:
    items = [{"time": NOW.isoformat(), "value": n, "seq": n, "correction": n == 2} for n in (1, 2)]
    assert read(items) == ([row(1, seq=1), row(2, correction=True, seq=2)], [])
    assert read([]) == ([], [])


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1e999",
        b"1,5",
        b"1 2",
        b"on",
        b"true",
        b'"1.5"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"value":1}',
        b'{"time":"2026-11-21T05:00:00Z"}',
        b'{"time":"2026-11-21T05:00:00Z","value":NaN}',
        b'{"time":"2026-11-21T05:00:00Z","value":1e999}',
        b'{"time":"2026-11-21T05:00:00Z","value":"1"}',
        b'{"time":"2026-11-21T05:00:00Z","value":1,"unit":"m"}',
        b'{"time":"2026-11-21T05:00:00Z","value":1,"seq":-1}',
        b'{"time":"2026-11-21T05:00:00Z","value":1,"seq":9007199254740992}',
        b'{"time":"2026-11-21T05:00:00Z","value":1,"seq":1.5}',
        b'{"time":"2026-11-21T05:00:00","value":1}',
        b'{"time":"2026-11-21T12:00:00+0700","value":1}',
        b'{"time":"yesterday","value":1}',
        b'{"time":-1,"value":1}',
        b'{"time":1795237200000000,"value":1}',
        b'{"time":1e999,"value":1}',
        b'{"time":true,"value":1}',
        b'{"time":null,"value":1}',
    ],
)
def test_what_cannot_be_read_is_put_aside_as_it_came(payload: bytes) -> None:
    rows, malformed = read(payload)
    assert rows == []
    assert [raw for raw, _ in malformed] == [payload[:SHOWN]]
    assert malformed[0][1]


def test_one_bad_row_does_not_take_the_others_with_it() -> None:
    payload = b'[{"time":1795237200,"value":1}, 7, {"time":1795237200,"value":2}, {"time":"x","value":3}]'
    rows, malformed = read(payload)
    assert rows == [row(1), row(2)]
    assert [raw for raw, _ in malformed] == [b"7", b'{"time":"x","value":3}']


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(
            st.floats(1.2e9, 2.2e9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
            st.floats(allow_nan=False, allow_infinity=False),
            st.none() | st.integers(0, 2**53 - 1),
        ),
        max_size=20,
    )
)
def test_what_is_written_is_read(items: list[tuple[datetime, float, int | None]]) -> None:
    written = [{"time": time.isoformat(), "value": value, "seq": seq} for time, value, seq in items]
    rows, malformed = read(written)
    assert malformed == []
    assert [(r.time, r.value, r.seq) for r in rows] == items


@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_put_aside(noise: bytes) -> None:
    rows, malformed = read(noise)
    assert rows or malformed or noise.strip().replace(b" ", b"") in (b"[]",)
