"""How pages and doors are reached: on this machine alone, by HTTPS, or behind a proxy that speaks it.

Beyond this machine nothing is told in the clear. Who sets HOST names a certificate (TLS_CERT and TLS_KEY), or
the proxies that hold one (TRUSTED_PROXIES), or neither: then the program makes its own (`authority`).
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from toancanh.site import environment
from toancanh.site.environment import Network
from toancanh.site.speech import _

EVERYWHERE = ("0.0.0.0", "::", "*")
HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Listening:
    """Where the pages listen, and what they show to whom."""

    host: str = "127.0.0.1"
    names: tuple[str, ...] = ()
    """Under which people reach it beyond this machine, addresses without brackets."""
    certificate: Path | None = None
    key: Path | None = None
    proxies: tuple[Network, ...] = ()
    http_port: int = 0
    """Where plain HTTP is answered with the way to HTTPS; 0: nowhere."""

    @property
    def is_own(self) -> bool:
        """Whether the program's own authority makes the certificate."""
        return not environment.is_here(self.host) and self.certificate is None and not self.proxies

    @property
    def speaks_tls(self) -> bool:
        """Whether this port itself is HTTPS."""
        return self.certificate is not None or self.is_own

    @property
    def is_secure(self) -> bool:
        """Whether people come by HTTPS: cookies are then told over nothing else."""
        return self.speaks_tls or bool(self.proxies)

    @property
    def is_lasting(self) -> bool:
        """Whether browsers may be told to come by HTTPS only, for a year.

        Not of an own authority: who makes it anew would lock out all who do not trust the new one yet.
        """
        return self.is_secure and not self.is_own

    def origins(self, port: int) -> list[str]:
        """From where forms may come, as browsers name it."""
        scheme = "https" if self.speaks_tls else "http"
        names = [name for name in self.names if name != "*"]
        found = [f"{scheme}://{written(name)}:{port}" for name in (*HERE, *names)]
        if self.is_secure:
            # A proxy may show another port, or none, and may have replaced the name.
            found += [f"https://{written(name)}" for name in names]
            found += [f"https://{written(name)}:{port}" for name in names]
        return list(dict.fromkeys(found))

    def public_url(self, port: int) -> str:
        """Where the public finds it: the address in feeds."""
        plain = [name for name in self.names if name[0] not in "*."]
        if self.proxies and plain:
            return f"https://{written(plain[0])}/"
        return self.url(port)

    def beyond(self, port: int) -> str:
        """The same, where it leads here from other machines too; else empty."""
        named = any(name[0] not in "*." for name in self.names)
        return self.public_url(port).rstrip("/") if named and self.is_secure else ""

    def url(self, port: int) -> str:
        """Where a person finds it, to be printed."""
        if not self.speaks_tls:
            return f"http://localhost:{port}/"
        plain = [name for name in self.names if name[0] not in "*."]
        return f"https://{written((plain or ['localhost'])[0])}:{port}/".replace(":443/", "/")


def written(name: str) -> str:
    """A name as it stands in an origin: IPv6 in brackets, a whole domain as ``*.domain``."""
    return f"*{name}" if name.startswith(".") else bracketed(name)


def bracketed(name: str) -> str:
    """A name as requests bear it: IPv6 in brackets."""
    return f"[{name}]" if ":" in name else name


def wanted(port: int) -> Listening:
    """HOST, TLS_CERT, TLS_KEY, TRUSTED_PROXIES, HTTP_PORT and TOANCANH_HOSTS.

    Ends with a sentence where they clash.
    """
    host = os.environ.get("HOST", "").strip() or "127.0.0.1"
    certificate, key = (environment.readable(name) for name in ("TLS_CERT", "TLS_KEY"))
    if (certificate is None) != (key is None):
        raise SystemExit(_("TLS_CERT and TLS_KEY belong together: set both or neither."))
    proxies = environment.networks("TRUSTED_PROXIES")
    if certificate is not None and proxies:
        text = _(
            "TLS_CERT is for a program that people reach directly, TRUSTED_PROXIES for one behind a proxy."
        )
        raise SystemExit(text)
    names = tuple(name.strip("[]") for name in environment.hosts_beyond())
    if host not in EVERYWHERE and not environment.is_here(host) and host not in names:
        names = (*names, host)
    made = Listening("0.0.0.0" if host == "*" else host, names, certificate, key, proxies)
    if made.is_own and not [name for name in names if name != "*"]:
        text = _(
            "HOST=%(host)s lets others in: name what they type in TOANCANH_HOSTS, such as "
            "TOANCANH_HOSTS=ioc.example.vn,192.168.1.5"
        )
        raise SystemExit(text % {"host": host})
    unless_set = 80 if made.speaks_tls and port == 443 else 0
    http_port = environment.port_number("HTTP_PORT", unless_set, lowest=0)
    if http_port and not made.speaks_tls:
        raise SystemExit(_("HTTP_PORT leads from http to https; this program does not speak https here."))
    if http_port == port:
        raise SystemExit(_("HTTP_PORT and PORT must differ."))
    return Listening(made.host, names, certificate, key, proxies, http_port)


def is_address(name: str) -> bool:
    """Whether it is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
