"""The few things that come from outside: environment variables, each read in one place."""

from __future__ import annotations

import os
from pathlib import Path


def data_folder() -> Path:
    """TOANCANH_DATA: where city.db, telemetry.db and the keys lie; ``data`` here unless set."""
    return Path(os.environ.get("TOANCANH_DATA") or "data").resolve()


def database_url() -> str:
    """DATABASE_URL: ``postgresql://user:password@host:port/name`` instead of the SQLite files."""
    url = os.environ.get("DATABASE_URL", "").strip()
    if url and not url.startswith(("postgresql://", "postgres://")):
        raise SystemExit("DATABASE_URL must begin with postgresql:// (or be empty for SQLite)")
    return url


def port() -> int:
    """PORT: where the program listens on this machine; 8000 unless set."""
    value = os.environ.get("PORT") or "8000"
    if not value.isdigit() or not 0 < int(value) < 65536:
        raise SystemExit(f"PORT must be a number from 1 to 65535, not {value!r}")
    return int(value)


def demo() -> bool:
    """DEMO: 0 starts empty; anything else fills a new store with the demo city."""
    return os.environ.get("DEMO", "1").strip().lower() not in ("0", "no", "false", "off")


def hosts() -> list[str]:
    """TOANCANH_HOSTS: names under which the program answers, separated by commas."""
    given = [host.strip() for host in os.environ.get("TOANCANH_HOSTS", "").split(",") if host.strip()]
    return ["localhost", "127.0.0.1", "[::1]", *given]


def test_database() -> str:
    """TOANCANH_TEST_DB: a file for the tests' database where memory can't be shared."""
    return os.environ.get("TOANCANH_TEST_DB", ":memory:")
