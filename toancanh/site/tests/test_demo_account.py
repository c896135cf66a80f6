"""The demo's published account: open while the demo is on, closed otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from toancanh.kernel.people.models import Token
from toancanh.kernel.runtime import ids, marks
from toancanh.site import demo

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


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


def test_published_accounts_are_named_on_the_sign_in_page(
    client: Client, settings: Any, loaded: None
) -> None:
    marks.write("demo", "ready")
    settings.DEMO = True
    demo.settle()
    text = client.get("/sign-in/").content.decode()
    for account in (demo.OFFICER, demo.KEEPER, demo.LEADER):
        assert account[0] in text
        assert account[2] in text
        follow = {"login": account[0], "password": account[2], "next": "/console/gateways/new/"}
        signed_in = Client()
        assert signed_in.post("/sign-in/", follow).status_code == 302
        allowed = 200 if account is demo.KEEPER else 403
        assert signed_in.get("/console/gateways/new/").status_code == allowed
    settings.DEMO = False
    demo.settle()
    assert demo.KEEPER[0] not in client.get("/sign-in/").content.decode()
    said = {"login": demo.KEEPER[0], "password": demo.PASSWORD}
    assert Client().post("/sign-in/", said).status_code == 403


def test_simulator_keeps_its_token_and_gets_a_new_secret(loaded: None) -> None:
    first, second = demo.simulator_token(), demo.simulator_token()
    assert first != second
    assert Token.objects.get(name=demo.SIMULATOR).digest == ids.digest(second)
