"""Who may approve is asked on his own channels, and no more once it is decided."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.conf import settings as site
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.city import BY, NOON, PASSWORD, City
from toancanh.kernel.contacts.officers import actions as officers
from toancanh.kernel.contacts.officers.actions import Said
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.notify import actions as notify
from toancanh.kernel.notify import ending
from toancanh.kernel.notify import texts as narrow
from toancanh.kernel.notify.messages import Recipient
from toancanh.kernel.notify.models import Delivery, Notice, State
from toancanh.kernel.notify.tests.parts import message
from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime import clock
from toancanh.kernel.warnings import actions, asking, minding, policies, texts
from toancanh.kernel.warnings.models import Step, Warning
from toancanh.kernel.warnings.policies import Terms
from toancanh.kernel.warnings.tests.making import full, leader, officer

pytestmark = pytest.mark.django_db
TERMS = Terms()


@pytest.fixture
def by(city: City) -> Actor:
    return officer(city)


def reachable(who: Actor, *channels: str) -> Actor:
    """The same, by a telephone."""
    person = Person.objects.get(pk=who.key.partition(":")[2])
    officers.set_reach(person, Said(phone="0914123456", channels=channels or ("sms",)), by=BY)
    return who


def submitted(by: Actor) -> Warning:
    made = actions.draft(full(), by=by)
    return actions.submit(made, made.version, by=by)


def look(after: timedelta) -> None:
    with clock.set_to(NOON + after):
        minding.look()


def told() -> list[tuple[str, str]]:
    return [(one.name, one.channel) for one in Delivery.objects.order_by("pk")]


@pytest.mark.slow
def test_nearest_are_reminded_then_everyone_above_hears_of_it_each_once(city: City, by: Actor) -> None:
    reachable(leader(city, "xa", "west"), "sms", "voice")
    reachable(leader(city, "tinh", "province"))
    reachable(leader(city, "khac", "east"))
    reachable(by)
    warning = submitted(by)
    look(TERMS.remind_after)
    look(TERMS.remind_after)
    assert told() == [("Nguyễn xa", "sms"), ("Nguyễn xa", "voice")]
    look(TERMS.escalate_after)
    look(TERMS.escalate_after * 2)
    assert told()[2:] == [("Nguyễn tinh", "sms"), ("Nguyễn xa", "sms"), ("Nguyễn xa", "voice")]
    entry = Entry.objects.get(action="warnings.escalated")
    asked = (
        Person.objects.filter(username__in=("tinh", "xa")).order_by("full_name").values_list("pk", flat=True)
    )
    assert json.loads(entry.content) == {"version": warning.version, "persons": list(asked)}
    story = Step.objects.filter(warning=warning, person=None).order_by("pk").values_list("what", "text")
    assert list(story) == [("reminded", "Nguyễn xa"), ("escalated", "Nguyễn tinh, Nguyễn xa")]
    first, second = Notice.objects.order_by("pk")
    assert first.title_vi.startswith("Chờ bạn duyệt: Nước sông")
    assert second.title_vi.startswith("Chưa ai duyệt")
    assert first.title_en.startswith("Waits for your approval: River")
    assert (first.unit_path, first.urgency) == (city.west.path, "high")


@pytest.mark.parametrize("pasted", ["\u00a0", "\u200b", "\u00ad", "\ufeff"])
def test_what_word_pasted_into_a_headline_of_before_stops_no_reminder(
    city: City, by: Actor, pasted: str
) -> None:
    reachable(leader(city))
    warning = submitted(by)
    Warning.objects.update(headline_vi=f"Nước{pasted} lên", headline_en=f"{pasted}Water rises")
    look(TERMS.remind_after)
    assert told() == [("Nguyễn lanhdao", "sms")]
    assert Notice.objects.get().title_vi == "Chờ bạn duyệt: Nước lên"
    warning.refresh_from_db()
    assert texts.brief(texts.of(warning, "vi"), "")[0] == "Bản tin cảnh báo: Nước lên"
    assert texts.brief(texts.of(warning, "en"), "")[0] == "Warning: Water rises"


@pytest.mark.slow
def test_warning_that_cannot_be_minded_keeps_no_other_from_it(
    city: City, by: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    reachable(leader(city))
    bad, good = submitted(by), submitted(by)
    key = f"{asking.subject(bad)}:{bad.version}:reminded"
    notify.send(message(key), [Recipient("person:1", "sms", "+84914123456")], by=BY)
    look(TERMS.remind_after)
    assert list(Step.objects.filter(what="reminded").values_list("warning", flat=True)) == [good.pk]
    assert f"warning {bad.pk}: reminded failed" in caplog.text
    # Once the hindrance is gone it is made up for.
    Notice.objects.filter(key=key).delete()
    look(TERMS.remind_after)
    assert Step.objects.filter(what="reminded").count() == 2


@pytest.mark.slow
def test_author_is_asked_only_where_he_may_approve_himself(city: City) -> None:
    alone = reachable(leader(city))
    submitted(alone)
    look(TERMS.remind_after)
    assert told() == []
    policies.decide(Terms(may_approve_own=True), "một lãnh đạo trực", by=BY)
    submitted(alone)
    look(TERMS.remind_after)
    assert told() == [("Nguyễn lanhdao", "sms")]


Decide = Callable[[Warning, Actor, Actor], object]


@pytest.mark.parametrize(
    "decide",
    [
        lambda one, _by, order: actions.approve(one, one.version, by=order),
        lambda one, _by, order: actions.send_back(one, one.version, "thiếu xã", by=order),
        lambda one, by, _order: actions.withdraw(one, one.version, "nhầm", by=by),
        lambda one, by, _order: actions.edit(one, one.version, full(level=3), by=by),
    ],
)
def test_nothing_leaves_once_it_is_decided_and_asked_again_it_is_told_anew(
    city: City, by: Actor, decide: Decide
) -> None:
    order = reachable(leader(city))
    warning = submitted(by)
    look(TERMS.remind_after)
    with clock.set_to(NOON + TERMS.remind_after):
        decide(warning, by, order)
        assert Notice.objects.get(subject=asking.subject(warning)).cancelled_at is not None
        while ending.look():
            pass
        asked = Delivery.objects.filter(notice__subject=asking.subject(warning))
        assert [one.state for one in asked] == [State.CANCELLED]
    look(TERMS.escalate_after)
    assert asked.count() == 1
    warning.refresh_from_db()
    if warning.state in ("draft", "returned"):
        with clock.set_to(NOON + timedelta(hours=1)):
            actions.submit(warning, warning.version, by=by)
        look(timedelta(hours=1) + TERMS.remind_after)
        assert [one.state for one in asked.order_by("pk")] == [State.CANCELLED, State.WAITING]


@pytest.mark.slow
def test_link_leads_over_the_sign_in_to_the_button(
    city: City, by: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    reachable(leader(city))
    submitted(by)
    look(TERMS.remind_after)
    monkeypatch.setattr(site, "PUBLIC_URL", "https://toancanh.hue.gov.vn")
    link = narrow.link(Delivery.objects.get().notice.link)
    client = Client()
    asked = client.get(link.removeprefix("https://toancanh.hue.gov.vn"))
    assert asked.status_code == 302
    target = unquote(asked.headers["Location"].partition("next=")[2])
    entered = client.post(
        asked.headers["Location"], {"login": "lanhdao", "password": PASSWORD, "next": target}
    )
    assert entered.headers["Location"] == target
    assert re.search(
        r'name="do"[^>]*value="approve"|value="approve"[^>]*name="do"', client.get(target).content.decode()
    )


@pytest.mark.slow
def test_however_many_leaders_it_asks_as_often(
    city: City, by: Actor, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    warning = submitted(by)
    for number in range(12):
        reachable(leader(city, f"l{number}"))
    with django_assert_num_queries(5):
        assert len(asking.approvers(warning, NOON)) == 12
