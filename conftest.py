"""Fixtures of the whole suite, and what is told of tests that cannot run on this machine."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from tests import postgres
from toancanh.kernel.telemetry import announce, engine
from toancanh.kernel.telemetry.store import Store, open_store
from toancanh.kernel.territory import boundaries
from toancanh.kernel.territory import pages as outlines

ENGINE = os.environ["TOANCANH_TEST_ENGINE"]
NUMBERS = itertools.count()
LEFT_OUT = pytest.StashKey[dict[str, int]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """--engine postgresql runs the suite on a PostgreSQL of its own."""
    parser.addoption("--engine", choices=("sqlite", "postgresql"), default=ENGINE)


def missing() -> dict[str, str]:
    """What this machine lacks, by the mark of the tests that need it."""
    lacks = {}
    reason = postgres.postgres_available()
    if reason is not None:
        lacks["postgres"] = reason
    if shutil.which("chromium") is None and not Path("/usr/bin/chromium").exists():
        lacks["browser"] = "no Chromium (Debian: apt-get install chromium)"
    if os.getuid() != 0:
        lacks["root"] = "only root may mount a small disk"
    return lacks


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot run here; under CI nothing may be missing."""
    lacks, kept, left = missing(), [], {}
    if ENGINE == "postgresql" and "postgres" in lacks:
        left = {f"the suite on PostgreSQL needs a server: {lacks['postgres']}": len(items)}
    else:
        for item in items:
            reason = next((lacks[mark] for mark in lacks if item.get_closest_marker(mark)), None)
            if reason is None:
                kept.append(item)
            else:
                left[reason] = left.get(reason, 0) + 1
    if left and os.environ.get("CI"):
        raise pytest.UsageError(f"under CI nothing may be missing: {left}")
    if left:
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept
    config.stash[LEFT_OUT] = left


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A run whose every test needs what is missing has not failed."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and missing() and not os.environ.get("CI"):
        session.exitstatus = pytest.ExitCode.OK


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One closing line names what was left out and why."""
    lacks = missing()
    if lacks:
        terminalreporter.write_line("not run here: " + "; ".join(f"{m}: {why}" for m, why in lacks.items()))


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test measures into a store of its own, opened only when it is used."""
    name = f"readings_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{next(NUMBERS)}"

    def open_own(where: str) -> Store:
        if ENGINE != "postgresql":
            return open_store(str(tmp_path / "telemetry.db"))
        server = settings.DATABASE_URL.rpartition("/")[0]
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return open_store(f"{server}/{name}")

    monkeypatch.setattr(engine, "open_store", open_own)
    engine.use(None)
    boundaries.forget()
    outlines.forget()
    announce.announcer.forget()
    yield
    engine.close()
