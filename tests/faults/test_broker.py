"""The outside broker killed at random moments (reliability bar 4): whoever heeds receipts loses nothing, and
whatever a broker lost of the others is named within a minute."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from tests.faults.gateways import Careful, Gateway, wait
from tests.faults.test_kill import gauges, series_ids
from tests.mosquitto import Mosquitto
from tests.postgres import postgres_cluster
from tests.running import ROOT, Program, city
from toancanh.kernel.telemetry.store import open_store

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.mosquitto,
    pytest.mark.xdist_group("broker"),
]
KILLS = int(os.environ.get("BROKER_KILLS", "20"))
NAMED_WITHIN = 60.0
CONNECTED = "SELECT 1 FROM exchange_brokerseat WHERE connected_at IS NOT NULL"


@dataclass(frozen=True)
class Named:
    """A gap that was told."""

    thing: str
    first: int
    last: int
    told_at: float


def lose_what_waits(program: Program, broker: Mosquitto, careful: list[Careful]) -> tuple[float, float]:
    """Kill both: the broker has acknowledged what it had not written down yet while nobody took it.

    Returns between which times what it lost was sent.
    """
    away = time.time()
    program.kill()
    time.sleep(0.4)
    broker.kill()
    broker.start()
    program.start()
    began, newest = time.time(), {gateway.thing: max(gateway.values) for gateway in careful}
    # What came in the meantime is taken and forgotten by the broker before anything else befalls it.
    wait(lambda: all(g.kept > newest[g.thing] for g in careful), 30, "what had waited is not taken")
    wait(lambda: broker.saved_at > began, 10, "the broker does not write down that nothing waits")
    return away - 0.1, began


def kept_numbers(program: Program, gateways: Sequence[Gateway]) -> dict[str, set[int]]:
    """Which numbers of each thing the store holds, each once and with its value."""
    ids = series_ids(program.folder / "city.db")
    store = open_store(str(program.folder / "telemetry.db"))
    try:
        found: dict[str, set[int]] = {}
        for gateway in gateways:
            rows = [(row.time, row.value) for row in store.range(ids[gateway.thing], 0, 2**62, limit=10**6)]
            numbers = {gateway.time_us(number): number for number in gateway.values}
            found[gateway.thing] = {numbers[time] for time, _ in rows}
            assert len(rows) == len(found[gateway.thing]), "a reading is there twice"
            assert all(gateway.values[numbers[time]] == value for time, value in rows)
        return found
    finally:
        store.close()


def query(program: Program, statement: str) -> list[tuple[object, ...]]:
    """What the program's database says."""
    with closing(sqlite3.connect(program.folder / "city.db", timeout=30)) as connection:
        return connection.execute(statement).fetchall()


def named(program: Program) -> list[Named]:
    """Every gap that became an event."""
    rows = query(program, "SELECT thing, first, last, told_at FROM telemetry_gap WHERE told_at IS NOT NULL")
    return [
        Named(
            str(thing), int(str(first)), int(str(last)), datetime.fromisoformat(f"{told}+00:00").timestamp()
        )
        for thing, first, last, told in rows
    ]


def unnamed(program: Program, lost: dict[str, set[int]]) -> dict[str, set[int]]:
    """Lost numbers that no gap names yet."""
    gaps = named(program)
    left = {}
    for thing, numbers in lost.items():
        covered = {n for gap in gaps if gap.thing == thing for n in range(gap.first, gap.last + 1)}
        if numbers - covered:
            left[thing] = numbers - covered
    return left


