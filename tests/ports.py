"""Ports for servers of the tests that no other test and no outgoing connection gets in between.

A port of the ephemeral range may be given to any connection on this machine while its server is down for a
moment; worse, a client that asks such a port again and again is one day given it as its own and then talks to
itself. So ports are taken below that range and held for this process, across the workers of a run.
"""

from __future__ import annotations

import random
import socket
from pathlib import Path

FIRST, LAST = 10_240, 65_535
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_held: list[socket.socket] = []


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, this process's own until it ends."""
    low, high = _ephemeral()
    ports = [*range(FIRST, low), *range(high + 1, LAST + 1)]
    for port in random.SystemRandom().sample(ports, min(len(ports), 500)):
        if _is_free(port) and _hold(port):
            return port
    raise AssertionError("no port is free below or above the ephemeral range")


def _ephemeral() -> tuple[int, int]:
    try:
        low, high = map(int, _RANGE.read_text().split())
    except OSError:  # not Linux
        return 32_768, LAST
    # Where outgoing connections may have any port, there is no better place.
    return (low, high) if low > FIRST + 1_000 else (LAST + 1, LAST + 1)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _hold(port: int) -> bool:
    """Claim the number among the processes of the tests; the claim ends with the process."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        # In the abstract namespace: no file is left behind.
        claim.bind(f"\0toancanh-test-port-{port}")
    except OSError:
        claim.close()
        return False
    _held.append(claim)
    return True
