"""The outside broker killed at random moments (reliability bar 4): whoever heeds receipts loses nothing, and
whatever a broker lost of the others is named within a minute."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from tests.faults.gateways import Careful, Gateway, wait
from tests.faults.measure import seed, tell, times
from tests.faults.test_kill import gauges, series_ids
from tests.mosquitto import PASSWORD, Mosquitto
from tests.postgres import postgres_cluster
from tests.running import ROOT, Program, city
from toancanh.kernel.telemetry.store import open_store

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.mosquitto,
    pytest.mark.xdist_group("broker"),
]
KILLS = times(6, 20)
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
    chosen = seed()
    chance = random.Random(chosen)
    packs = ("vietnam", "hue", gauges(tmp_path / "pack", 6))
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
        tell(
            "kill the broker",
            seed=chosen,
            kills=KILLS,
            kept=sum(len(g.values) for g in careful),
            lost=0,
            without=sum(len(g.acknowledged) for g in plain),
            unreceived=count,
            named=count,
            late=max(late, default=0.0),
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


GIVE = """
import toancanh, django; django.setup()
from datetime import timedelta
from toancanh.kernel.declare import program
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import commands
expires = clock.now() + timedelta(minutes=5)
thing, by = Thing.objects.get(code="t1"), program("test")
print(commands.command(thing, "siren", {"s": 3}, by=by, expires=expires).key)
"""


def test_commands_go_through_the_broker_and_a_revoked_token_cuts_it_off(tmp_path: Path) -> None:
    packs = ("vietnam", "hue", gauges(tmp_path / "pack", 1))
    with (
        Mosquitto(tmp_path / "broker") as broker,
        city(tmp_path / "city", *packs, BROKER_URL=broker.url()) as own,
    ):
        wait(lambda: bool(query(own, CONNECTED)), 20, "the program does not connect")
        at = ["-p", str(broker.port), "-u", "gateway", "-P", PASSWORD, "-q", "1"]
        listening = subprocess.Popen(
            ["mosquitto_sub", *at, "-t", "toancanh/t1/cmd", "-C", "1", "-W", "20"], stdout=subprocess.PIPE
        )
        environment = {**own.environment, "DJANGO_SETTINGS_MODULE": "toancanh.site.settings"}
        given = subprocess.run(
            [sys.executable, "-c", GIVE],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert given.returncode == 0, given.stderr
        told = json.loads(listening.communicate(timeout=30)[0])
        assert (told["id"], told["name"], told["args"]) == (given.stdout.strip(), "siren", {"s": 3})
        said = json.dumps({"id": told["id"], "result": "on"})
        subprocess.run(
            ["mosquitto_pub", *at, "-t", "toancanh/t1/cmd/ack", "-m", said], check=True, timeout=30
        )
        state = "SELECT result FROM telemetry_command WHERE state = 'answered'"
        wait(lambda: query(own, state) == [('"on"',)], 10, "the answer is not written down")
        own.do("token", "revoke", "broker")
        cut = "SELECT trouble FROM exchange_brokerseat WHERE connected_at IS NULL"
        wait(lambda: query(own, cut) == [("token",)], 5, "a revoked token does not cut the broker off")
        subprocess.run(["mosquitto_pub", *at, "-t", "toancanh/t1/level", "-m", "1.5"], check=True, timeout=30)
        assert own.token("broker")
        wait(lambda: bool(query(own, CONNECTED)), 10, "a new token does not let the broker in again")
        ids = series_ids(own.folder / "city.db")
        store = open_store(str(own.folder / "telemetry.db"))
        # What came meanwhile, the broker has held.
        wait(lambda: len(store.range(ids["t1"], 0, 2**62, limit=9)) == 1, 5, "what had waited is lost")
        store.close()
