"""Orders for tests, given by the action behind the form, and clients signed in as somebody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.test import Client

from tests.office import Office, at, employ
from toancanh.domains.directives import actions, deadlines
from toancanh.domains.directives.actions import Order
from toancanh.kernel.cases.models import Case
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.models import Organisation, Person

HOME = "/console/directives/"


def give(office: Office, lead: Organisation, *, days: int = 5, **more: Any) -> Case:
    """An order of the leader, or of whom ``by`` names."""
    by = more.pop("by", office.leader)
    said = {
        "key": f"k{Case.objects.count()}",
        "title": "Khắc phục ngập",
        "words": "Khơi thông cống, báo cáo kết quả.",
        "unit": office.city.province,
        "lead": lead,
        "deadline": deadlines.of_days(days, office.city.province.path),
        **more,
    }
    return actions.give(Order(**said), by=by)


def client_of(who: Actor) -> Client:
    """Signed in as that person."""
    client = Client()
    client.force_login(Person.objects.get(pk=who.key.partition(":")[2]))
    return client


def text(client: Client, path: str, language: str = "vi") -> str:
    """The page's words, without its tags."""
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.content.decode()[:300]
    return plain(answer.content.decode())


def plain(page: str) -> str:
    """Words of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def hired(office: Office, name: str, where: Organisation, rights: Sequence[str]) -> Actor:
    """Somebody who holds his post since before the stories begin."""
    with at("2026-11-01 08:00"):
        return employ(name, where, rights, office.city.province)
