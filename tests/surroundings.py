"""What the tests run in: set before Django reads its settings. Loaded by pytest as a plugin, early."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

import psycopg

from tests import postgres


def engine(argv: list[str]) -> str:
    """The database that the command line asks for; workers are told by the environment."""
    for number, word in enumerate(argv):
        if word == "--engine" and number + 1 < len(argv):
            return argv[number + 1]
        if word.startswith("--engine="):
            return word.partition("=")[2]
    return os.environ.get("TOANCANH_TEST_ENGINE", "sqlite")


def lay_out() -> None:
    """A folder of our own, no demo, and a PostgreSQL of our own when it is asked for."""
    # Importing makes much that stays and hardly any garbage: until all is collected, nobody looks for it.
    gc.disable()
    folder = Path(tempfile.mkdtemp(prefix="toancanh-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["TOANCANH_DATA"] = str(folder)
    os.environ["DEMO"] = "0"
    os.environ["DJANGO_SETTINGS_MODULE"] = "toancanh.site.settings"
    os.environ["TOANCANH_TEST_ENGINE"] = engine(sys.argv)
    os.environ["TOANCANH_LANGUAGE"] = "vi"
    # The program is started more than a hundred times: compiled once, as an installed one is.
    sys.dont_write_bytecode = False
    for name in ("PORT", "TOANCANH_HOSTS", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    # Of the whole run: what one worker has made there, the others copy.
    os.environ["TOANCANH_TEST_SHARED"] = str(folder)
    os.environ.pop("DATABASE_URL", None)
    if os.environ["TOANCANH_TEST_ENGINE"] == "postgresql" and postgres.postgres_available() is None:
        os.environ["DATABASE_URL"] = server()


def server() -> str:
    """A PostgreSQL for this run, gone with it; nothing here outlives the run, so it need not sync."""
    running = postgres.postgres_cluster()
    cluster = running.__enter__()
    atexit.register(running.__exit__, None, None, None)
    with psycopg.connect(cluster.url, autocommit=True, connect_timeout=10) as connection:
        for setting in ("fsync = off", "full_page_writes = off"):
            connection.execute(f"ALTER SYSTEM SET {setting}".encode())
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CREATE DATABASE toancanh")
    return cluster.database("toancanh")


lay_out()
