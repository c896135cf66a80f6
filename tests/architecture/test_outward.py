"""Nothing leaves the machine but through the egress door; who may open a connection himself is named here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "toancanh"
CLIENTS = frozenset(
    (
        "httpx", "httpcore", "requests", "urllib3", "aiohttp", "urllib.request", "http.client", "ftplib",
        "smtplib", "imaplib", "poplib", "telnetlib", "nntplib", "xmlrpc.client", "socketserver", "paramiko",
        "gmqtt", "paho", "websockets", "pycurl",
    )
)  # fmt: skip
CALLS = frozenset(
    (
        "create_connection", "open_connection", "open_unix_connection", "create_datagram_endpoint", "connect",
        "connect_ex", "sendto", "urlopen", "urlretrieve", "getaddrinfo", "gethostbyname", "sock_connect",
    )
)  # fmt: skip
PROGRAMS = ("curl", "wget", "ssh", "nc", "scp", "rsync")

HINT = re.compile(
    rf"(?:import|from) (?:{'|'.join(sorted({name.partition('.')[0] for name in CLIENTS}))})\b"
    rf"|\b(?:{'|'.join(sorted(CALLS))})\(|[\"'](?:{'|'.join(PROGRAMS)})[\"']"
)
"""Most modules hold none of these words, and need not be parsed."""

# Who opens connections, what for, and with which of the names above.
ALLOWED = {
    "kernel/runtime/egress.py": {"httpx", "getaddrinfo"},
    # The same door for many requests: it connects to the addresses that the door has judged, and to no other.
    "kernel/runtime/posting.py": {"create_connection"},
    # Mail, to the addresses that the egress door has judged.
    "kernel/notify/channels/email.py": {"smtplib", "create_connection"},
    # The outside broker, at the address of BROKER_URL that the host's administrator sets.
    "kernel/exchange/broker/link.py": {"gmqtt", "connect"},
    "kernel/exchange/broker/troubles.py": {"gmqtt"},
    # doctor looks whether our own ports answer.
    "site/doctor/network.py": {"http.client", "getaddrinfo"},
    "site/doctor/machine.py": {"connect"},
    "site/doctor/store.py": {"connect"},
    # The simulator is a client of our own door.
    "site/simulate/door.py": {"http.client"},
    # So is the demo's living day.
    "site/demo_day.py": {"http.client"},
    # The name under which the program itself listens.
    "site/server.py": {"getaddrinfo"},
    # Databases: files of SQLite, and the server of DATABASE_URL.
    "kernel/telemetry/store_sqlite.py": {"connect"},
    "kernel/telemetry/store_postgres.py": {"connect"},
}


def used(path: Path) -> Iterator[str]:
    """Names by which a module may open a connection to elsewhere."""
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)) if HINT.search(text) else ():
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            names = []
            if name in CALLS:
                yield name
        elif isinstance(node, ast.List) and node.elts and isinstance(node.elts[0], ast.Constant):
            # A command line as subprocess takes it.
            names = []
            if node.elts[0].value in PROGRAMS:
                yield str(node.elts[0].value)
        else:
            continue
        for name in names:
            parts = name.split(".")
            yield from (client for n in range(len(parts)) if (client := ".".join(parts[: n + 1])) in CLIENTS)


SOURCES = sorted(path for path in ROOT.rglob("*.py") if "tests" not in path.relative_to(ROOT).parts)


@pytest.mark.slow
def test_only_the_egress_door_and_the_named_few_open_connections() -> None:
    found = {}
    for path in SOURCES:
        name = str(path.relative_to(ROOT))
        if more := set(used(path)) - ALLOWED.get(name, set()):
            found[name] = sorted(more)
    assert found == {}, "fetch through kernel/runtime/egress.py"


@pytest.mark.slow
def test_no_exception_outlives_its_reason() -> None:
    stale = {name: sorted(names - set(used(ROOT / name))) for name, names in ALLOWED.items()}
    assert {name: names for name, names in stale.items() if names} == {}


@pytest.mark.parametrize(
    "text",
    [
        "import httpx",
        "from urllib import request",
        "import urllib.request as r",
        "from http.client import HTTPConnection",
        "import socket\nsocket.create_connection(('x', 1))",
        "from asyncio import open_connection\nopen_connection('x', 1)",
        "import subprocess\nsubprocess.run(['curl', 'x'])",
        "s.connect(('x', 1))",
    ],
)
def test_a_way_out_is_seen(tmp_path: Path, text: str) -> None:
    path = tmp_path / "module.py"
    path.write_text(text)
    assert list(used(path))
