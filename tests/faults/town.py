"""A small town of the real program whose roles are processes that can be killed one by one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from tests.faults.journal import rows
from tests.faults.senders import HttpSender, MqttSender, Sender
from tests.ports import free_port
from tests.running import ROOT, SLOWER, Program
from toancanh.kernel.telemetry.store import Store, open_store

GAUGES = 240
OFFICER = ("truc", "mat-khau-cua-ca-truc-2026")
LEADER = ("lanhdao", "mat-khau-cua-lanh-dao-2026")
GATEWAY, DEVICE, OTHER = "gateway", "device-a", "device-b"
TOKENS: dict[str, list[str]] = {
    GATEWAY: [],
    DEVICE: ["--thing", "t1", "--rate", "600"],
    OTHER: ["--thing", "t2"],
}
"""One that may write every thing; one for t1 alone, ten a second at most; one for t2 alone."""
_SERIES = "SELECT t.code, s.id FROM telemetry_series s JOIN registry_thing t ON t.id = s.thing_id"


_FOUND = """
import io, json, sys
from contextlib import redirect_stdout
from toancanh.site.commands import main
said = []
for words in json.loads(sys.argv[1]):
    with redirect_stdout(io.StringIO()) as out:
        if main(words):
            sys.exit(1)
    said.append(out.getvalue())
print(json.dumps(said))
"""


def found(program: Program, pack: Path) -> dict[str, str]:
    """Bring a store up with gauges t1, t2 …, an officer and a leader; the secrets of its tokens."""
    packs = (ROOT / "packs" / "vietnam", ROOT / "packs" / "hue", gauges(pack, GAUGES))
    posts = ((OFFICER, "--officer", "Trần Văn Trực"), (LEADER, "--leader", "Lê Thị Lãnh Đạo"))
    wanted = [
        ["migrate"],
        *(["pack", "load", str(folder)] for folder in packs),
        *(
            ["person", "create", name, post, "--name", who, "--password", password]
            for (name, password), post, who in posts
        ),
        *(["token", "create", token, *words] for token, words in TOKENS.items()),
    ]
    # The commands of a host in one process: each alone would begin anew.
    done = subprocess.run(
        [sys.executable, "-c", _FOUND, json.dumps(wanted)],
        env=program.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300 * SLOWER,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])[-len(TOKENS) :]
    return {token: text.splitlines()[-1] for token, text in zip(TOKENS, said, strict=True)}


def gauges(folder: Path, count: int) -> Path:
    """A pack of gauges that all stand in one place."""
    folder.mkdir(parents=True)
    told = 'name = "gauges"\ntitle_vi = "Trạm thử"\ntitle_en = "Test gauges"\nunit = "46"\nversion = "1"\n'
    (folder / "pack.toml").write_text(told + 'requires = ["hue"]\nsources = ["made for tests"]\n')
    head = "code,kind,name,name_en,lon,lat,unit_code,river,public,sample,position_verified,source\n"
    place = "107.56,16.457,19774,,true,true,false,made for tests\n"
    numbers = range(1, count + 1)
    stations = "".join(f"t{n},flood.gauge,Trạm {n},Gauge {n},{place}" for n in numbers)
    (folder / "stations.csv").write_text(head + stations)
    series = "".join(f"t{n},level,60\n" for n in numbers)
    (folder / "series.csv").write_text("thing_code,name,period_s\n" + series)
    return folder


def series_ids(city: Path) -> dict[str, int]:
    """The number of each thing's series, in an SQLite file."""
    return dict(rows(city, _SERIES))


@dataclass
class Town:
    """One installation; `where` is the address of its PostgreSQL, empty on SQLite."""

    folder: Path
    where: str = ""
    tokens: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    mqtt_port: int = field(default_factory=free_port)
    programs: dict[str, Program] = field(default_factory=dict)

    def program(self, role: str) -> Program:
        """The process of a role (empty: all of them in one), not started here; `worker#2` is a second one."""
        if role not in self.programs:
            own = {"MQTT_PORT": str(self.mqtt_port), **self.variables}
            if self.where:
                own["DATABASE_URL"] = self.where
            self.programs[role] = Program(self.folder, variables=own, role=role.partition("#")[0])
        return self.programs[role]

    def start(self, *roles: str) -> list[Program]:
        """Start these roles together."""
        programs = [self.program(role) for role in roles]
        for program in programs:
            program.begin()
        for program in programs:
            program.wait()
        return programs

    @property
    def log(self) -> str:
        """What all processes said so far."""
        return (self.folder / "log.txt").read_text()

    def store(self) -> Store:
        """Where the measurements are."""
        return open_store(self.where or str(self.folder / "telemetry.db"))

    def ask(self, statement: LiteralString) -> list[Any]:
        """What a statement in SQL of both engines finds, past all code of the product."""
        if self.where:
            with psycopg.connect(self.where, connect_timeout=10) as server:
                return server.execute(statement).fetchall()
        return rows(self.folder / "city.db", statement)

    def series(self) -> dict[str, int]:
        """The number of each thing's series."""
        return dict(self.ask(_SERIES))

    def senders(self, port: int, seed: int, rate: float = 2_000, *, mqtt: bool = True) -> list[Sender]:
        """Two gateways over HTTP, two devices over MQTT: as many readings a second in all, not yet sent."""
        token = self.tokens[GATEWAY]
        things = [[f"t{1 + n + number * 20}" for n in range(20)] for number in range(4)]
        each = rate / 20 / 4
        made: list[Sender] = [
            HttpSender(port, token, own, seed + n, each) for n, own in enumerate(things[:2])
        ]
        for n, own in enumerate(things[2:]):
            if mqtt:
                made.append(MqttSender(self.mqtt_port, GATEWAY, token, own, seed + 2 + n, each))
            else:
                made.append(HttpSender(port, token, own, seed + 2 + n, each))
        return made

    def end(self) -> None:
        """End every process, however it does."""
        for program in self.programs.values():
            program.end()


@contextmanager
def sending(senders: Sequence[Sender]) -> Iterator[Sequence[Sender]]:
    """The senders at work; whoever leaves by an error ends them too."""
    for sender in senders:
        sender.start()
    try:
        yield senders
    finally:
        for sender in senders:
            sender.is_ending.set()


def acknowledged(senders: Sequence[Sender]) -> int:
    """Readings acknowledged so far."""
    return sum(sender.ledger.count for sender in senders)


def flowing(senders: Sequence[Sender], within: float) -> float:
    """Seconds until each of the senders had something acknowledged; fails where that takes too long."""
    began = time.monotonic()
    before = [sender.ledger.count for sender in senders]
    while any(sender.ledger.count <= count for sender, count in zip(senders, before, strict=True)):
        assert time.monotonic() < began + within, [(s.name, s.broken, s.refused) for s in senders]
        time.sleep(0.02)
    return time.monotonic() - began


def copied(template: Path, folder: Path) -> Town:
    """A town of its own, as the template was."""
    shutil.copytree(template, folder)
    return Town(folder, tokens=json.loads((template / "tokens.json").read_text()))
