"""Officers are told in their browsers: switched on by themselves, renewed, tried and switched off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests.city import BY, City, person
from tests.peers.push import Keys, PushService
from toancanh.kernel.contacts.officers import actions, devices, queries
from toancanh.kernel.contacts.officers.actions import Said
from toancanh.kernel.contacts.officers.models import Device
from toancanh.kernel.declare import ANYONE
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.notify import setups, subscriptions
from toancanh.kernel.notify.channels.encrypting import new_key
from toancanh.kernel.notify.models import Setup, Subscription
from toancanh.kernel.notify.tests.parts import hand, pushing
from toancanh.kernel.people import access
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Person
from toancanh.lib.errors import NotAllowed, Refused

pytestmark = pytest.mark.django_db
HOME, DOOR = "/console/duty/reach/", "/console/duty/reach/push"
ANDROID = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"


@pytest.fixture
def service(city: City, monkeypatch: pytest.MonkeyPatch) -> Iterator[PushService]:
    """A push service of this machine, which the host's administrator has opened."""
    with pushing(monkeypatch) as made:
        yield made


@pytest.fixture
def an(city: City) -> Person:
    return person("an", city.province)


def signed_in(who: Person) -> Client:
    client = Client(
        headers={"user-agent": ANDROID, "sec-fetch-site": "same-origin"}, enforce_csrf_checks=True
    )
    client.force_login(who)
    return client


def say(client: Client, **said: Any) -> dict[str, Any]:
    """What a browser's script sends, and what it is answered."""
    answer = client.post(DOOR, json.dumps(said), content_type="application/json")
    assert answer.status_code == 200, answer.content.decode()
    found: dict[str, Any] = answer.json()
    return found


def browser(service: PushService, path: str) -> dict[str, Any]:
    """A browser as it subscribes there."""
    keys = service.keys[path] = Keys.new()
    return {"endpoint": service.endpoint(path), "keys": keys.told}


@pytest.mark.slow
def test_trial_goes_to_one_browser_and_one_that_is_gone_is_forgotten(
    service: PushService, an: Person
) -> None:
    client = signed_in(an)
    one = say(client, **browser(service, "/ok/1"))["device"]
    say(client, **browser(service, "/gone/2"))
    page = client.get(HOME).content.decode()
    assert page.count("Chrome · Android") == 2
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    said = {"do": "try_device", "device": str(one), "csrfmiddlewaretoken": token}
    assert client.post(HOME, said).status_code == 302
    hand("webpush")
    assert [(path, text["title"]) for path, text, _ in service.told] == [
        ("/ok/1", "Tin thử: bạn được báo bằng cách này")
    ]
    assert actions.trial(an, by=access.actor(an)) == 2
    hand("webpush")
    assert [row.pk for row in Device.objects.all()] == [one]
    assert client.post(HOME, {**said, "do": "drop_device"}).status_code == 302
    assert not Device.objects.exists()
    assert not Subscription.objects.exists()
    assert client.post(HOME, {**said, "do": "drop_device"}).status_code == 422


@pytest.mark.slow
def test_browser_with_a_new_address_or_key_takes_the_place_of_the_old_one(
    service: PushService, an: Person
) -> None:
    client = signed_in(an)
    before = browser(service, "/ok/before")
    say(client, **before)
    key = client.get(DOOR).json()["key"]
    setup = Setup.objects.get(channel="webpush")
    setups.change("webpush", {"private_key": new_key()}, is_on=True, by=BY)
    assert setup.version < Setup.objects.get(channel="webpush").version
    assert client.get(DOOR).json()["key"] != key
    after = browser(service, "/ok/after")
    say(client, **after, replaces=before["endpoint"])
    assert [row.endpoint for row in Subscription.objects.all()] == [after["endpoint"]]
    assert say(client, endpoint=before["endpoint"])["state"] == "off"
    assert say(client, endpoint=after["endpoint"])["state"] == "on"
    hand_trial(an)
    assert [path for path, _text, _headers in service.told] == ["/ok/after"]
    assert service.faults == []
    # The same address again, with fresh keys: nothing is doubled.
    say(client, **browser(service, "/ok/after"), replaces=after["endpoint"])
    assert Device.objects.count() == 1


def hand_trial(who: Person) -> None:
    actions.trial(who, by=access.actor(who))
    hand("webpush")


