"""Every route of the register of doors on the first day: nothing is there yet, and nothing fails."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.contract.test_routes import address, each, text
from toancanh.kernel.runtime.doors import Route


@pytest.fixture(scope="module", autouse=True)
def own_store(standing_store: None) -> None:
    """One store for the module, into which nobody measures."""


@each
def test_route_answers_in_an_empty_store(db: None, client: Client, route: Route) -> None:
    for language in ("vi", "en"):
        status, body = text(client, address(route), language)
        assert status in (200, 302, 404), body[:300]
