"""A full disk: refused with 507, nothing acknowledged lost, and writing goes on when there is room."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.running import Server, post
from toancanh.kernel.runtime.clock import to_us
from toancanh.kernel.telemetry.store import open_store

pytestmark = pytest.mark.faults
RESUMES_WITHIN = 10.0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], check=True, timeout=30)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=30)


class Gateway:
    """Posts the next minute of 200 series each time and remembers what was acknowledged."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._moment = datetime.now(UTC).replace(microsecond=0) - timedelta(days=5)
        self.acknowledged: list[int] = []

    def send(self, minutes: int) -> int:
        moments = [self._moment + timedelta(minutes=n) for n in range(minutes)]
        rows: list[dict[str, object]] = [
            {"thing": f"t{n}", "series": "level", "time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "value": n / 8}
            for moment in moments
            for n in range(1, 201)
        ]
        status, told = post(self._port, rows)
        if status == 200:
            assert told["accepted"] == len(rows)
            self.acknowledged += map(to_us, moments)
            self._moment += timedelta(minutes=minutes)
        return status


def fill(ballast: Path) -> None:
    """Take every byte that is left."""
    block = b"\0" * 4096
    with ballast.open("ab", buffering=0) as file:
        try:
            while file.write(block):
                pass
        except OSError:
            return


@pytest.mark.root
def test_full_disk_is_said_and_outlived(small_disk: Path) -> None:
    where = small_disk / "telemetry.db"
    server = Server(str(where))
    server.start()
    try:
        gateway = Gateway(server.port)
        for _ in range(10):
            assert gateway.send(20) == 200
        for _ in range(2):
            ballast = small_disk / "ballast"
            fill(ballast)
            answers = [gateway.send(minutes) for minutes in (20, 1, 20, 1)]
            assert set(answers) == {507}
            reader = open_store(str(where))
            assert len(reader.range(7, 0, 2**62, limit=10_000)) == len(gateway.acknowledged)
            reader.close()
            ballast.unlink()
            room_since = time.monotonic()
            while gateway.send(20) != 200:
                assert time.monotonic() < room_since + RESUMES_WITHIN
                time.sleep(0.2)
            assert gateway.send(20) == 200
    finally:
        server.kill()
    store = open_store(str(where))
    for series in range(1, 201):
        kept = store.range(series, 0, 2**62, limit=10_000)
        assert [(reading.time, reading.value) for reading in kept] == [
            (time, series / 8) for time in gateway.acknowledged
        ]
    store.close()
