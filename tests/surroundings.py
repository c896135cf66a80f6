"""What the tests run in: set before Django reads its settings. Loaded by pytest as a plugin, early."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests import postgres


def engine(argv: list[str]) -> str:
    """The database that the command line asks for."""
    for number, word in enumerate(argv):
        if word.startswith("--engine"):
            return word.partition("=")[2] or argv[number + 1]
    return os.environ.get("TOANCANH_TEST_ENGINE", "sqlite")


def lay_out() -> None:
    """A folder of our own, no demo, and a PostgreSQL of our own when it is asked for."""
    folder = Path(tempfile.mkdtemp(prefix="toancanh-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["TOANCANH_DATA"] = str(folder)
    os.environ["DEMO"] = "0"
    os.environ.pop("PORT", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "toancanh.site.settings"
    os.environ["TOANCANH_TEST_ENGINE"] = engine(sys.argv)
    if os.environ["TOANCANH_TEST_ENGINE"] != "postgresql":
        os.environ.pop("DATABASE_URL", None)
    elif "PYTEST_XDIST_WORKER" not in os.environ and postgres.postgres_available() is None:
        running = postgres.postgres_cluster()
        os.environ["DATABASE_URL"] = running.__enter__().database("toancanh")
        atexit.register(running.__exit__, None, None, None)


lay_out()
