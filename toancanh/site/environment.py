"""The few things that come from outside: environment variables, each read in one place."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from toancanh.kernel.exchange.broker.address import Address, BadAddress, parsed
from toancanh.site.speech import _

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_looks_only = False
PORTS = {"": 8000, "web": 8000, "ingest": 8001, "worker": 8002}
"""Where each role listens unless PORT is set, so that one of each may stand on one machine."""


@dataclass(frozen=True)
class Mqtt:
    """Where the MQTT door listens; with certificate and key it speaks TLS."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None
    is_chosen: bool = True
    """Whether somebody asked for just this port; the usual one may be left to whoever has it."""

    @property
    def is_open(self) -> bool:
        """Whether passwords and readings cross a network unencrypted."""
        return self.certificate is None and not is_here(self.host)


def is_here(host: str) -> bool:
    """Whether nobody but this machine reaches the address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def only_look() -> None:
    """From now on nothing is made or written: to be called before the settings are read."""
    global _looks_only
    _looks_only = True


def looks_only() -> bool:
    """Whether this process must leave no trace."""
    return _looks_only


def to_look_at(file: Path) -> str:
    """The address of an SQLite file that opens it without leaving anything beside it.

    Nobody writes to a file that has no log beside it: then not even the log's own files are needed.
    """
    mode = "mode=ro" if Path(f"{file}-wal").exists() else "immutable=1"
    return f"{file.as_uri()}?{mode}"


def data_folder() -> Path:
    """TOANCANH_DATA: where city.db, telemetry.db and the keys lie; ``data`` here unless set."""
    return Path(os.environ.get("TOANCANH_DATA") or "data").resolve()


def database_url() -> str:
    """DATABASE_URL: ``postgresql://user:password@host:port/name`` instead of the SQLite files."""
    url = os.environ.get("DATABASE_URL", "").strip()
    if url and not url.startswith(("postgresql://", "postgres://")):
        raise SystemExit(_("DATABASE_URL must begin with postgresql:// (or be empty for SQLite)."))
    try:
        urlsplit(url).port  # noqa: B018 - looked at for its fault
    except ValueError as fault:
        raise SystemExit(_("DATABASE_URL has an impossible port or host.")) from fault
    return url


def check(*, makes_store: bool) -> None:
    """End with a sentence where there is no store, unless the command makes one; leave nothing behind."""
    folder, url = data_folder(), database_url()
    if folder.exists() and not folder.is_dir():
        raise SystemExit(_("TOANCANH_DATA names a file, not a folder: %(folder)s") % {"folder": folder})
    if makes_store:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            text = _("The folder of TOANCANH_DATA cannot be made: %(fault)s")
            raise SystemExit(text % {"fault": fault}) from fault
    elif not url and not (folder / "city.db").exists():
        text = _("There is no store in %(folder)s. Set TOANCANH_DATA, or make one: toancanh migrate")
        raise SystemExit(text % {"folder": folder})


def port(role: str = "") -> int:
    """PORT: where the role listens on this machine."""
    return port_number("PORT", PORTS[role], lowest=1)


def port_number(name: str, unless_set: int, *, lowest: int) -> int:
    """The variable as a port; ends with a sentence where it is none."""
    value = os.environ.get(name, "").strip() or str(unless_set)
    if not (value.isascii() and value.isdigit() and len(value) < 6 and lowest <= int(value) < 65536):
        text = _("%(name)s must be a number from %(lowest)s to 65535, not %(value)s.")
        raise SystemExit(text % {"name": name, "lowest": lowest, "value": repr(value)})
    return int(value)


def inbox_settled() -> int:
    """INBOX_SETTLED: for how many seconds a file in the watched folder must lie unchanged; 4 unless set."""
    value = os.environ.get("INBOX_SETTLED", "").strip() or "4"
    if not (value.isascii() and value.isdigit() and len(value) < 5 and 1 <= int(value) <= 3600):
        text = _("INBOX_SETTLED must be a number of seconds from 1 to 3600, not %(value)s.")
        raise SystemExit(text % {"value": repr(value)})
    return int(value)


def megabytes(name: str, unless_set: int) -> int:
    """The variable as the size of the largest file of a kind, which is held in memory whole."""
    value = os.environ.get(name, "").strip() or str(unless_set)
    if not (value.isascii() and value.isdigit() and len(value) < 4 and 1 <= int(value) <= 100):
        text = _("%(name)s must be a number of megabytes from 1 to 100, not %(value)s.")
        raise SystemExit(text % {"name": name, "value": repr(value)})
    return int(value)


