"""Pages of messages and channels: who sees what, filters, trials, and constant numbers of queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django
from django.test import Client

from tests.city import BY, City, person
from tests.peers.gateway import MAPPING, gateway
from toancanh.kernel.notify import actions, registry, setups, troubles, work
from toancanh.kernel.notify.channels import HANDED, failed, later
from toancanh.kernel.notify.messages import Recipient
from toancanh.kernel.notify.models import Delivery, Notice, Setup
from toancanh.kernel.notify.tests.parts import hand, message, set_up
from toancanh.kernel.runtime import clock

pytestmark = pytest.mark.django_db
HOME = "/console/messages/"


@pytest.fixture
def admin(city: City, client: Client) -> Client:
    """Signed in as who arranges everything."""
    client.force_login(person("quantri", None, ("console.see", "notify.arrange")))
    return client


def sent(n: int = 3, key: str = "a:1", **other: Any) -> Notice:
    people = [Recipient(f"head:{k}", "sms", f"09012{k:05}", "vi", f"Trưởng thôn {k}") for k in range(n)]
    return actions.send(message(key, **other), people, by=BY).notice


def body(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.content.decode()


@pytest.mark.slow
def test_list_shows_how_far_messages_have_come_with_the_same_few_queries(
    admin: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    sent(3, title=message().title, is_exercise=True)
    with django_assert_max_num_queries(30):
        first = body(admin, HOME)
    for n in range(60):
        sent(1, f"more:{n}")
    with django_assert_max_num_queries(30):
        page = body(admin, HOME)
    assert "Lũ trên sông Hương" in first
    assert page.count('<th scope="row">') == 50
    assert f"?before={Notice.objects.order_by('-pk')[49].pk}" in page
    assert "a:1" not in page


def test_message_shows_copies_by_state_with_reasons_and_masked_numbers(admin: Client) -> None:
    set_up("sms", url="https://gateway.example/", **MAPPING)
    notice = sent(4)
    channel = registry.channel("sms")
    parcels = work.lease(channel, 9, "w@h:1")
    work.note(channel, parcels, [HANDED, failed("refused", "7 no such number"), later("busy"), HANDED], 0)
    page = body(admin, f"{HOME}{notice.pk}/")
    assert page.count("Trưởng thôn") == 4
    assert "0901200001" not in page
    assert "+84…001" in page
    assert "7 no such number" in page
    page = body(admin, f"{HOME}{notice.pk}/?state=failed")
    assert page.count("Trưởng thôn") == 1
    assert body(admin, f"{HOME}{notice.pk}/?state=nonsense&after=x").count("Trưởng thôn") == 4
    body(admin, f"{HOME}999/", 404)


def test_who_only_looks_sees_counts_and_nobodys_name(city: City, client: Client) -> None:
    notice, own = sent(2), sent(2, "b:1", unit_path=city.west.path)
    client.force_login(person("tay", city.west, ("console.see",)))
    assert "Trưởng thôn" not in body(client, f"{HOME}{notice.pk}/")
    assert "Trưởng thôn" in body(client, f"{HOME}{own.pk}/")
    assert client.post(f"{HOME}{notice.pk}/", {"do": "cancel"}).status_code == 403
    assert client.get(f"{HOME}channels/").status_code == 403
    assert client.post(f"{HOME}channels/sms/", {}).status_code == 403
    client.logout()
    assert client.get(HOME).status_code == 302


def test_what_waits_is_taken_back_by_hand(admin: Client) -> None:
    notice = sent(2)
    admin.post(f"{HOME}{notice.pk}/", {"do": "cancel"})
    notice.refresh_from_db()
    assert notice.cancelled_at is not None


@pytest.mark.slow
def test_channel_is_set_up_and_tried_with_oneself(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(django, "EGRESS_ALLOW", ("127.0.0.0/8",))
    at = f"{HOME}channels/sms/"
    assert 'name="url"' in body(admin, at)
    with gateway() as peer:
        typed = {**MAPPING, "url": peer.url, "is_on": "1"}
        assert admin.post(at, {**typed, "body": '{"x": "{nothing}"}'}).status_code == 422
        assert not Setup.objects.filter(channel="sms").exists()
        assert admin.post(at, typed).status_code == 302
        page = body(admin, at)
        assert MAPPING["secret"] not in page
        secret = setups.values(Setup.objects.get(channel="sms"))["hook_secret"]
        assert f"/hooks/messages/sms/{secret}" in page
        assert admin.post(at, {"do": "test", "address": "nobody"}).status_code == 422
        assert admin.post(at, {"do": "test", "address": "0901 234 567"}).status_code == 302
        hand("sms")
        (said,) = peer.texts.values()
        assert said["text"].startswith("Tin thử kênh.")
    assert Delivery.objects.get().state == "handed"


@pytest.mark.slow
def test_every_channel_has_a_page(admin: Client) -> None:
    page = body(admin, f"{HOME}channels/")
    for name in registry.channels():
        assert f"{HOME}channels/{name}/" in page
        body(admin, f"{HOME}channels/{name}/")
    body(admin, f"{HOME}channels/pigeon/", 404)


def test_channel_that_hands_nothing_over_is_a_trouble(admin: Client) -> None:
    set_up("sms", url="https://gateway.example/", **MAPPING)
    now = clock.now()
    sent(1)
    channel = registry.channel("sms")
    work.note(channel, work.lease(channel, 1, "w@h:1"), [later("unreachable", "x", whole=True)], 0)
    assert "channel_failing" not in {one.code for one in troubles.found(now)}
    later_on = now + timedelta(minutes=5)
    assert "channel_failing" in {one.code for one in troubles.found(later_on)}
    assert 'data-state="bad"' in body(admin, f"{HOME}channels/")
