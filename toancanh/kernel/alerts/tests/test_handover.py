"""The handover book: two sign, what was open stays as it was, a change of shift without an entry is shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from tests.city import BY, NOON, PASSWORD, City, actor, measure, person
from toancanh.kernel.alerts import actions as alerts
from toancanh.kernel.alerts import rules
from toancanh.kernel.alerts.handover import actions, queries
from toancanh.kernel.alerts.handover.models import Handover
from toancanh.kernel.alerts.maintenance import actions as maintenance
from toancanh.kernel.alerts.models import Alert
from toancanh.kernel.alerts.tests.test_desk import begun
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import access
from toancanh.kernel.people.models import Organisation, Person
from toancanh.kernel.people.shifts import actions as shifts
from toancanh.kernel.people.shifts.models import DutyPost
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, Refused

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
HOME = "/console/duty/book/"


@pytest.fixture
def duty(city: City) -> DutyPost:
    """An until two hours after noon, then Ba; an alert stands, and a station is under maintenance."""
    rules.declare()
    an, ba = person("an", city.province), person("ba", city.province)
    made = shifts.create_post(Organisation.objects.get(code="office"), "Cán bộ trực", 1, by=BY)
    shifts.add_shift(made, an, NOON - 6 * HOUR, NOON + 2 * HOUR, by=BY)
    shifts.add_shift(made, ba, NOON + 2 * HOUR, NOON + 10 * HOUR, by=BY)
    desk = begun()
    measure(city.gauge, NOON, 2.1)
    desk.look()
    maintenance.begin([city.rain], ends=NOON + 5 * HOUR, reason="thay pin", by=BY)
    return made


def who(username: str) -> Actor:
    """That officer."""
    return access.actor(Person.objects.get(username=username))


def client_of(username: str) -> Client:
    """That officer at the pages."""
    client = Client()
    client.force_login(Person.objects.get(username=username))
    return client


def test_what_was_open_stays_as_it_was_signed(duty: DutyPost) -> None:
    row = actions.hand_over(duty, "Nước đang lên", by=who("an"))
    alerts.close(Alert.objects.get(), "hết", by=who("an"))
    with clock.set_to(NOON + HOUR):
        actions.take_over(row, "đã rõ", by=who("ba"))
    row = Handover.objects.get()
    (kept,) = row.frozen["alerts"]
    assert (kept["said"], kept["state"], row.frozen["count"]) == ("2,10 m, trên BĐ2 0,10 m", "open", 1)
    assert row.frozen["maintenance"][0]["things"] == ["Trạm mưa Đồi Thông"]
    assert (row.incoming, row.taken_at, row.is_by_password) == (
        Person.objects.get(username="ba"),
        NOON + HOUR,
        False,
    )
    said = Entry.objects.filter(subject=f"handover:{row.pk}").values_list("action", flat=True)
    assert sorted(said) == ["alerts.handed_over", "alerts.taken_over"]


def test_who_changes_a_signed_entry_in_the_database_is_found_out(duty: DutyPost) -> None:
    row = actions.hand_over(duty, "Nước đang lên", by=who("an"))
    assert queries.is_intact(Handover.objects.get())
    Handover.objects.update(brief="Bình thường")
    assert not queries.is_intact(Handover.objects.get())
    told = client_of("an").get(f"{HOME}{row.pk}/").content.decode()
    assert "không đúng với bản đã ký" in told


def test_only_another_who_answers_there_takes_over_and_once(duty: DutyPost, city: City) -> None:
    row = actions.hand_over(duty, "", by=who("an"))
    with pytest.raises(Refused, match="đã ký bàn giao"):
        actions.hand_over(duty, "", by=who("ba"))
    with pytest.raises(Refused, match="tự nhận ca"):
        actions.take_over(row, "", by=who("an"))
    for stranger in (actor("xem", city.province, ("console.see",)), actor("tay", city.west), BY):
        with pytest.raises(NotAllowed):
            actions.take_over(row, "", by=stranger)
    actions.take_over(row, "", by=who("ba"))
    with pytest.raises(Refused, match="đã có người nhận"):
        actions.take_over(row, "", by=who("ba"))
    facts = {"duty": duty, "outgoing": row.outgoing, "signed_at": NOON, "frozen": {}, "digest": ""}
    Handover.objects.create(**facts)
    with pytest.raises(IntegrityError), transaction.atomic():
        Handover.objects.create(**facts)


def test_note_is_added_and_nothing_else(duty: DutyPost) -> None:
    row = actions.hand_over(duty, "", by=who("an"))
    actions.add(row, "Đã gọi phường", by=who("ba"))
    assert [one.text for one in row.additions.all()] == ["Đã gọi phường"]
    for wrong in ("", " ", "x" * 1001):
        with pytest.raises(Refused):
            actions.add(row, wrong, by=who("ba"))


@pytest.mark.slow
def test_change_of_shift_without_an_entry_is_shown(duty: DutyPost) -> None:
    assert queries.missing([duty], NOON + 9 * HOUR) == [], "the book was not begun"
    with clock.set_to(NOON - 5 * HOUR):
        row = actions.hand_over(duty, "", by=who("ba"))
        actions.take_over(row, "", by=who("an"))
    assert queries.missing([duty], NOON + 2.4 * HOUR) == []
    (found,) = queries.missing([duty], NOON + 2.6 * HOUR)
    assert (found.at, found.outgoing, found.incoming) == (NOON + 2 * HOUR, "Nguyễn an", "Nguyễn ba")
    with clock.set_to(NOON + 3 * HOUR):
        assert "Không có ai nhận ca" in client_of("an").get(HOME).content.decode()
        late = actions.hand_over(duty, "", by=who("an"))
        assert queries.missing([duty], clock.now())
        actions.take_over(late, "muộn", by=who("ba"))
        assert queries.missing([duty], clock.now()) == []


@pytest.mark.slow
def test_both_sign_in_sessions_of_their_own(duty: DutyPost) -> None:
    an, ba = client_of("an"), client_of("ba")
    page = an.get(f"{HOME}new/{duty.pk}/").content.decode()
    assert "Trạm Cầu Gỗ" in page
    answer = an.post(f"{HOME}new/{duty.pk}/", {"brief": "Theo dõi Cầu Gỗ"})
    url = answer.headers["Location"]
    assert "chưa có ai nhận" in an.get(HOME).content.decode()
    assert "đã giao ca Cán bộ trực" in ba.get("/console/alerts/column").content.decode()
    assert ba.post(url, {"do": "take", "remark": "rõ"}).status_code == 302
    told = an.get(url).content.decode()
    for said in ("Theo dõi Cầu Gỗ", "Nguyễn ba", "2,10 m, trên BĐ2 0,10 m", "thay pin"):
        assert said in told
    assert "đã giao ca" not in ba.get("/console/alerts/column").content.decode()
    assert an.post(url, {"do": "note", "text": "Bổ sung"}).status_code == 302
    assert "Bổ sung" in ba.get(url).content.decode()
    assert an.post(url, {"do": "rewrite"}).status_code == 422


@pytest.mark.slow
def test_second_signs_with_a_password_at_the_same_screen(duty: DutyPost) -> None:
    an = client_of("an")
    url = an.post(f"{HOME}new/{duty.pk}/", {"brief": ""}).headers["Location"]
    ba = str(Person.objects.get(username="ba").pk)
    said = {"do": "take_here", "who": ba, "password": "sai mật khẩu", "remark": "đã rõ"}
    refused = an.post(url, said)
    assert refused.status_code == 422
    assert 'value="đã rõ"' in refused.content.decode()
    own = str(Person.objects.get(username="an").pk)
    assert an.post(url, {**said, "who": own, "password": PASSWORD}).status_code == 422
    assert an.post(url, {**said, "password": PASSWORD}).status_code == 302
    row = Handover.objects.get()
    assert (row.incoming, row.is_by_password) == (Person.objects.get(username="ba"), True)
    assert "Nguyễn an" in an.get("/console/").content.decode(), "the session is still that of who goes"


@pytest.mark.slow
def test_guessing_the_password_of_another_is_slowed_as_at_the_sign_in(duty: DutyPost) -> None:
    an = client_of("an")
    url = an.post(f"{HOME}new/{duty.pk}/", {"brief": ""}).headers["Location"]
    ba = str(Person.objects.get(username="ba").pk)
    said = {"do": "take_here", "who": ba, "password": "sai"}
    for _attempt in range(6):
        assert an.post(url, said).status_code == 422
    assert an.post(url, {**said, "password": PASSWORD}).status_code == 422
    assert Handover.objects.get().taken_at is None


def test_who_sees_another_unit_alone_sees_no_entry(duty: DutyPost, city: City) -> None:
    ward = Organisation.objects.create(code="tay", name="UBND phường", unit=city.west)
    person("tay", city.west)
    local = shifts.create_post(ward, "Trực phường", 1, by=BY)
    row = actions.hand_over(local, "", by=who("tay"))
    person("dong", city.east)
    assert client_of("dong").get(f"{HOME}{row.pk}/").status_code == 404
    assert client_of("dong").get(f"{HOME}new/{local.pk}/").status_code == 404
