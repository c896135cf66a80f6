"""Giving work: who may, by when it is due, what it is about, twice the same, and parts that are handed on."""

from __future__ import annotations

import re
from datetime import date

import pytest

from tests.city import BY
from tests.office import Office, at, moment
from toancanh.domains.directives import deadlines
from toancanh.domains.directives.tests.ordering import HOME, client_of, give, hired, plain, text
from toancanh.kernel.cases import access, extending, moving, urging
from toancanh.kernel.cases.models import Case, Link, Step
from toancanh.kernel.journal import outbox
from toancanh.kernel.notify.models import Delivery
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime import subjects
from toancanh.kernel.territory.calendars import actions as calendars
from toancanh.kernel.territory.calendars.actions import Basis, Days
from toancanh.lib.errors import NotAllowed, Refused
from toancanh.lib.worktime.calendar import Kind

NEW = f"{HOME}new/"
MONDAY = "2026-11-16 09:00"
TYPED = {
    "title": "Khơi thông cống",
    "words": "Khơi thông xong trước đợt mưa.\nBáo cáo có ảnh.",
    "lead": "sxd",
    "helpers": ["syt", "sxd"],
    "days": "3",
    "evidence": "Ảnh trước và sau",
    "priority": "1",
}


def test_form_looks_first_and_then_gives_once(office: Office) -> None:
    with at(MONDAY):
        client = client_of(office.leader)
        key = re.search(r'name="key" value="([^"]+)"', client.get(NEW).content.decode())
        assert key is not None
        said = {**TYPED, "key": key[1]}
        look = plain(client.post(NEW, {**said, "do": "look"}).content.decode())
        assert "19/11/2026 09:00" in look
        assert "3 ngày làm việc kể từ bây giờ" in look
        assert "Sở Xây dựng · chủ trì Chưa có ai của đơn vị có tài khoản" in look
        assert "Sở Y tế · phối hợp Trần bacsi, Chuyên viên" in look
        assert not Case.objects.exists()
        for _twice in range(2):
            answer = client.post(NEW, {**said, "do": "give"})
            assert answer.status_code == 302
            assert answer.headers["Location"] == HOME
        case = Case.objects.get()
    assert case.due_at == moment("2026-11-19 09:00")
    assert (case.organisation, case.priority, case.unit) == (office.works, 1, office.city.province)
    assert case.facts == {"evidence_wanted": "Ảnh trước và sau"}
    helpers = Step.objects.filter(case=case, role="help")
    assert [step.organisation for step in helpers] == [office.health]


def test_same_key_of_somebody_else_is_his_own_order(office: Office) -> None:
    other = hired(office, "phochutich", office.committee, ("console.see", "cases.give"))
    with at(MONDAY):
        mine = give(office, office.roads, key="same")
        his = give(office, office.roads, key="same", by=other)
    assert mine.pk != his.pk


def test_words_survive_the_look_back(office: Office) -> None:
    with at(MONDAY):
        answer = client_of(office.leader).post(NEW, {**TYPED, "do": "change", "key": "k"})
    page = answer.content.decode()
    assert "Khơi thông xong trước đợt mưa.\nBáo cáo có ảnh." in page.replace("\r\n", "\n")
    assert 'value="syt" checked' in page


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"title": ""}, "title-fault"),
        ({"words": " "}, "words-fault"),
        ({"lead": ""}, "lead-fault"),
        ({"lead": "khongco"}, "lead-fault"),
        ({"days": ""}, "days-fault"),
        ({"days": "0"}, "days-fault"),
        ({"days": "2,5"}, "days-fault"),
        ({"days": "366"}, "days-fault"),
        ({"until": "13/11/2026"}, "until-fault"),
        ({"until": "31/02/2027"}, "until-fault"),
        ({"until": "01/01/2030"}, "until-fault"),
        ({"priority": "7"}, "priority-fault"),
    ],
)
def test_what_cannot_be_stands_beside_its_field(office: Office, changed: dict[str, str], fault: str) -> None:
    with at(MONDAY):
        answer = client_of(office.leader).post(NEW, {**TYPED, **changed, "do": "give", "key": "k"})
        assert answer.status_code == 422
        assert f'id="{fault}"' in answer.content.decode()
    assert not Case.objects.exists()


