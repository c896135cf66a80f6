"""One small town made once a run and copied for each test; another on PostgreSQL for each that needs it."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.town import Town, copied, found
from tests.postgres import Cluster, postgres_cluster
from tests.running import Program


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A town that nobody runs; the workers of a run share it."""
    base = tmp_path_factory.getbasetemp()
    base = base if worker_id == "master" else base.parent
    with (base / "town.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = base / "town"
        if not (folder / "tokens.json").exists():
            folder.mkdir()
            tokens = found(Program(folder), base / "town-pack")
            (folder / "tokens.json").write_text(json.dumps(tokens))
    return folder


@pytest.fixture
def town(template: Path, tmp_path: Path) -> Iterator[Town]:
    """A town on SQLite, not running yet."""
    made = copied(template, tmp_path / "town")
    yield made
    made.end()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL of the test's own, that syncs and may be stopped."""
    with postgres_cluster() as made:
        yield made


@pytest.fixture
def town_on_postgres(cluster: Cluster, tmp_path: Path) -> Iterator[Town]:
    """A town on that PostgreSQL, not running yet."""
    folder = tmp_path / "town"
    folder.mkdir()
    made = Town(folder, where=cluster.fresh())
    made.tokens = found(made.program(""), tmp_path / "pack")
    yield made
    made.end()
