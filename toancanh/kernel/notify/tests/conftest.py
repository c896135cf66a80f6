"""Fixtures of messages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings as django

from tests.city import City
from tests.peers.push import PushService, push_service
from toancanh.kernel.notify.tests.parts import set_up
from toancanh.kernel.runtime import clock


@pytest.fixture
def service(city: City, monkeypatch: pytest.MonkeyPatch) -> Iterator[PushService]:
    """A push service of this machine, which the host's administrator has opened."""
    with push_service() as made:
        monkeypatch.setattr(django, "EGRESS_ALLOW", ("127.0.0.0/8",))
        monkeypatch.setattr(django, "PUSH_HOSTS", (f"127.0.0.1:{made.port}",))
        made.now = clock.now().timestamp()
        set_up("webpush", contact="it@hue.gov.vn")
        yield made