def test_day_ends_with_its_last_working_minute(office: Office) -> None:
    path = office.city.province.path
    with at(MONDAY):
        assert deadlines.of_day(date(2026, 11, 20), path).due == moment("2026-11-20 17:00")
        # Nobody works on Sunday: the last working minute before it.
        assert deadlines.of_day(date(2026, 11, 22), path).due == moment("2026-11-20 17:00")
        assert deadlines.of_day(date(2026, 11, 16), path).due == moment("2026-11-16 17:00")
        case = give(office, office.roads, deadline=deadlines.of_day(date(2026, 11, 18), path))
        assert case.due_at == moment("2026-11-18 17:00")
    with at("2026-11-16 17:30"), pytest.raises(Refused, match="không còn giờ làm việc"):
        deadlines.of_day(date(2026, 11, 16), path)


def test_closed_day_moves_the_counted_date_of_the_look(office: Office) -> None:
    closed = Days(kind=Kind.CLOSURE, first=date(2026, 11, 18), last=date(2026, 11, 18))
    basis = Basis(reason="nghỉ bão", legal_basis="Công điện 01/CĐ-UBND")
    with at(MONDAY):
        calendars.enter(office.calendar, closed, basis, by=BY)
        answer = client_of(office.leader).post(NEW, {**TYPED, "do": "look", "key": "k"})
    assert "20/11/2026 09:00" in plain(answer.content.decode())


def test_only_leaders_give(office: Office) -> None:
    with at(MONDAY):
        assert client_of(office.engineer).get(NEW).status_code == 403
        assert client_of(office.desk).post(NEW, {**TYPED, "do": "give", "key": "k"}).status_code == 403
        with pytest.raises(NotAllowed):
            give(office, office.roads, by=office.engineer)


@pytest.mark.slow
def test_order_about_a_report_stands_on_both_pages(office: Office) -> None:
    with at(MONDAY):
        report = office.report("Nắp cống vỡ")
        client = client_of(office.leader)
        page = client.get(f"/console/work/{report.code}/").content.decode()
        assert f"/console/directives/new/?about=case%3A{report.code}" in page
        form = text(client, f"{NEW}?about=case:{report.code}")
        assert f"{report.code} Nắp cống vỡ" in form
        client.post(NEW, {**TYPED, "do": "give", "key": "k", "about": f"case:{report.code}"})
        order = Case.objects.get(kind="directives.directive")
        # It lies where the report lies.
        assert order.unit == office.city.west
        assert order.code in text(client, f"/console/work/{report.code}/")
        assert report.code in text(client, f"/console/work/{order.code}/")


@pytest.mark.slow
def test_order_about_a_station_leads_to_it(office: Office) -> None:
    with at(MONDAY):
        client = client_of(office.leader)
        about = f"thing:{office.city.gauge.code}"
        assert "about=thing%3Agauge" in client.get("/console/things/gauge/").content.decode()
        client.post(NEW, {**TYPED, "do": "give", "key": "k", "about": about})
        order = Case.objects.get()
        assert Link.objects.get(case=order).subject == about
        assert order.code in text(client, "/console/things/gauge/")
        assert "Trạm: Trạm Cầu Gỗ" in text(client, f"/console/work/{order.code}/")
        # Whose post does not reach the order sees the station without it.
        assert order.code not in text(client_of(office.doctor), "/console/things/rain/")


def test_order_about_a_figure_leads_to_its_rows(office: Office) -> None:
    with at(MONDAY):
        office.report()
        client = client_of(office.leader)
        rows = (
            "/console/reports/figures/rows/?from=01/11/2026&to=30/11/2026&by=area&figure=received&key=90001"
        )
        found = re.search(r"new/\?about=([^\"]+)\"", client.get(rows).content.decode())
        assert found is not None
        form = text(client, f"{NEW}?about={found[1]}")
        assert "Phường Dương Nỗ (01/11/2026–30/11/2026)" in form
        subject = subjects.find("figure:reports/2026-11-01/2026-11-30/area/received/90001", office.leader)
        assert subject is not None
        assert client.get(subject.url).status_code == 200