def test_browser_tells_who_switched_it_on_last_and_only_he_switches_it_off(
    service: PushService, an: Person, city: City
) -> None:
    ba = person("ba", city.west)
    mine, other, shared = signed_in(an), signed_in(ba), browser(service, "/ok/shared")
    say(mine, **shared)
    assert say(other, endpoint=shared["endpoint"])["state"] == "other"
    assert say(other, endpoint=shared["endpoint"], is_off=True)["state"] == "off"
    assert [row.person for row in Device.objects.all()] == [an], "asked by another, nothing is switched off"
    assert say(other, **shared)["state"] == "on"
    assert [row.person for row in Device.objects.all()] == [ba]
    assert say(other, endpoint=shared["endpoint"], is_off=True)["state"] == "off"
    assert not Subscription.objects.exists()
    done = Entry.objects.filter(action__startswith="contacts.device_").order_by("pk")
    assert [row.action for row in done] == ["contacts.device_on"] * 2 + ["contacts.device_off"]


def test_switching_off_leaves_what_the_public_pages_asked_for(service: PushService, an: Person) -> None:
    one = browser(service, "/ok/1")
    subscriptions.subscribe(one["endpoint"], **one["keys"], units=["90001"], by=ANYONE)
    client = signed_in(an)
    say(client, **one)
    say(client, endpoint=one["endpoint"], is_off=True)
    assert subscriptions.wanted(one["endpoint"]) == ["90001"]


def test_door_refuses_strangers_other_sites_and_what_is_no_browser(
    service: PushService, an: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, one = signed_in(an), json.dumps(browser(service, "/ok/1"))
    said: dict[str, Any] = {"content_type": "application/json"}
    assert Client().post(DOOR, one, **said).status_code in (302, 401, 403)
    for site in ("cross-site", "same-site", "none"):
        assert client.post(DOOR, one, **said, headers={"sec-fetch-site": site}).status_code == 403
    assert client.post(DOOR, "{", **said).status_code == 422
    elsewhere = json.dumps({"endpoint": "https://evil.example/x", "keys": Keys.new().told})
    assert client.post(DOOR, elsewhere, **said).status_code == 422
    no_keys = json.dumps({"endpoint": service.endpoint("/ok/1"), "keys": {"p256dh": "AA", "auth": "AA"}})
    assert client.post(DOOR, no_keys, **said).status_code == 422
    assert not Device.objects.exists()
    monkeypatch.setattr(devices, "MOST", 1)
    say(client, **browser(service, "/ok/1"))
    two = json.dumps(browser(service, "/ok/2"))
    assert client.post(DOOR, two, **said).status_code == 422
    assert Device.objects.count() == 1


def test_nobody_switches_on_for_another_and_who_arranges_duty_switches_off(
    service: PushService, an: Person, city: City
) -> None:
    boss, one = access.actor(person("quantri", None, people.ADMINISTRATOR)), browser(service, "/ok/1")
    given = devices.Browser(one["endpoint"], **one["keys"])
    with pytest.raises(NotAllowed):
        devices.switch_on(an, given, by=boss, name="x")
    device = devices.switch_on(an, given, by=access.actor(an), name="x")
    with pytest.raises(NotAllowed):
        devices.switch_off(device, by=access.actor(person("ba", city.west)))
    devices.switch_off(device, by=boss)
    assert not Device.objects.exists()


def test_without_the_channel_a_trial_says_so_and_other_ways_are_kept(
    service: PushService, an: Person
) -> None:
    an.email = "an@office.vn"
    an.save()
    one = browser(service, "/ok/1")
    device = devices.switch_on(
        an, devices.Browser(one["endpoint"], **one["keys"]), by=access.actor(an), name="x"
    )
    assert [found.channel for found in queries.recipients([an])] == ["email", "webpush"]
    actions.set_reach(an, Said(phone="0914123456", channels=("sms",), language="en"), by=access.actor(an))
    # The browser may be closed: e-mail as well, as without it.
    found = queries.recipients([an])
    assert [(row.channel, row.language) for row in found] == [
        ("sms", "en"),
        ("email", "en"),
        ("webpush", "en"),
    ]
    setups.change("webpush", {}, is_on=False, by=BY)
    with pytest.raises(Refused) as fault:
        devices.trial(device, by=access.actor(an))
    assert fault.value.code == "none_on"


def test_browsers_of_closed_accounts_are_forgotten(service: PushService, an: Person) -> None:
    say(signed_in(an), **browser(service, "/ok/1"))
    people.set_active(an, False, by=BY)
    assert actions.tidy() == 1
    assert (Device.objects.count(), Subscription.objects.count()) == (0, 0)


def test_script_stands_where_it_serves_the_console_alone(city: City) -> None:
    answer = Client().get("/console/sw.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert b"showNotification" in answer.content
    assert b"/warnings/now.json" not in answer.content


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (ANDROID, "Chrome · Android"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1",
            "Safari · iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537.36 Edg/126.0", "Edge · Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox · Linux"),
        ("curl/8", "Trình duyệt"),
    ],
)
def test_browser_is_called_as_its_person_knows_it(agent: str, name: str) -> None:
    assert devices.named(agent) == name