def test_a_killed_broker_loses_nothing_of_who_heeds_receipts_and_nothing_unnamed(tmp_path: Path) -> None:
    seed = int(os.environ.get("SEED", random.randrange(10**9)))
    print(f"SEED={seed}")
    chance = random.Random(seed)
    packs = ("vietnam", "hue", str(gauges(tmp_path / "pack", 6)))
    with (
        Mosquitto(tmp_path / "broker") as broker,
        city(tmp_path / "city", *packs, BROKER_URL=broker.url()) as program,
    ):
        # The count of a thing begins with the first number that comes.
        wait(lambda: bool(query(program, CONNECTED)), 20, "the program does not connect")
        began = time.time()
        wait(lambda: broker.saved_at > began, 10, "the broker does not write our session down")
        careful = [Careful(broker.port, f"t{n}", rows=5) for n in (1, 2, 3)]
        plain = [Gateway(broker.port, f"t{n}") for n in (4, 5, 6)]
        for gateway in [*careful, *plain]:
            gateway.start()
        for number in range(KILLS):
            time.sleep(chance.uniform(0.2, 1.2))
            if number == KILLS // 2:
                away = lose_what_waits(program, broker, careful)
            else:
                broker.kill()
                broker.start()
        time.sleep(2)
        for gateway in [*careful, *plain]:
            gateway.finish()
        time.sleep(1)
        found = kept_numbers(program, [*careful, *plain])
        for gateway in careful:
            assert set(gateway.values) == found[gateway.thing]
        lost = {gateway.thing: gateway.acknowledged - found[gateway.thing] for gateway in plain}
        wait(lambda: not unnamed(program, lost), NAMED_WITHIN, "the broker lost numbers that nobody named")
        told = named(program)
        late = [
            min(g.told_at for g in told if g.thing == gateway.thing and g.first <= n <= g.last)
            - gateway.sent_at[n]
            for gateway in plain
            for n in lost[gateway.thing]
        ]
        count = sum(map(len, lost.values()))
        by_kills = [n for g in plain for n in lost[g.thing] if not away[0] <= g.sent_at[n] <= away[1]]
        every = sum((max(g.sent_at.values()) - min(g.sent_at.values())) / len(g.values) for g in plain)
        seconds = len(by_kills) * every / len(plain) ** 2 / KILLS
        print(
            f"{KILLS} kills: receipts: 0 lost of {sum(len(g.values) for g in careful)}; plain QoS 1: {count}"
            f" lost of {sum(len(g.acknowledged) for g in plain)} that the broker acknowledged"
            f" ({count - len(by_kills)} while we were away, else {seconds:.2f} s of traffic a kill),"
            f" all named, the last {max(late, default=0):.1f} s after it was sent"
        )
        assert count > 0, "nothing was lost, so nothing was proven"
        assert max(late) <= NAMED_WITHIN
        assert seconds <= 0.5
        assert query(program, "SELECT count(*) FROM telemetry_letter") == [(0,)]


@pytest.mark.postgres
def test_two_processes_share_a_broker_and_one_of_them_is_killed(tmp_path: Path) -> None:
    with postgres_cluster() as cluster, Mosquitto(tmp_path / "broker") as broker:
        variables = {"DATABASE_URL": cluster.fresh(), "BROKER_URL": broker.url(), "BROKER_SHARE": "ingest"}
        programs = []
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            programs.append(Program(tmp_path / name, variables=variables, role="ingest"))
        programs[0].do("migrate")
        for pack in (ROOT / "packs" / "vietnam", ROOT / "packs" / "hue", gauges(tmp_path / "pack", 3)):
            programs[0].do("pack", "load", str(pack))
        store = open_store(variables["DATABASE_URL"])
        with psycopg.connect(variables["DATABASE_URL"], autocommit=True) as connection:
            try:
                for program in programs:
                    program.start()
                seats = "SELECT count(*) FROM exchange_brokerseat WHERE connected_at IS NOT NULL"
                wait(lambda: connection.execute(seats).fetchone() == (2,), 20, "not both are connected")
                careful = [Careful(broker.port, f"t{n}", rows=5) for n in (1, 2, 3)]
                for gateway in careful:
                    gateway.start()
                time.sleep(1.5)
                programs[1].kill()
                time.sleep(1)
                broker.kill()
                broker.start()
                time.sleep(1)
                programs[1].start()
                time.sleep(1.5)
                for gateway in careful:
                    gateway.finish(40)
                taken = connection.execute("SELECT messages FROM exchange_brokerseat").fetchall()
                assert len(taken) == 2
                assert all(messages > 0 for (messages,) in taken), "one of the two got nothing"
                asked = (
                    "SELECT t.code, s.id FROM telemetry_series s JOIN registry_thing t ON t.id = s.thing_id"
                )
                ids = dict(connection.execute(asked).fetchall())
                for gateway in careful:
                    rows = store.range(ids[gateway.thing], 0, 2**62, limit=10**6)
                    expected = {gateway.time_us(n): value for n, value in gateway.values.items()}
                    assert [row.time for row in rows] == sorted(expected)
                    assert all(expected[row.time] == row.value for row in rows)
                assert connection.execute("SELECT count(*) FROM telemetry_letter").fetchone() == (0,)
            finally:
                store.close()
                for program in programs:
                    program.end()
