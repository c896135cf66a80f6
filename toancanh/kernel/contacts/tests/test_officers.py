"""How people with accounts are told: said by themselves or by who arranges their duty, kept encrypted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.city import BY, City, person
from tests.peers.gateway import MAPPING
from toancanh.kernel.contacts import telling
from toancanh.kernel.contacts.officers import actions, queries
from toancanh.kernel.contacts.officers.actions import Said
from toancanh.kernel.contacts.officers.models import Reach
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.notify.models import Delivery, State
from toancanh.kernel.notify.tests.parts import set_up
from toancanh.kernel.people import access
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime import clock, secrets
from toancanh.lib.errors import NotAllowed, Refused

pytestmark = pytest.mark.django_db
HOME = "/console/duty/reach/"
GATEWAY = {"url": "https://sms.example.vn/send", **MAPPING}
ALL = Said(
    phone="0914 123 456", email="an@example.vn", zalo="0914123456", channels=("sms", "voice", "zalo", "email")
)


@pytest.fixture
def an(city: City) -> Person:
    return person("an", city.west)


def reached(*people: Person) -> list[tuple[str, str]]:
    return [(one.channel, one.address) for one in queries.recipients(people)]


def test_who_said_nothing_has_his_mail_and_who_chose_has_what_he_chose(an: Person) -> None:
    assert reached(an) == []
    Person.objects.filter(pk=an.pk).update(email="may@example.vn")
    an.refresh_from_db()
    assert reached(an) == [("email", "may@example.vn")]
    actions.set_reach(an, ALL, by=access.actor(an))
    assert reached(an) == [
        ("sms", "+84914123456"),
        ("voice", "+84914123456"),
        ("zalo", "+84914123456"),
        ("email", "an@example.vn"),
    ]
    set_up("voice", **GATEWAY)
    actions.set_reach(an, Said(phone="0234 3822 222", channels=("voice",)), by=access.actor(an))
    assert reached(an) == [("voice", "+842343822222")]
    actions.set_reach(an, Said(email="an@example.vn"), by=access.actor(an))
    assert reached(an) == []


def test_who_chose_only_what_is_not_set_up_here_has_mail_as_well(an: Person) -> None:
    an.email = "an@office.vn"
    an.save()
    actions.set_reach(an, Said(phone="0914123456", channels=("sms",)), by=access.actor(an))
    assert reached(an) == [("sms", "+84914123456"), ("email", "an@office.vn")]
    said = Said(phone="0914123456", email="an@home.vn", channels=("sms",))
    actions.set_reach(an, said, by=access.actor(an))
    assert reached(an) == [("sms", "+84914123456"), ("email", "an@home.vn")]
    with pytest.raises(Refused) as fault:
        actions.trial(an, by=access.actor(an))
    assert fault.value.code == "none_on"
    set_up("sms", **GATEWAY)
    assert reached(an) == [("sms", "+84914123456")]
    assert actions.trial(an, by=access.actor(an)) == 1


def test_numbers_stand_in_clear_nowhere_and_are_found_in_one_query(
    an: Person, city: City, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    actions.set_reach(an, ALL, by=access.actor(an))
    others = [person(f"nguoi{n}", city.west) for n in range(5)]
    for one in others:
        actions.set_reach(one, ALL, by=BY)
    row = Reach.objects.get(person=an)
    entries = " ".join(str(content) for content in Entry.objects.values_list("content", flat=True))
    for hidden in ("914123456", "an@example.vn"):
        assert hidden not in f"{row.sealed} {row.hints} {entries}"
    with django_assert_num_queries(3):
        assert len(queries.recipients([an, *others])) == 24


def test_without_the_key_mail_of_the_account_is_tried(an: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    actions.set_reach(an, ALL, by=access.actor(an))
    an.email = "an@office.vn"
    an.save()

    def locked(_sealed: str) -> dict[str, str]:
        raise secrets.Locked("no key")

    monkeypatch.setattr(secrets, "unseal", locked)
    assert reached(an) == [("email", "an@office.vn")]


@pytest.mark.parametrize(
    "said",
    [
        Said(channels=("sms",)),
        Said(phone="0234 3822 222", channels=("sms",)),
        Said(phone="12", channels=("sms",)),
        Said(phone="0914123456; 0905111333", channels=("sms",)),
        Said(email="an@", channels=("email",)),
        Said(zalo="abc", channels=("zalo",)),
        Said(language="fr"),
    ],
)
def test_what_cannot_reach_anybody_is_refused(an: Person, said: Said) -> None:
    with pytest.raises(Refused):
        actions.set_reach(an, said, by=access.actor(an))
    assert not Reach.objects.exists()


def test_only_he_and_who_arranges_his_duty_say_it(an: Person, city: City) -> None:
    colleague = access.actor(person("ba", city.west))
    for arranger, may in (
        (person("tay", city.west, ("duty.arrange",)), True),
        (person("chi", city.west), False),
    ):
        assert queries.may(an, access.actor(arranger)) is may
    for call in (
        lambda: actions.set_reach(an, ALL, by=colleague),
        lambda: actions.read(an, by=colleague),
        lambda: actions.trial(an, by=colleague),
    ):
        with pytest.raises(NotAllowed):
            call()


def test_look_at_somebody_elses_number_is_written_down(an: Person) -> None:
    actions.set_reach(an, ALL, by=BY)
    actions.read(an, by=access.actor(an))
    assert not Entry.objects.filter(action="contacts.reach_read").exists()
    assert actions.read(an, by=BY)["phone"] == "+84914123456"
    assert Entry.objects.get(action="contacts.reach_read").subject == f"person:{an.pk}"


@pytest.mark.slow
def test_pages_show_keep_try_and_refuse(an: Person, city: City) -> None:
    client = Client()
    client.force_login(an)
    assert "Cách báo cho tôi" in client.get(HOME).content.decode()
    form = {"phone": "0914 123 456", "channels": ["sms", "voice"], "language": "vi"}
    assert client.post(HOME, {"do": "trial"}).status_code == 422
    assert client.post(HOME, {**form, "phone": ""}).status_code == 422
    assert client.post(HOME, form).status_code == 302
    page = client.get(HOME).content.decode()
    assert "0914 123 456" in page
    assert "chưa thiết lập" in page
    answer = client.post(HOME, {"do": "trial"})
    assert answer.status_code == 422
    assert "Chưa kênh nào bạn chọn" in answer.content.decode()
    set_up("sms", **GATEWAY)
    for _ in range(2):
        assert client.post(HOME, {"do": "trial"}).status_code == 302
    assert sorted(Delivery.objects.values_list("channel", flat=True)) == ["sms", "voice"]
    assert client.get(f"{HOME}people/").status_code == 403
    assert client.get(f"{HOME}{an.pk}/").status_code == 403
    boss = person("quantri", None, people.ADMINISTRATOR)
    client.force_login(boss)
    listed = client.get(f"{HOME}people/").content.decode()
    assert "… 456" in listed
    assert "914123" not in listed.replace(" ", "")
    assert client.post(f"{HOME}{an.pk}/", {"email": "an@example.vn", "channels": "email"}).status_code == 302
    assert reached(an) == [("email", "an@example.vn")]
    assert client.get(f"{HOME}999/").status_code == 404


def test_numbers_of_closed_accounts_and_in_old_copies_are_let_go(an: Person) -> None:
    actions.set_reach(an, ALL, by=BY)
    set_up("sms", **GATEWAY)
    actions.trial(an, by=BY)
    Delivery.objects.update(state=State.HANDED)
    assert (actions.tidy(), telling.tidy()) == (0, 0)
    with clock.set_to(clock.now() + timedelta(days=8)):
        assert telling.tidy() == 4
    assert set(Delivery.objects.values_list("address", "name")) == {("", "")}
    people.set_active(an, False, by=BY)
    assert (actions.tidy(), Reach.objects.count()) == (1, 0)