@pytest.mark.parametrize(
    "about",
    [
        "alert:9999",
        "alert:x",
        "case:PA26-999999",
        "nothing:1",
        "figure:reports/x",
        "thing:",
        ":",
        "warning:-1",
    ],
)
def test_what_is_not_there_is_nothing_to_give_work_about(office: Office, about: str) -> None:
    with at(MONDAY):
        assert client_of(office.leader).get(f"{NEW}?about={about}").status_code == 404
        with pytest.raises(Refused):
            give(office, office.roads, about=about)


def test_organisation_hands_a_part_on_and_judges_it(office: Office) -> None:
    """The whole waits for its parts, and any of the organisation's people judges them."""
    director = hired(office, "giamdoc", office.works, people.HANDLER)
    colleague = hired(office, "phogiamdoc", office.works, people.HANDLER)
    with at(MONDAY):
        whole = give(office, office.works)
        with pytest.raises(NotAllowed):
            give(office, office.health, whole=whole, by=office.doctor)
        with pytest.raises(Refused, match="không muộn hơn"):
            give(office, office.health, days=6, whole=whole, by=director)
        part = give(office, office.health, days=3, whole=whole, by=director)
        assert part.parent_id == whole.pk
        with pytest.raises(NotAllowed):  # a part is not handed on again
            give(office, office.roads, days=1, whole=part, by=office.doctor)
        moving.move(part, "report", {"answer": "Đã phun khử khuẩn"}, by=office.doctor)
        with pytest.raises(Refused, match="việc con"):
            moving.move(whole, "report", {"answer": "Xong"}, by=director)
        with pytest.raises(NotAllowed):
            moving.move(part, "accept", by=office.doctor)
        assert part.code in text(client_of(colleague), f"{HOME}?whose=given")
        moving.move(part, "accept", by=colleague)
        assert not Case.objects.get(pk=part.pk).is_open
        moving.move(whole, "report", {"answer": "Xong"}, by=director)
        # What came of it stays to be seen by who handed it on.
        assert access.visible(colleague).filter(pk=part.pk).exists()
        assert not access.visible(office.engineer).filter(pk=part.pk).exists()
        assert "1/1 việc con đã xong" in text(client_of(office.leader), f"/console/work/{whole.code}/")


def test_division_below_does_not_judge_what_its_department_handed_on(office: Office) -> None:
    director = hired(office, "giamdoc", office.works, people.HANDLER)
    with at(MONDAY):
        whole = give(office, office.works)
        part = give(office, office.roads, days=2, whole=whole, by=director)
        moving.move(part, "report", {"answer": "Xong"}, by=office.engineer)
        with pytest.raises(NotAllowed):
            moving.move(part, "accept", by=office.engineer)
        moving.move(part, "accept", by=director)


@pytest.mark.slow
def test_who_has_to_do_it_and_who_gave_it_are_told(office: Office) -> None:
    for who in (office.engineer, office.doctor, office.leader):
        account = Person.objects.get(pk=who.key.partition(":")[2])
        Person.objects.filter(pk=account.pk).update(email=f"{account.username}@example.vn")
    with at(MONDAY):
        order = give(office, office.roads, helpers=[office.health])
        assert told() == {
            "bacsi": f"{order.code}: việc mới cần phối hợp",
            "kysu": f"{order.code}: việc mới được giao",
        }
        extending.ask(order, 2, "Chờ vật tư", by=office.engineer)
        assert told() == {"chutich": f"{order.code}: xin thêm thời gian"}
        extending.settle(order, True, "Đồng ý", by=office.leader)
        assert told() == {"kysu": f"{order.code}: đã trả lời đề nghị gia hạn"}
        assert "25/11/2026 09:00" in Delivery.objects.latest("pk").notice.body_vi
        urging.urge(order, "Làm ngay", by=office.leader)
        assert told() == {"kysu": f"{order.code}: lãnh đạo đôn đốc"}
        # Of other kinds of work nothing is told here.
        office.report()
        assert told() == {}


def told() -> dict[str, str]:
    """Who was told what since this was asked last."""
    before = set(Delivery.objects.values_list("pk", flat=True))
    while outbox.deliver():
        pass
    rows = Delivery.objects.exclude(pk__in=before).select_related("notice")
    return {row.address.partition("@")[0]: row.notice.title_vi for row in rows}
