"""Every route of the register of doors on the first day: nothing is there yet, and nothing fails."""

from __future__ import annotations

from django.test import Client

from tests.contract.test_routes import address, each, text
from toancanh.kernel.runtime.doors import Route


@each
def test_route_answers_in_an_empty_store(db: None, client: Client, route: Route) -> None:
    for language in ("vi", "en"):
        status, body = text(client, address(route), language)
        assert status in (200, 302, 404), body[:300]
