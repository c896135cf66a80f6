"""The few things that come from outside: environment variables, each read in one place."""

from __future__ import annotations

import gettext
import os
from pathlib import Path
from urllib.parse import urlsplit


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


def language() -> str:
    """TOANCANH_LANGUAGE: in which commands speak, vi or en."""
    return "en" if os.environ.get("TOANCANH_LANGUAGE", "").startswith("en") else "vi"


def _(text: str) -> str:
    # Django cannot translate before the settings are read, and reading them is what is guarded here.
    locale = Path(__file__).resolve().parents[1] / "locale"
    return gettext.translation("django", locale, [language()], fallback=True).gettext(text)


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
