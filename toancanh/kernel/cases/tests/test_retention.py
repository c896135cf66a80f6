"""What is kept long enough is nominated, reviewed, destroyed with a record; hold and reopening win."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from PIL import Image

from tests.office import Office, at, employ
from toancanh.kernel.cases import moving, parties, recounting, retention
from toancanh.kernel.cases.models import Case, Disposal, Event, Identity, Nomination, PartyRole
from toancanh.kernel.cases.parties import Contact
from toancanh.kernel.cases.tests.test_case_page import client_of, page
from toancanh.kernel.declare import ANYONE, Actor
from toancanh.kernel.files import actions as files
from toancanh.kernel.files import work
from toancanh.kernel.files.models import Content, File
from toancanh.kernel.journal import outbox
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.notify.models import Delivery, Notice
from toancanh.lib.errors import NotAllowed, Refused

END, LATER = "2026-11-16 09:00", "2031-11-16 09:00"
SECRET = "Lê Thị Hoa"
HOME = "/console/work/retention/"


@pytest.fixture
def keepers(office: Office) -> tuple[Actor, Actor]:
    """Two who say how long cases are kept."""
    rights = ("console.see", "cases.see", "cases.arrange", "cases.correct")
    names = ("luutru", "kiemtra")
    first, second = (employ(name, office.committee, rights, office.city.province) for name in names)
    return first, second


@pytest.fixture
def case(office: Office, settings: Any, tmp_path: Any) -> Case:
    """A report with a photo, a sender and a published answer, ended."""
    settings.DATA = tmp_path
    made = io.BytesIO()
    Image.new("RGB", (32, 24), "red").save(made, "JPEG")
    with at(END):
        file = files.take(made.getvalue(), f"{SECRET}.jpg", by=ANYONE, key="p" * 20)
        work.prepare(file)
        case = office.report(f"Nhà {SECRET}", words=f"Cống trước nhà {SECRET}", address=SECRET)
        files.attach(file, f"case:{case.pk}", by=ANYONE)
        parties.join(case, PartyRole.REPORTER, Contact(name=SECRET, phone="0914123456"), by=ANYONE)
        moving.move(case, "accept", {"organisation": "qlhtgt", "note": SECRET}, by=office.desk)
        moving.move(case, "answer", {"answer": f"Đã gặp {SECRET}"}, by=office.engineer)
        moving.move(case, "publish", by=office.desk)
        outbox.deliver()
    return case


def proposed(by: Actor) -> Disposal:
    """Everything that waits, on a list."""
    retention.nominate()
    codes = list(retention.nominated(by).values_list("case__code", flat=True))
    return retention.propose(codes, "Quyết định 12/QĐ-UBND", by=by)


def everything(case: Case) -> str:
    """Whatever the tables say of a case and of who sent it."""
    rows: list[Any] = [Case.objects.filter(pk=case.pk).values(), case.story.values(), case.steps.values()]
    rows += [Identity.objects.values(), Delivery.objects.values(), Notice.objects.values()]
    rows += [File.objects.values("name", "subject"), Entry.objects.values("content")]
    return "".join(str(list(row)) for row in rows)


def test_what_is_over_is_destroyed_with_a_record_of_two_people(
    case: Case, keepers: tuple[Actor, Actor], django_capture_on_commit_callbacks: Any
) -> None:
    first, second = keepers
    with at("2031-11-15 08:59"):
        assert retention.nominate() == 0
    with at(LATER):
        found = proposed(first)
        assert retention.nominate() == 0
        with pytest.raises(NotAllowed, match="người khác"):
            retention.settle(found, True, "Đủ", by=first)
        assert retention.carry_out() == 0
        retention.settle(found, True, "Đã hết giá trị", by=second)
        assert SECRET in everything(case)
        with django_capture_on_commit_callbacks(execute=True):
            assert retention.carry_out() == 1
        assert retention.carry_out() == 0
    assert SECRET not in everything(case)
    assert "914123456" not in everything(case)
    assert Content.objects.count() == 0
    left = Case.objects.get(pk=case.pk)
    assert (left.code, left.state, left.closed_at, left.lateness) == (case.code, "closed", case.closed_at, 0)
    record = Disposal.objects.get()
    assert (record.code, record.cases, record.files, record.parties) == ("HTL31-000001", 1, 1, 1)
    assert (record.proposed_by_id, record.settled_by_id) == tuple(int(one.key[7:]) for one in keepers)
    told = json.loads(Entry.objects.get(action="cases.disposed").content)
    assert (told["cases"], told["events"]) == (1, record.events)
    # By what stays figures are counted and terms found again.
    moved = Event.objects.filter(case=case, kind="moved").order_by("number").values_list("content", flat=True)
    assert [one["move"] for one in moved] == ["accept", "answer", "publish"]
    assert all("said" not in one and one["clocks"] for one in moved)
    assert list(recounting.differences()) == []


def test_nothing_is_done_to_what_was_destroyed_and_its_page_says_so(
    case: Case, office: Office, keepers: tuple[Actor, Actor]
) -> None:
    first, second = keepers
    with at(LATER):
        retention.settle(proposed(first), True, "Đủ", by=second)
        retention.carry_out()
        with pytest.raises(Refused, match="đã được hủy"):
            moving.correct(case, "working", "Nhầm", by=first)
        with pytest.raises(Refused, match="đã được hủy"):
            retention.hold(case, "Vụ án", by=first)
        told = client_of(first).get(page(case)).content.decode()
        assert "HTL31-000001" in told
        assert "/move/" not in told
        assert "/do/" not in told


def test_hold_reopening_and_keeping_longer_take_a_case_from_the_list(
    case: Case, office: Office, keepers: tuple[Actor, Actor]
) -> None:
    first, second = keepers
    with at(END):
        others = [office.report(f"{n}") for n in range(3)]
        for one in others:
            moving.move(one, "refuse", {"reason": "x"}, by=office.desk)
    with at(LATER):
        found = proposed(first)
        retention.settle(found, True, "Đủ", by=second)
        retention.hold(others[0], "Vụ án 12", by=first)
        moving.correct(others[1], "received", "Nhầm", by=first)
        assert retention.carry_out() == 2
        record = Disposal.objects.get()
        assert (record.cases, record.done_at is not None) == (2, True)
        assert Case.objects.get(pk=others[0].pk).title == "0"
        assert Case.objects.get(pk=others[1].pk).title == "1"
        assert retention.nominate() == 0
        with pytest.raises(Refused):
            retention.hold(others[0], "Lại", by=first)
        retention.release(others[0], "Đã xét xử", by=first)
        assert retention.nominate() == 1
        retention.keep(others[0], 30, "Còn tra cứu", by=second)
        assert retention.nominate() == 0
    with at("2031-12-17 09:00"):
        assert retention.nominate() == 1
    story = Case.objects.get(pk=others[0].pk).story.order_by("number").values_list("kind", flat=True)
    assert list(story)[2:] == ["nominated", "held", "released", "nominated", "kept", "nominated"]


def test_who_may_not_and_what_is_wrong_is_refused(
    case: Case, office: Office, keepers: tuple[Actor, Actor]
) -> None:
    first, second = keepers
    with at(LATER):
        retention.nominate()
        for by in (office.desk, office.engineer):
            with pytest.raises(NotAllowed):
                retention.hold(case, "x", by=by)
            with pytest.raises((NotAllowed, Refused)):
                retention.propose([case.code], "x", by=by)
            assert client_of(by).get(HOME).status_code == 403
        for codes, basis in (([], "x"), ([case.code], " "), ([case.code, "PA26-999999"], "x")):
            with pytest.raises(Refused):
                retention.propose(codes, basis, by=first)
        for days in (0, -1, 36_501):
            with pytest.raises(Refused):
                retention.keep(case, days, "x", by=first)
        found = proposed(first)
        with pytest.raises(Refused):
            retention.propose([case.code], "x", by=second)
        with pytest.raises(Refused):
            retention.settle(found, True, " ", by=second)
        retention.settle(found, False, "Còn cần", by=second)
        with pytest.raises(Refused, match="đã được rà soát"):
            retention.settle(found, True, "x", by=second)
    assert Nomination.objects.get().disposal is None


def test_page_leads_from_the_list_to_the_record(case: Case, keepers: tuple[Actor, Actor]) -> None:
    first, second = (client_of(one) for one in keepers)
    with at(LATER):
        retention.nominate()
        told = first.get(HOME).content.decode()
        assert f'value="{case.code}"' in told
        assert first.post(HOME, {"do": "propose", "basis": "x"}).status_code == 422
        answer = first.post(HOME, {"do": "propose", "code": case.code, "basis": "Quyết định 12"})
        path = f"{HOME}HTL31-000001/"
        assert (answer.status_code, answer["Location"]) == (302, path)
        assert 'value="approve"' not in first.get(path).content.decode()
        assert first.post(path, {"do": "approve", "words": "Đủ"}).status_code == 422
        assert second.post(path, {"do": "approve", "words": "Đủ"}).status_code == 302
        retention.carry_out()
        assert "đã hủy" in second.get(path).content.decode().lower()
        assert path in second.get(HOME).content.decode()
        assert second.get(f"{HOME}HTL31-999999/").status_code == 404
