"""Where the outside broker is and as whom we sign in to it; plain Python, read from the environment."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

PORT, TLS_PORT = 1883, 8883


class BadAddress(ValueError):
    """BROKER_URL cannot be understood; the text of the fault never holds the password."""


@dataclass(frozen=True)
class Address:
    """A broker; ``group`` is the shared subscription of several ingest processes, empty for one alone."""

    host: str
    port: int = PORT
    is_tls: bool = False
    user: str = ""
    password: str = field(default="", repr=False)
    authority: Path | None = None
    """Certificates that are trusted instead of the system's."""
    group: str = ""

    def __str__(self) -> str:
        """As an administrator may see it: without the password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.is_tls else 'mqtt'}://{host}:{self.port}"

    def context(self) -> ssl.SSLContext | None:
        """What its certificate is checked with; None where the connection is not encrypted."""
        if not self.is_tls:
            return None
        return ssl.create_default_context(cafile=None if self.authority is None else str(self.authority))


def parsed(url: str, group: str = "", authority: Path | None = None) -> Address:
    """The address that ``mqtt://user:password@host:port`` or ``mqtts://…`` names; raises BadAddress."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadAddress from None
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or port == 0:
        raise BadAddress
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise BadAddress
    is_tls = parts.scheme == "mqtts"
    return Address(
        parts.hostname,
        port or (TLS_PORT if is_tls else PORT),
        is_tls,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        authority,
        group,
    )
