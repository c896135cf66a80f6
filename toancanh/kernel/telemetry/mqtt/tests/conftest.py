"""A door on a store of its own, for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from toancanh.kernel.telemetry.mqtt.tests.house import House
from toancanh.kernel.telemetry.store import open_store


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Its doors open when a test asks for them."""
    store = open_store(str(tmp_path / "telemetry.db"))
    yield House(store)
    store.close()
