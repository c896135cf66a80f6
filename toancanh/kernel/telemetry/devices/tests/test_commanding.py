"""Commands on the card: sent after a second look, followed, withdrawn, by whom it is allowed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.city import BY, NOON, City, person
from toancanh.kernel.people import actions as people
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import commands
from toancanh.kernel.telemetry.models import Command

CARD = "/console/devices/gauge/"
SAID = {"do": "tell", "thing": "gauge", "name": "siren", "args": '{"minutes": 5}', "period": "3600"}


@pytest.fixture
def keeper(city: City, client: Client) -> Client:
    """A signed-in administrator, and a device."""
    client.force_login(person("quan", rights=people.ADMINISTRATOR))
    people.create_token("gauge", by=BY, things=["gauge"])
    return client


def part(client: Client) -> str:
    """The list of commands as it is fetched again."""
    return client.get(f"{CARD}?part=commands").content.decode()


def test_command_is_shown_before_it_is_sent_and_followed_to_its_answer(keeper: Client) -> None:
    text = keeper.post(CARD, SAID).content.decode()
    assert "không thể hoàn tác" in text
    assert "Trạm Cầu Gỗ" in text
    assert not Command.objects.exists()
    for _click in range(2):
        assert keeper.post(CARD, {**SAID, "sure": "1"})["Location"].endswith("#commands")
    made = Command.objects.get()
    assert (made.name, made.args, made.expires_at - made.created) == (
        "siren",
        {"minutes": 5},
        timedelta(hours=1),
    )
    text = part(keeper)
    assert all(one in text for one in ("chờ thiết bị", "Nguyễn quan", "minutes", 'data-renew="2"'))
    commands.mark_sent([made.key])
    commands.answer("gauge", made.key, {"on": True})
    text = part(keeper)
    assert "đã trả lời" in text or "trả lời" in text
    assert "true" in text
    assert 'data-renew="15"' in text


def test_command_that_the_device_has_not_got_is_withdrawn(keeper: Client) -> None:
    keeper.post(CARD, {**SAID, "sure": "1"})
    key = Command.objects.get().key
    keeper.post(CARD, {"do": "take_back", "key": key})
    assert Command.objects.get().state == "withdrawn"
    assert keeper.post(CARD, {"do": "take_back", "key": "none"}).status_code == 404


def test_command_whose_time_is_over_is_told_so_at_once(keeper: Client) -> None:
    keeper.post(CARD, {**SAID, "sure": "1"})
    with clock.set_to(NOON + timedelta(hours=2)):
        text = part(keeper)
    assert "không trả lời" in text
    assert "take_back" not in text


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong", [{"name": "Còi hú"}, {"args": "[1]"}, {"args": "{"}, {"period": "1"}, {"args": "[" * 9000}]
)
def test_what_cannot_be_sent_is_told_and_stays_typed(keeper: Client, wrong: dict[str, str]) -> None:
    answer = keeper.post(CARD, {**SAID, "sure": "1", **wrong})
    assert answer.status_code == 422
    assert not Command.objects.exists()
    if "name" not in wrong:
        assert 'value="siren"' in answer.content.decode()


@pytest.mark.slow
def test_only_the_administrator_sends_and_only_to_things_of_the_card(keeper: Client, city: City) -> None:
    assert keeper.post(CARD, {**SAID, "thing": "rain", "sure": "1"}).status_code == 404
    officer = Client()
    officer.force_login(person("truc", city.province, people.STAFF))
    assert officer.post(CARD, {**SAID, "sure": "1"}).status_code in (403, 404)
    assert not Command.objects.exists()


@pytest.mark.slow
def test_list_costs_the_same_queries_whatever_it_holds(keeper: Client, city: City) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as caught:
            part(keeper)
        return len(caught)

    keeper.post(CARD, {**SAID, "sure": "1"})
    part(keeper)
    few = count()
    for number in range(8):
        keeper.post(CARD, {**SAID, "name": f"n{number}", "sure": "1"})
    assert count() == few
