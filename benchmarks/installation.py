"""An installation to measure: the real program with 10,000 series and millions of rows."""

from __future__ import annotations

import json
import math
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.ports import free_port
from tests.running import ROOT, Program
from toancanh.kernel.telemetry.store import DAY, SECOND, Row, Store, open_store

SERIES = 10_000
EVERY_S = 20
TIDE_S = 12.42 * 3600
DENSE = 10
"""Series with a reading a minute for a week; the others share the rest of the rows."""
WEEK_ROWS = 7 * 24 * 60
PASSWORD = "mật khẩu để đo tốc độ"
PACK = """name = "bench"
title_vi = "Trạm để đo tốc độ"
title_en = "Stations for benchmarks"
unit = "46"
version = "1"
requires = ["hue"]
sources = ["made for benchmarks"]
"""


@dataclass
class Installation:
    """The program, the token of the clients, and which codes there are."""

    program: Program
    token: str
    codes: list[str]
    ids: dict[str, int]
    rows: int
    now: datetime

    @property
    def things_file(self) -> Path:
        return self.program.folder / "bench-things.json"

    @property
    def pid(self) -> int:
        assert self.program.process is not None
        return self.program.process.pid

    @property
    def mqtt_port(self) -> int:
        """Where its MQTT door listens."""
        return int(self.program.variables["MQTT_PORT"])

    def rss_mb(self) -> float:
        """Resident memory of the program."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0

    def used_s(self) -> float:
        """Seconds of processor time that the program has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def store(self) -> Store:
        return open_store(str(self.program.folder / "telemetry.db"))

    def client(
        self, *, per: int, connections: int, seconds: float, hours_ago: float
    ) -> subprocess.Popen[str]:
        """Start the load generator as a process of its own; it prints its figures as JSON when it ends."""
        start = self.now - timedelta(hours=hours_ago)
        words = ["--port", str(self.program.port), "--token", self.token, "--things", str(self.things_file)]
        words += ["--start", start.isoformat(), "--per", str(per), "--connections", str(connections)]
        words += ["--seconds", str(seconds)]
        command = [sys.executable, "-m", "benchmarks.client", *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


@contextmanager
def installation(rows: int, keep: Path | None, lived_s: int = 0) -> Iterator[Installation]:
    """Build it (or take the one kept in a folder), run it, and throw it away unless it is kept.

    ``lived_s``: for so long every series had a reading each 20 s, so that no window begins empty.
    """
    folder = keep or Path(tempfile.mkdtemp(prefix="toancanh-bench-"))
    program = Program(folder, variables={"MQTT_PORT": str(free_port())})
    try:
        if not (folder / "bench-things.json").exists():
            folder.mkdir(parents=True, exist_ok=True)
            _build(program, rows)
        if lived_s:
            _live(folder, lived_s)
        codes, token, stored = json.loads((folder / "bench-things.json.all").read_text())
        program.start()
        now = datetime.now(UTC).replace(microsecond=0)
        yield Installation(program, token, codes, _ids(folder), stored, now)
    finally:
        if program.process is not None and program.process.poll() is None:
            program.stop()
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def _build(program: Program, rows: int) -> None:
    folder = program.folder
    began = time.monotonic()
    program.do("migrate")
    for pack in ("vietnam", "hue"):
        program.do("pack", "load", str(ROOT / "packs" / pack))
    codes = [f"bench-{number:05d}" for number in range(SERIES)]
    write_pack(folder / "bench", codes)
    program.do("pack", "load", str(folder / "bench"))
    token = program.token("bench")
    program.do("person", "create", "bench", "--password", PASSWORD)
    print(f"  packs, token and person in {time.monotonic() - began:.0f} s", flush=True)
    ids = _ids(folder)
    stored = _fill(folder, [ids[code] for code in codes], rows)
    (folder / "bench-things.json.all").write_text(json.dumps([codes, token, stored]))
    (folder / "bench-things.json").write_text(json.dumps(codes))
    print(f"  {stored:,} rows after {time.monotonic() - began:.0f} s", flush=True)


def write_pack(folder: Path, codes: list[str]) -> None:
    """A pack of gauges with these codes, all in one place."""
    folder.mkdir()
    (folder / "pack.toml").write_text(PACK)
    head = "code,kind,name,name_en,lon,lat,unit_code,river,public,sample,position_verified,source\n"
    lines = [
        f"{code},flood.gauge,Trạm {code},Gauge {code},107.56,16.457,19774,,true,true,false,benchmarks\n"
        for code in codes
    ]
    (folder / "stations.csv").write_text(head + "".join(lines))
    series = "".join(f"{code},level,60\n" for code in codes)
    (folder / "series.csv").write_text("thing_code,name,period_s\n" + series)


def _ids(folder: Path) -> dict[str, int]:
    connection = sqlite3.connect(f"file:{folder / 'city.db'}?mode=ro", uri=True)
    rows = connection.execute(
        "SELECT t.code, s.id FROM telemetry_series s JOIN registry_thing t ON t.id = s.thing_id"
    ).fetchall()
    connection.close()
    return dict(rows)


def tide(second: float) -> float:
    """Level in metres at a time: a calm river by the sea, at which nothing rings."""
    return round(0.9 + 0.2 * math.sin(second * math.tau / TIDE_S), 2)


def _live(folder: Path, seconds: int) -> None:
    store = open_store(str(folder / "telemetry.db"))
    now = int(time.time()) * SECOND
    for age in range(seconds, 0, -EVERY_S):
        at = now - age * SECOND
        store.put([Row(series, at, tide(at / SECOND)) for series in _ids(folder).values()], now)
    store.close()


def _fill(folder: Path, ids: list[int], rows: int) -> int:
    """A week that ended a day ago, dense for a few series, evenly thin for the others."""
    store = open_store(str(folder / "telemetry.db"))
    now = int(time.time()) * SECOND
    start = now - 8 * DAY
    thin = max(1, (rows - DENSE * WEEK_ROWS) // (len(ids) - DENSE))
    stored = 0
    for first in range(0, len(ids), 50):
        block = []
        for position, series in enumerate(ids[first : first + 50], first):
            count = WEEK_ROWS if position < DENSE else thin
            step = 7 * DAY // count // SECOND * SECOND
            block += [Row(series, start + n * step, (position + n) % 700 / 100) for n in range(count)]
        store.put(block, now)
        stored += len(block)
    store.close()
    return stored
