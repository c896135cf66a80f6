"""kill -9 at random moments: every acknowledged observation is there once (reliability bar 1)."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Protocol

import pytest

from tests.faults.running import Sender, Server, compare, end_senders, start_senders
from tests.faults.server import TOKEN
from tests.postgres import postgres_cluster, shared_cluster
from tests.running import ROOT, Program
from toancanh.kernel.telemetry.store import open_store

pytestmark = pytest.mark.faults
KILLS = int(os.environ.get("KILLS", "50"))


class Killable(Protocol):
    """A server that starts, and returns when it can serve."""

    port: int

    def start(self) -> None: ...

    def kill(self) -> None: ...


def killed(server: Killable, kills: int, token: str = TOKEN) -> list[Sender]:
    """The ledgers of clients that posted while the server was killed so often."""
    seed = int(os.environ.get("SEED", random.randrange(10**9)))
    print(f"SEED={seed}")
    chance = random.Random(seed)
    server.start()
    senders = start_senders(server.port, seed, token)
    try:
        for _ in range(kills):
            time.sleep(chance.uniform(0.02, 0.5))
            server.kill()
            server.start()
        time.sleep(0.3)
        end_senders(senders)
    finally:
        server.kill()
    return senders


def kept(senders: list[Sender], where: str, ids: Mapping[str, int] | None = None) -> int:
    """How many observations were acknowledged, every one of them kept."""
    store = open_store(where)
    try:
        return compare(senders, store, ids)
    finally:
        store.close()


@pytest.mark.slow
def test_acknowledged_is_kept_over_kills(tmp_path: Path) -> None:
    server = Server(str(tmp_path / "telemetry.db"))
    assert kept(killed(server, KILLS), server.where) > KILLS


@pytest.mark.slow
@pytest.mark.postgres
def test_acknowledged_is_kept_over_kills_on_postgres() -> None:
    server = Server(shared_cluster().fresh())
    assert kept(killed(server, max(1, KILLS // 10)), server.where) > KILLS // 10


@pytest.mark.slow
def test_acknowledged_is_kept_over_kills_of_the_whole_program(tmp_path: Path) -> None:
    program = Program(tmp_path)
    program.do("migrate")
    for pack in (ROOT / "packs" / "vietnam", ROOT / "packs" / "hue", gauges(tmp_path / "pack", 160)):
        program.do("pack", "load", str(pack))
    senders = killed(program, max(1, KILLS // 5), program.token("senders"))
    assert kept(senders, str(tmp_path / "telemetry.db"), series_ids(tmp_path / "city.db")) > KILLS // 5


def gauges(folder: Path, count: int) -> Path:
    """A pack of gauges t1, t2 … that all stand in one place."""
    folder.mkdir()
    told = 'name = "gauges"\ntitle_vi = "Trạm thử"\ntitle_en = "Test gauges"\nunit = "46"\nversion = "1"\n'
    (folder / "pack.toml").write_text(told + 'requires = ["hue"]\nsources = ["made for tests"]\n')
    head = "code,kind,name,name_en,lon,lat,unit_code,river,public,sample,position_verified,source\n"
    place = "107.56,16.457,19774,,true,true,false,made for tests\n"
    stations = "".join(f"t{n},flood.gauge,Trạm {n},Gauge {n},{place}" for n in range(1, count + 1))
    (folder / "stations.csv").write_text(head + stations)
    series = "".join(f"t{n},level,60\n" for n in range(1, count + 1))
    (folder / "series.csv").write_text("thing_code,name,period_s\n" + series)
    return folder


def series_ids(city: Path) -> dict[str, int]:
    """Which series each thing's code stands for."""
    with closing(sqlite3.connect(city)) as connection:
        return dict(
            connection.execute(
                "SELECT t.code, s.id FROM telemetry_series s JOIN registry_thing t ON t.id = s.thing_id"
            ).fetchall()
        )


@pytest.mark.slow
@pytest.mark.postgres
def test_acknowledged_is_kept_when_the_database_server_falls() -> None:
    with postgres_cluster() as cluster:
        server = Server(cluster.fresh())
        server.start()
        senders = start_senders(server.port, 1)
        try:
            for _ in range(3):
                time.sleep(0.5)
                cluster.stop("immediate")
                time.sleep(0.3)
                cluster.start()
            before = sum(len(sender.ledger) for sender in senders)
            time.sleep(2)
            end_senders(senders)
        finally:
            server.kill()
        assert {status for sender in senders for status in sender.refused} == {503}
        store = open_store(server.where)
        assert compare(senders, store) > before
        store.close()
