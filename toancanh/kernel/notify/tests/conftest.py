"""Fixtures of messages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.city import City
from tests.peers.push import PushService
from toancanh.kernel.notify.tests.parts import pushing


@pytest.fixture
def service(city: City, monkeypatch: pytest.MonkeyPatch) -> Iterator[PushService]:
    """A push service of this machine, which the host's administrator has opened."""
    with pushing(monkeypatch) as made:
        yield made
