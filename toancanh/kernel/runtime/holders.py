"""Names under which a process holds work in the store, by which others see that it has died holding it."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
from pathlib import Path


def fresh() -> str:
    """A name that nobody else holds by; tells machine and process."""
    return f"{_here()}-{os.getpid()}-{secrets.token_hex(6)}"


def is_dead(holder: str) -> bool:
    """Whether the holder was a process of this machine that has ended: nobody need wait for its lease.

    A number that another process bears by now counts as living; the lease then runs out as it always does.
    """
    host, _between, rest = holder.partition("-")
    pid = rest.partition("-")[0]
    return (
        host == _here()
        and pid.isdigit()
        and not Path(f"/proc/{pid}").exists()
        and Path("/proc/self").exists()
    )


def _here() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
