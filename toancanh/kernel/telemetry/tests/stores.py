"""The stores that the tests of this folder run on: a real file and a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import shared_cluster
from toancanh.kernel.telemetry.store import Store, open_store

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty store."""
    return shared_cluster().fresh() if request.param == "postgres" else str(tmp_path / "telemetry.db")


@pytest.fixture
def store(where: str) -> Iterator[Store]:
    """An empty store."""
    opened = open_store(where)
    yield opened
    opened.close()
