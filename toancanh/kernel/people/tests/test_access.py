"""Rights come from posts held today, over a unit and everything below it; the rest is denied."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests.city import BY, PASSWORD, City, actor, person
from toancanh.kernel.declare import ANYONE, Actor
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import access, actions
from toancanh.kernel.people.models import Person, Post
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.queries import today
from toancanh.lib.errors import NotAllowed, Refused

PATHS = st.lists(st.integers(1, 12), min_size=0, max_size=4).map(lambda keys: "".join(f"{k}/" for k in keys))


@pytest.mark.slow
@given(granted=PATHS, asked=PATHS)
def test_right_over_a_unit_holds_exactly_for_what_lies_below(granted: str, asked: str) -> None:
    somebody = Actor(name="a", key="person:1", grants=frozenset({("console.see", granted)}))
    above = granted.split("/")[:-1]
    assert somebody.may("console.see", asked) == (asked.split("/")[:-1][: len(above)] == above)
    assert not somebody.may("people.arrange", asked)
    assert not ANYONE.may("console.see", asked)


def test_grant_without_unit_holds_everywhere(city: City) -> None:
    chief = actor("chief")
    assert chief.may("console.see", city.west.path)
    assert chief.paths("console.see") == ("",)


def test_post_that_ended_or_has_not_begun_carries_nothing(city: City) -> None:
    somebody = person("binh", city.province)
    assert access.actor(somebody).paths("console.see") == (city.province.path,)
    Post.objects.filter(person=somebody).update(valid_to=today())
    assert access.actor(somebody).paths("console.see") == ()
    Post.objects.filter(person=somebody).update(valid_to=None, valid_from=today() + timedelta(days=1))
    assert access.actor(somebody).paths("console.see") == ()
    with clock.set_to(clock.now() + timedelta(days=2)):
        assert access.actor(somebody).paths("console.see") == (city.province.path,)


def test_inactive_account_is_nobody(city: City) -> None:
    somebody = person("binh", city.province)
    somebody.is_active = False
    assert access.actor(somebody) == ANYONE


def signed_in(client: Client, username: str, password: str = PASSWORD, follow: str = "") -> int:
    """Send the sign-in form; the status of the answer."""
    form = {"login": username, "password": password}
    return client.post("/sign-in/", form | ({"next": follow} if follow else {})).status_code


@pytest.mark.slow
def test_sign_in_through_the_page_opens_the_console(city: City, client: Client) -> None:
    person("binh", city.province)
    asked = client.get("/console/things/?kind=flood.gauge")
    assert (asked.status_code, asked["Location"]) == (
        302,
        "/sign-in/?next=/console/things/%3Fkind%3Dflood.gauge",
    )
    page = client.get(asked["Location"])
    assert page.status_code == 200
    assert b"csrfmiddlewaretoken" in page.content
    answer = client.post(asked["Location"], {"login": "binh", "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/console/things/?kind=flood.gauge")
    shown = client.get(answer["Location"])
    assert shown.status_code == 200
    assert "Nguyễn binh" in shown.content.decode()


@pytest.mark.parametrize("follow", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_sign_in_never_leads_to_another_site(city: City, client: Client, follow: str) -> None:
    person("binh", city.province)
    answer = client.post("/sign-in/", {"login": "binh", "password": PASSWORD, "next": follow})
    assert (answer.status_code, answer["Location"]) == (302, "/console/")


@pytest.mark.parametrize(
    ("username", "password"),
    [("binh", "wrong"), ("binh", ""), ("", PASSWORD), ("nobody", PASSWORD), ("binh\0", PASSWORD)],
)
def test_wrong_sign_in_stays_outside(city: City, client: Client, username: str, password: str) -> None:
    person("binh", city.province)
    assert signed_in(client, username, password) == 200
    assert client.get("/console/").status_code == 302


def test_inactive_account_cannot_sign_in(city: City, client: Client) -> None:
    somebody = person("binh", city.province)
    Person.objects.filter(pk=somebody.pk).update(is_active=False)
    assert signed_in(client, "binh") == 403
    assert client.get("/console/").status_code == 302


def test_account_closed_while_signed_in_is_out_at_once(city: City, client: Client) -> None:
    somebody = person("binh", city.province)
    client.force_login(somebody)
    assert client.get("/console/").status_code == 200
    Person.objects.filter(pk=somebody.pk).update(is_active=False)
    assert client.get("/console/").status_code == 302


def test_guessing_is_slowed_down_and_told(city: City, client: Client) -> None:
    person("binh", city.province)
    assert [signed_in(client, "binh", f"guess {n}") for n in range(5)] == [200] * 5
    # Now even the right password has to wait.
    assert signed_in(client, "binh") == 200
    assert client.get("/console/").status_code == 302


@pytest.mark.parametrize(
    "path", ["/console/", "/console/things/", "/console/search?q=a", "/console/things/gauge/"]
)
def test_account_without_a_post_gets_a_page_that_says_so(city: City, client: Client, path: str) -> None:
    client.force_login(person("moi", post=False))
    answer = client.get(path)
    assert answer.status_code == 403
    assert answer["Content-Type"].startswith("text/html")
    assert client.get("/").status_code == 200


def test_signed_in_account_signs_out_by_post_alone(city: City, client: Client) -> None:
    client.force_login(person("binh", city.province))
    assert client.get("/sign-out/").status_code == 200
    assert client.get("/console/").status_code == 200
    assert client.post("/sign-out/").status_code == 302
    assert client.get("/console/").status_code == 302


def test_form_without_its_token_is_told_as_stale(city: City) -> None:
    answer = Client(enforce_csrf_checks=True).post("/sign-in/", {"login": "a", "password": "b"})
    assert answer.status_code == 403
    assert answer["Content-Type"].startswith("text/html")


def test_nobody_signs_up_by_himself(city: City, client: Client) -> None:
    for path in ("/sign-up/", "/signup/", "/accounts/signup/", "/sign-in/signup/"):
        assert client.get(path).status_code == 404


def test_person_is_journalled_without_the_password(city: City) -> None:
    made = person("binh", city.province)
    said = "".join(Entry.objects.filter(subject=f"person:{made.pk}").values_list("content", flat=True))
    assert said
    assert PASSWORD not in said
    assert PASSWORD not in made.password


@pytest.mark.parametrize("password", ["ngắn", "", "passwordpassword", "quản-trị-viên-1"])
def test_weak_password_is_refused(db: None, password: str) -> None:
    weak = {"passwordpassword": "passwordpassword", "quản-trị-viên-1": "quản-trị-viên-1"}
    with pytest.raises(Refused) as refused:
        actions.create_person(weak.get(password, "binh"), "Nguyễn Bình", password, by=BY)
    assert refused.value.code == "weak_password"
    assert not Person.objects.exists()


def test_account_name_is_taken_once(city: City) -> None:
    person("binh")
    with pytest.raises(Refused) as refused:
        actions.create_person("binh", "Người Khác", PASSWORD, by=BY)
    assert refused.value.code == "taken"


def test_only_the_administrator_arranges_people(city: City) -> None:
    officer = actor("officer", city.province)
    local = actor("local", city.province, ("people.arrange",))
    office = actions.found_organisation("office", "Văn phòng", by=BY)
    somebody = person("binh")
    for by in (ANYONE, officer, local):
        for act in (
            lambda by=by: actions.found_organisation("x", "X", by=by),
            lambda by=by: actions.create_person("x", "X", PASSWORD, by=by),
            lambda by=by: actions.appoint(somebody, office, "X", ("console.see",), by=by),
            lambda by=by: actions.create_token("x", by=by),
            lambda by=by: actions.revoke_token("x", by=by),
        ):
            with pytest.raises(NotAllowed):
                act()
    assert actions.create_person("x", "X", PASSWORD, by=actor("a", None, actions.ADMINISTRATOR)).pk


def test_post_begins_on_the_day_in_viet_nam(city: City) -> None:
    from datetime import UTC, datetime

    with clock.set_to(datetime(2026, 11, 20, 17, 30, tzinfo=UTC)):
        assert today() == date(2026, 11, 21)
        made = person("som", city.province)
        assert access.actor(made).paths("console.see") == (city.province.path,)


def test_journal_names_nobody(city: City) -> None:
    chief = actor("chief", rights=actions.ADMINISTRATOR)
    made = actions.create_person("binh", "Nguyễn Thị Bình", PASSWORD, by=chief)
    entry = Entry.objects.get(subject=f"person:{made.pk}", action="people.person_created")
    assert entry.actor == chief.key
    written = "".join("".join(map(str, row)) for row in Entry.objects.values_list())
    assert [name for name in ("Nguyễn", "Thị Bình", "binh", "chief") if name in written] == []


@pytest.mark.slow
def test_wrong_passwords_lock_an_account_at_their_own_address_alone(city: City) -> None:
    person("binh")

    def sign_in(password: str, address: str) -> int:
        said = {"login": "binh", "password": password}
        return Client().post("/sign-in/", said, REMOTE_ADDR=address).status_code

    assert [sign_in("wrong", "192.0.2.1") for _ in range(5)] == [200] * 5
    # The right password no longer helps there, and always did elsewhere.
    assert sign_in(PASSWORD, "192.0.2.1") == 200
    assert sign_in(PASSWORD, "192.0.2.2") == 302
