"""Ports and the outside broker."""

from __future__ import annotations

import errno
import http.client
import json
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.broker.look import look
from toancanh.lib.trouble import Trouble
from toancanh.site import environment
from toancanh.site.listening import EVERYWHERE

PATIENCE = 3.0


def ports() -> Iterator[Trouble]:
    """PORT and MQTT_PORT: free, or held by this program."""
    port = environment.port()
    if is_taken(settings.LISTENING.host, port) and not answers_as_us(port) and not is_ours(port):
        yield _taken("port_taken", port, "PORT")
    wanted = environment.mqtt()
    if wanted is not None and is_taken(wanted.host, wanted.port) and not is_ours(wanted.port):
        yield _taken("mqtt_port_taken", wanted.port, "MQTT_PORT")


def _taken(code: str, port: int, variable: str) -> Trouble:
    what = _("Port %(port)s (%(variable)s) is taken by another program: %(who)s.")
    who = ", ".join(sorted(holders(port))) or _("who cannot be seen from this account")
    mend = _("Stop that program (ss -ltnp), or choose another port: %(other)s")
    facts = {"port": port, "variable": variable, "who": who, "other": f"{variable}={port % 65535 + 1}"}
    return Trouble(code, True, what % facts, mend % facts)


def is_taken(host: str, port: int) -> bool:
    """Whether nobody else could listen there now."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            # Two may be bound with that option set, but only one may listen.
            probe.listen(1)
    except OSError as fault:
        return fault.errno == errno.EADDRINUSE
    return False


def answers_as_us(port: int) -> bool:
    """Whether this program speaks at the port."""
    host = settings.LISTENING.host
    host = "127.0.0.1" if host in EVERYWHERE else host
    plain: http.client.HTTPConnection
    if settings.LISTENING.speaks_tls:
        # What it shows is examined elsewhere; here only whether it is this program.
        blind = ssl._create_unverified_context()
        plain = http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=blind)
    else:
        plain = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    with closing(plain) as connection:
        try:
            connection.request("GET", "/healthz")
            return set(json.loads(connection.getresponse().read(1000))) >= {"status", "version"}
        except (OSError, http.client.HTTPException, ValueError, TypeError):
            return False


def is_ours(port: int) -> bool:
    """Whether a process of this program holds the port, or one that may not be seen while ours run."""
    found = holders(port)
    return any("toancanh" in name for name in found) or (not found and _runs())


def _runs() -> bool:
    """Whether a process on this folder holds its lock."""
    import fcntl

    for name in ("run.lock", "run-ingest.lock"):
        with suppress(FileNotFoundError), (settings.DATA / name).open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
    return False


def holders(port: int) -> set[str]:
    """Commands that listen at a port, as far as this account may see them."""
    nodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                part = line.split()
                if part[3] == "0A" and int(part[1].rpartition(":")[2], 16) == port:
                    nodes.add(f"socket:[{part[9]}]")
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if any(os.readlink(link) in nodes for link in (process / "fd").iterdir()):
                words = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
                found.add(f"{' '.join(words[:3]).strip()} ({process.name})")
    return found


def outside_broker() -> Iterator[Trouble]:
    """Whether the broker lets us in, listen, and answer."""
    address = environment.broker()
    if address is not None and (trouble := look(address)) is not None:
        yield trouble


CHECKS = (ports, outside_broker)
