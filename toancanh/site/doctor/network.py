"""Ports, certificates and the outside broker."""

from __future__ import annotations

import errno
import http.client
import json
import os
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.broker.look import look
from toancanh.lib.trouble import Trouble
from toancanh.site import environment

PATIENCE = 3.0
SOON = 14 * 86_400
"""Seconds before its end that a certificate is told of."""


def ports() -> Iterator[Trouble]:
    """PORT and MQTT_PORT: free, or held by this program."""
    port = environment.port()
    if is_taken("127.0.0.1", port) and not answers_as_us(port) and not is_ours(port):
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
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
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


def certificate() -> Iterator[Trouble]:
    """The certificate of the MQTT door: of its key, and of today."""
    wanted = environment.mqtt()
    if wanted is None or wanted.certificate is None or wanted.key is None:
        return
    facts = {"file": wanted.certificate}
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(wanted.certificate, wanted.key)
    except (ssl.SSLError, OSError) as fault:
        what = _("MQTT_CERT and MQTT_KEY do not belong together or are damaged: %(fault)s")
        mend = _("Set the certificate in PEM and the key that it was made with.")
        yield Trouble("certificate_key", True, what % {"fault": fault}, mend)
        return
    end = _ends(wanted.certificate)
    mend = _("Have a new certificate made, put it in its place, and start the program again.")
    if end < time.time():
        yield Trouble("certificate_expired", True, _("The certificate has expired: %(file)s") % facts, mend)
    elif end < time.time() + SOON:
        what = _("The certificate expires within two weeks: %(file)s") % facts
        yield Trouble("certificate_expires", False, what, mend)


def _ends(file: Path) -> float:
    """When the certificate ends. The public part of `ssl` tells that only of a peer's."""
    decoded = ssl._ssl._test_decode_cert(str(file))  # type: ignore[attr-defined]
    return ssl.cert_time_to_seconds(decoded["notAfter"])


def outside_broker() -> Iterator[Trouble]:
    """Whether the broker lets us in, listen, and answer."""
    address = environment.broker()
    if address is not None and (trouble := look(address)) is not None:
        yield trouble


CHECKS = (ports, certificate, outside_broker)
