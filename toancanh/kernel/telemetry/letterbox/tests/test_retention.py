"""How long refused readings are kept: set by whom, from when, and what it does to them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client

from tests.city import NOON, City, actor, person
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import actions as people
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import letters
from toancanh.kernel.telemetry.letterbox import retention
from toancanh.kernel.telemetry.models import Keeping, Letter
from toancanh.lib.errors import NotAllowed, Refused

HOME = "/console/letters/keeping/"
TODAY = date(2026, 11, 21)
SAID = {"do": "set", "days": "90", "most": "1000", "valid_from": "2026-12-01", "reason": "QĐ 12/QĐ-UBND"}


@pytest.fixture
def ada(city: City) -> Client:
    """The administrator of everything, signed in."""
    client = Client()
    client.force_login(person("ada", None, people.ADMINISTRATOR))
    return client


def letter(days: int) -> None:
    """A refused reading of so many days ago."""
    facts = {"token": 1, "source": "s", "door": "http", "code": "unknown_thing", "raw": "x", "fault": ""}
    at = NOON - timedelta(days=days)
    Letter.objects.create(digest=f"{days}", at=at, thing="x", series="y", correction=False, **facts)


@pytest.mark.slow
def test_time_is_set_shown_and_holds_from_its_day_on(ada: Client) -> None:
    assert "30 ngày" in ada.get("/console/letters/").content.decode()
    assert "mặc định" in ada.get(HOME).content.decode()
    assert ada.post(HOME, SAID)["Location"] == HOME
    text = ada.get(HOME).content.decode()
    assert all(one in text for one in ("sắp áp dụng", "QĐ 12/QĐ-UBND", "Nguyễn ada", "01/12/2026"))
    assert letters.keeping() == (timedelta(days=30), letters.MOST)
    with clock.set_to(NOON + timedelta(days=10)):
        assert letters.keeping() == (timedelta(days=90), 1000)
        assert [rule.state for rule in retention.history()] == ["now", "past"]
    entry = Entry.objects.get(action="telemetry.keeping_set")
    assert '"days":90' in entry.content
    number = Keeping.objects.get().pk
    assert ada.post(HOME, {"do": "withdraw", "number": number})["Location"] == HOME
    assert not Keeping.objects.exists()
    assert Entry.objects.filter(action="telemetry.keeping_withdrawn").count() == 1


def test_shorter_time_names_what_is_lost_and_asks(ada: Client) -> None:
    for days in (1, 5, 20, 25):
        letter(days)
    shorter = {**SAID, "days": "7", "valid_from": TODAY.isoformat()}
    text = ada.post(HOME, shorter).content.decode()
    assert "2 số liệu bị từ chối" in text
    assert 'value="QĐ 12/QĐ-UBND"' in text, "nothing typed is lost"
    assert not Keeping.objects.exists()
    assert ada.post(HOME, {**shorter, "sure": "1"}).status_code == 302
    assert letters.expire() == 2
    assert Letter.objects.count() == 2
    assert retention.doomed(7, 1) == 1


@pytest.mark.parametrize(
    "wrong",
    [{"days": "0"}, {"days": "9999"}, {"most": "1"}, {"valid_from": "2026-11-20"}, {"valid_from": "x"},
     {"reason": " "}],
)  # fmt: skip
def test_what_cannot_be_is_told_and_kept_on_the_page(ada: Client, wrong: dict[str, str]) -> None:
    answer = ada.post(HOME, {**SAID, **wrong})
    assert answer.status_code == 422
    assert not Keeping.objects.exists()


def test_only_the_administrator_of_the_whole_sets_it(city: City) -> None:
    west = actor("tay", city.west, ("console.see", "telemetry.arrange"))
    with pytest.raises(NotAllowed):
        retention.keep(60, 1000, TODAY, "x", by=west)
    ada = actor("ada", None, people.ADMINISTRATOR)
    retention.keep(60, 1000, TODAY, "x", by=ada)
    again = retention.keep(61, 1000, TODAY, "y", by=ada)
    assert (Keeping.objects.count(), retention.current().days) == (1, 61)
    with pytest.raises(Refused):
        retention.withdraw(again.pk, by=ada)
