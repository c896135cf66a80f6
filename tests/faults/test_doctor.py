"""Planted faults: the real command names each with the step that mends it, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.ports import free_port
from tests.postgres import postgres_cluster, shared_cluster
from tests.running import PROGRAM, ROOT, Program

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("doctor")]
UNKNOWN = ("clock_unsynchronised",)
"""Depends on the machine under the tests."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which nothing is wrong, to be copied."""
    folder: Path = tmp_path_factory.mktemp("sound")
    program = Program(folder)
    program.do("migrate")
    program.token("gateway")
    program.start()
    program.stop()
    (folder / "log.txt").unlink()
    return folder


@pytest.fixture
def program(sound: Path, tmp_path: Path) -> Program:
    """A copy of the sound store, to be broken."""
    folder = tmp_path / "data"
    shutil.copytree(sound, folder)
    return Program(folder)


def looked(program: Program, *before: str, **variables: str) -> tuple[int, dict[str, str]]:
    """Exit code, and what mends each trouble, of the real command."""
    done = subprocess.run(
        [*before, PROGRAM, "doctor", "--json"],
        env={**program.environment, **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    told = json.loads(done.stdout)
    assert told["ok"] == (done.returncode == 0)
    assert all(one["what"] and one["mend"] for one in told["troubles"])
    return done.returncode, {
        one["code"]: one["mend"] for one in told["troubles"] if one["code"] not in UNKNOWN
    }


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with size and time of change."""
    return {p.name: (p.stat().st_size, p.stat().st_mtime_ns) for p in folder.iterdir()}


def test_sound_store_is_found_sound_and_left_as_it_was(program: Program) -> None:
    before = contents(program.folder)
    assert looked(program) == (0, {})
    assert contents(program.folder) == before


def test_watched_folder_that_cannot_be_used_is_named(program: Program) -> None:
    """A mount that is not there, a file in its place, a box that leads elsewhere."""
    place = program.folder / "inbox"
    shutil.rmtree(place, ignore_errors=True)
    place.symlink_to("/nowhere/at/all")
    code, mends = looked(program)
    assert (code, list(mends)) == (1, ["inbox"])
    assert str(place) in mends["inbox"]
    place.unlink()
    place.mkdir()
    (place / "done").symlink_to(program.folder)
    assert list(looked(program)[1]) == ["inbox"]


def test_running_program_is_not_taken_for_a_stranger(program: Program) -> None:
    program.start()
    try:
        assert looked(program) == (0, {})
    finally:
        program.kill()


def test_absent_store_is_told_and_not_made(tmp_path: Path) -> None:
    program = Program(tmp_path / "mistyped")
    code, troubles = looked(program)
    assert (code, set(troubles)) == (1, {"no_store"})
    assert "toancanh migrate" in troubles["no_store"]
    assert not program.folder.exists()


def on_city(program: Program, *statements: str) -> None:
    """Change city.db as nobody should."""
    with closing(sqlite3.connect(program.folder / "city.db")) as city:
        for statement in statements:
            city.execute(statement)
        city.commit()


def older(program: Program) -> None:
    on_city(program, "DELETE FROM django_migrations WHERE app = 'runtime' AND name = '0002_process'")


def newer(program: Program) -> None:
    on_city(
        program,
        "INSERT INTO django_migrations(app, name, applied) VALUES ('runtime', '0999_later', '2030-01-01')",
    )


def damaged(program: Program) -> None:
    (program.folder / "telemetry.db").write_bytes(b"no database at all, only text" * 100)


def orphaned(program: Program) -> None:
    (program.folder / "city.db").unlink()


def key_open(program: Program) -> None:
    (program.folder / "secret.key").chmod(0o644)


def stuck(program: Program) -> None:
    long_ago = "2026-01-01 00:00:00"
    on_city(
        program,
        "INSERT INTO journal_event(name, key, payload, created, next_at, attempts, fault, holder)"
        f" VALUES ('test.happened', '1', '{{}}', '{long_ago}', '{long_ago}', 9, 'not today', '')",
    )


def unsealed(program: Program) -> None:
    on_city(
        program,
        "INSERT INTO journal_entry(at, actor, post, action, subject, request, content, digest)"
        " VALUES ('2026-01-01 00:00:00', 'a', '', 'x', 's', '', '{}', 'd')",
    )


def rewritten(program: Program) -> None:
    on_city(program, "UPDATE journal_entry SET subject = 'thing:other' WHERE id = 1")


def silent(program: Program) -> None:
    at = f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(time.time() - 300))}"
    facts = f"'worker@x:8002', 'worker', 'x', 8002, 1, '1', '{at}', '{at}', '{{}}', '', NULL"
    on_city(program, f"INSERT INTO runtime_process VALUES ({facts})")


PLANTED: list[tuple[Callable[[Program], None], str, str]] = [
    (older, "store_older", "toancanh migrate"),
    (newer, "store_newer", "make run"),
    (damaged, "damaged", "copy back|bản sao"),
    (orphaned, "orphaned", "city.db"),
    (key_open, "key_open", "chmod 600"),
    (stuck, "outbox_stuck", "toancanh run worker"),
    (unsealed, "tail_unsealed", "toancanh run worker"),
    (rewritten, "chain_broken", "journal verify"),
    (silent, "role_silent", "toancanh run worker"),
]


@pytest.mark.parametrize(("plant", "code", "mend"), PLANTED, ids=[code for _, code, _ in PLANTED])
def test_fault_of_the_store_is_named(
    program: Program, plant: Callable[[Program], None], code: str, mend: str
) -> None:
    plant(program)
    before = contents(program.folder)
    status, troubles = looked(program)
    assert status == 1
    assert code in troubles
    assert any(word in troubles[code] for word in mend.split("|"))
    assert contents(program.folder) == before


def test_old_sqlite_is_named(program: Program, tmp_path: Path) -> None:
    # A library that says to be Debian's: the program asks nobody else for its version.
    stand_in = tmp_path / "old" / "pysqlite3"
    stand_in.mkdir(parents=True)
    (stand_in / "__init__.py").write_text(
        "from sqlite3 import *\nimport sqlite3\nsqlite_version = '3.40.1'\nsqlite_version_info = (3, 40, 1)\n"
        "def __getattr__(name):\n    return getattr(sqlite3, name)\n"
    )
    (stand_in / "dbapi2.py").write_text("from sqlite3.dbapi2 import *\nsqlite_version_info = (3, 40, 1)\n")
    path = os.pathsep.join([str(stand_in.parent), os.environ.get("PYTHONPATH", str(ROOT))])
    code, troubles = looked(program, PYTHONPATH=path)
    assert (code, "make run" in troubles["sqlite_old"]) == (1, True)


def test_settings_without_full_synchronisation_are_named(program: Program, tmp_path: Path) -> None:
    (tmp_path / "quick_settings.py").write_text(
        "from toancanh.site.settings import *\n"
        "DATABASES['default']['OPTIONS']['init_command'] = 'PRAGMA synchronous=OFF'\n"
    )
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", str(ROOT))])
    code, troubles = looked(program, PYTHONPATH=path, DJANGO_SETTINGS_MODULE="quick_settings")
    assert (code, "synchronous=FULL" in troubles["sqlite_unsafe"]) == (1, True)


HOLDER = """
import socket, sys, time
held = socket.socket()
held.bind(("127.0.0.1", int(sys.argv[1])))
held.listen()
time.sleep(60)
"""


@pytest.mark.parametrize(("variable", "code"), [("PORT", "port_taken"), ("MQTT_PORT", "mqtt_port_taken")])
def test_port_that_another_program_holds_is_named(program: Program, variable: str, code: str) -> None:
    port = free_port()
    other = subprocess.Popen([sys.executable, "-c", HOLDER, str(port)], cwd="/")
    try:
        end = time.monotonic() + 10
        while socket.socket().connect_ex(("127.0.0.1", port)) and time.monotonic() < end:
            time.sleep(0.05)
        status, troubles = looked(program, **{variable: str(port)})
    finally:
        other.kill()
        other.wait()
    assert (status, f"{variable}={port + 1}" in troubles[code]) == (1, True)


@pytest.mark.parametrize(
    ("variables", "code", "mend"),
    [
        ({"MQTT_PORT": "0x", "MQTT_HOST": ""}, "setting", "toancanh doctor"),
        ({"DATABASE_URL": "mysql://x"}, "setting", "toancanh doctor"),
        ({"BROKER_URL": "mqtt://127.0.0.1:1"}, "broker_unreachable", "BROKER_URL"),
        ({"DATABASE_URL": "postgresql://u@127.0.0.1:1/x"}, "database_away", "DATABASE_URL"),
    ],
)
def test_setting_that_leads_nowhere_is_named(
    program: Program, variables: dict[str, str], code: str, mend: str
) -> None:
    status, troubles = looked(program, **variables)
    assert (status, mend in troubles[code]) == (1, True)


def test_mqtt_beyond_this_machine_without_tls_is_named(program: Program) -> None:
    variables = {"MQTT_HOST": "0.0.0.0", "MQTT_PORT": str(free_port())}
    assert "MQTT_CERT" in looked(program, MQTT_PLAIN="1", **variables)[1]["mqtt_open"]
    assert "setting" in looked(program, **variables)[1]


def made_certificate(folder: Path, name: str, days: str) -> tuple[str, str]:
    """A certificate of our own and its key."""
    key, file = folder / f"{name}.key", folder / f"{name}.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    command += ["-keyout", str(key), "-out", str(file), "-days", days]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return str(file), str(key)


def test_certificate_that_does_not_serve_is_named(program: Program, tmp_path: Path) -> None:
    good, key = made_certificate(tmp_path, "good", "90")
    soon, soon_key = made_certificate(tmp_path, "soon", "3")
    port = str(free_port())
    assert looked(program, MQTT_CERT=good, MQTT_KEY=key, MQTT_PORT=port) == (0, {})
    assert "certificate_key" in looked(program, MQTT_CERT=good, MQTT_KEY=soon_key, MQTT_PORT=port)[1]
    assert "certificate_expires" in looked(program, MQTT_CERT=soon, MQTT_KEY=soon_key, MQTT_PORT=port)[1]


@contextmanager
def mosquitto(folder: Path) -> Iterator[int]:
    """A broker that knows one name and lets it write no receipts."""
    port, config = free_port(), folder / "mosquitto.conf"
    names, rights = folder / "names", folder / "rights"
    subprocess.run(["mosquitto_passwd", "-c", "-b", str(names), "city", "right"], check=True, timeout=20)
    rights.write_text("user city\ntopic read toancanh/#\n")
    lines = (f"listener {port} 127.0.0.1", f"password_file {names}", f"acl_file {rights}")
    config.write_text("\n".join((*lines, "allow_anonymous false", "user root\n")))
    broker = subprocess.Popen(["mosquitto", "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 10
        while socket.socket().connect_ex(("127.0.0.1", port)) and time.monotonic() < end:
            time.sleep(0.05)
        yield port
    finally:
        broker.kill()
        broker.wait()


@pytest.mark.mosquitto
def test_broker_that_refuses_is_named(program: Program, tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port:
        wrong = looked(program, BROKER_URL=f"mqtt://city:wrong@127.0.0.1:{port}")
        assert "BROKER_URL" in wrong[1]["broker_refused"]
        narrow = looked(program, BROKER_URL=f"mqtt://city:right@127.0.0.1:{port}")
        assert "(write) toancanh/+/ack" in narrow[1]["broker_acl"]


@pytest.mark.root
def test_folder_of_another_user_is_named(program: Program) -> None:
    os.chown(program.folder / "city.db", 65534, 65534)
    assert "chown" in looked(program)[1]["wrong_owner"]


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[Path]:
    """A small disk."""
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True, timeout=20
    )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=20)


@pytest.mark.root
@pytest.mark.faults
def test_disk_nearly_full_and_one_that_cannot_be_written_are_named(sound: Path, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "20m") as disk:
        shutil.copytree(sound, disk / "data")
        program = Program(disk / "data")
        used = shutil.disk_usage(disk).used
        (disk / "ballast").write_bytes(b"x" * (18 * 1024 * 1024 - used))
        assert "disk_low" in looked(program)[1]
        (disk / "ballast").write_bytes(b"x" * (int(19.5 * 1024 * 1024) - used))
        assert "disk_full" in looked(program)[1]
        (disk / "ballast").unlink()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True, timeout=20)
        assert "folder_unwritable" in looked(program)[1]


@pytest.mark.faketime
def test_clock_that_is_behind_the_journal_is_named(program: Program) -> None:
    # Files keep their times, or the compiled program would look out of date and be written anew.
    code, troubles = looked(program, "faketime", "-f", "-2d", NO_FAKE_STAT="1")
    assert (code, "timedatectl" in troubles["clock_behind"]) == (1, True)


@pytest.mark.postgres
def test_server_that_may_lose_what_it_acknowledged_is_named(program: Program) -> None:
    with postgres_cluster() as cluster:
        program.variables["DATABASE_URL"] = cluster.fresh()
        program.do("migrate")
        assert looked(program)[1] == {}
        with psycopg.connect(cluster.url, autocommit=True) as connection:
            for name in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(f"ALTER SYSTEM SET {name} = off".encode())
            connection.execute("SELECT pg_reload_conf()")
        time.sleep(0.5)
        troubles = looked(program)[1]
        assert all(name in troubles["postgres_unsafe"] for name in ("fsync", "full_page_writes"))
        cluster.stop()
        assert "systemctl status postgresql" in looked(program)[1]["database_away"]


@pytest.mark.postgres
def test_empty_database_is_told_to_be_migrated(program: Program) -> None:
    assert looked(program, DATABASE_URL=shared_cluster().fresh())[1]["store_older"] == "toancanh migrate"


def test_people_are_told_in_their_language(program: Program) -> None:
    key_open(program)
    for language, word in (("vi", "người khác đọc được"), ("en", "can be read by others")):
        done = subprocess.run(
            [PROGRAM, "doctor"],
            env={**program.environment, "TOANCANH_LANGUAGE": language},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, word in done.stdout, "→ chmod 600" in done.stdout) == (1, True, True)