def mqtt() -> Mqtt | None:
    """The MQTT door by MQTT_PORT, MQTT_HOST, MQTT_CERT, MQTT_KEY and MQTT_PLAIN; None where there is none.

    Beyond this machine it needs TLS, unless MQTT_PLAIN=1 says that the network is trusted.
    """
    port = port_number("MQTT_PORT", 1883, lowest=0)
    if port == 0:
        return None
    host = os.environ.get("MQTT_HOST", "").strip() or "127.0.0.1"
    certificate, key = (readable(name) for name in ("MQTT_CERT", "MQTT_KEY"))
    if (certificate is None) != (key is None):
        raise SystemExit(_("MQTT_CERT and MQTT_KEY belong together: set both or neither."))
    made = Mqtt(host, port, certificate, key, is_chosen=bool(os.environ.get("MQTT_PORT", "").strip()))
    if made.is_open and os.environ.get("MQTT_PLAIN", "").strip() != "1":
        text = _(
            "MQTT on %(host)s needs TLS: set MQTT_CERT and MQTT_KEY, or MQTT_PLAIN=1 on a trusted network."
        )
        raise SystemExit(text % {"host": host})
    return made


def readable(name: str) -> Path | None:
    """The file that the variable names; ends with a sentence where it cannot be read."""
    value = os.environ.get(name, "").strip()
    if value and not os.access(value, os.R_OK):
        raise SystemExit(_("%(name)s names no readable file: %(file)s") % {"name": name, "file": value})
    return Path(value).resolve() if value else None


def broker() -> Address | None:
    """The outside broker: BROKER_URL ``mqtt://user:password@host:port`` or ``mqtts://``; None without.

    BROKER_CA is the authority that signed its certificate where the system does not know it, BROKER_SHARE the
    group in which several ingest processes share its messages.
    """
    value = os.environ.get("BROKER_URL", "").strip()
    if not value:
        return None
    group = os.environ.get("BROKER_SHARE", "").strip()
    if not group.isprintable() or set(group) & set("/+#") or len(group) > 60:
        raise SystemExit(_("BROKER_SHARE must be a name without / + and #."))
    try:
        return parsed(value, group, readable("BROKER_CA"))
    except BadAddress:
        # The address itself is not told: it holds a password.
        text = _("BROKER_URL must look like mqtt://user:password@host:1883 (or mqtts://).")
        raise SystemExit(text) from None


def demo() -> bool:
    """DEMO: 0 starts empty; anything else fills a new store with the demo city."""
    return os.environ.get("DEMO", "1").strip().lower() not in ("0", "no", "false", "off")


def hosts() -> list[str]:
    """TOANCANH_HOSTS: names under which the program answers, separated by commas."""
    return ["localhost", "127.0.0.1", "[::1]", *hosts_beyond()]


def hosts_beyond() -> list[str]:
    """Those of TOANCANH_HOSTS alone."""
    return [host.strip() for host in os.environ.get("TOANCANH_HOSTS", "").split(",") if host.strip()]


def test_database() -> str:
    """TOANCANH_TEST_DB: a file for the tests' database where memory can't be shared."""
    return os.environ.get("TOANCANH_TEST_DB", ":memory:")


def public_url() -> str:
    """PUBLIC_URL: how citizens reach the site, such as https://toancanh.hue.gov.vn; for links in messages."""
    url = os.environ.get("PUBLIC_URL", "").strip().rstrip("/")
    if url and not url.startswith(("http://", "https://")):
        raise SystemExit(_("PUBLIC_URL must begin with https:// (or http://), not %(url)s.") % {"url": url})
    return url


def push_hosts() -> tuple[str, ...]:
    """PUSH_HOSTS: push services (host:port) beside those of the usual browsers, for tests and own ones."""
    return tuple(os.environ.get("PUSH_HOSTS", "").replace(",", " ").split())


def egress_allow() -> tuple[str, ...]:
    """EGRESS_ALLOW: networks that requests may reach although they are closed, such as 127.0.0.0/8."""
    return tuple(map(str, networks("EGRESS_ALLOW")))


def metrics_from() -> tuple[Network, ...]:
    """METRICS_FROM: networks that may read /metrics, beside this machine itself."""
    return (*networks("METRICS_FROM"), ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1"))


def networks(name: str) -> tuple[Network, ...]:
    """The networks and addresses that the variable lists, separated by commas or spaces."""
    found: list[Network] = []
    for text in os.environ.get(name, "").replace(",", " ").split():
        try:
            found.append(ipaddress.ip_network(text))
        except ValueError as fault:
            said = _("%(name)s must hold networks such as 127.0.0.0/8, not %(text)s")
            raise SystemExit(said % {"name": name, "text": repr(text)}) from fault
    return tuple(found)
