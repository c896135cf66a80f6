"""The demo's published account: open while the demo is on, closed otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from toancanh.kernel.runtime import marks
from toancanh.site import demo

pytestmark = pytest.mark.django_db


def sign_in(client: Client) -> int:
    """The answer to signing in as the demo's officer."""
    username, _name, password = demo.OFFICER
    return client.post("/sign-in/", {"login": username, "password": password}).status_code


def test_account_of_demo_is_closed_without_demo(client: Client, settings: Any, loaded: None) -> None:
    demo.staff()
    marks.write("demo", "ready")
    settings.DEMO = True
    demo.settle()
    assert sign_in(client) == 302
    settings.DEMO = False
    demo.settle()
    assert client.get("/console/").status_code == 302
    assert sign_in(Client()) == 403
    settings.DEMO = True
    demo.settle()
    assert sign_in(Client()) == 302
