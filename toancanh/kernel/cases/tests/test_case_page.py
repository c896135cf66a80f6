"""The page of a case and the forms of its steps: what is shown, refused, kept, and to whom."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from tests.city import City
from tests.office import Office, at
from toancanh.kernel.cases import extending, moving, parties, splitting, story
from toancanh.kernel.cases.models import Case, PartyRole
from toancanh.kernel.cases.parties import Contact
from toancanh.kernel.cases.splitting import Part
from toancanh.kernel.cases.writing import writing
from toancanh.kernel.declare import ANYONE, Actor
from toancanh.kernel.files import actions as files
from toancanh.kernel.files import work
from toancanh.kernel.files.models import File
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people.models import Person

EARLY = "2026-11-16 09:00"


def client_of(who: Actor) -> Client:
    """Signed in as that person."""
    client = Client()
    client.force_login(Person.objects.get(pk=who.key.partition(":")[2]))
    return client


def text(client: Client, path: str, language: str = "vi") -> str:
    """The page's words, without its tags."""
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.content.decode()[:300]
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def page(case: Case) -> str:
    return f"/console/work/{case.code}/"


def cost(client: Client, case: Case) -> int:
    """Queries of the page: the fewest of four looks, as what is kept for seconds is asked anew at times."""
    found = []
    for _look in range(4):
        with CaptureQueriesContext(connection) as asked:
            client.get(page(case))
        found.append(len(asked))
    return min(found)


@pytest.fixture
def office(city: City) -> Office:
    """Founded early enough that everybody holds his post when the stories begin."""
    with at("2026-11-01 08:00"):
        return Office.build(city)


@pytest.fixture
def report(office: Office) -> Case:
    """Passed on to roads, with health helping."""
    with at(EARLY):
        case = office.report(words="Nắp cống trước số 12 vỡ đôi.")
        moving.move(case, "accept", {"organisation": "qlhtgt", "helpers": ["syt"]}, by=office.desk)
    return case


def test_page_tells_story_terms_organisations_and_next_steps(office: Office, report: Case) -> None:
    with at("2026-11-16 14:00"):
        told = text(client_of(office.engineer), page(report))
        assert "Nắp cống trước số 12 vỡ đôi." in told
        assert "Tiếp nhận và chuyển" in told
        assert "Mới gửi → Đã chuyển xử lý" in told
        assert "Đơn vị chủ trì: Phòng Quản lý hạ tầng" in told
        assert "Trả lời: 5 ngày, hạn 23/11/2026 09:00" in told
        assert "còn 4 ngày 4 giờ" in told
        assert "Phối hợp · đang thực hiện" in told
        assert "Nhận xử lý Người gửi thấy đơn vị đang xử lý." in told
        assert "Còn đơn vị phối hợp chưa xong" in told  # said before anybody types an answer
        assert "Không tiếp nhận" not in told
        english = text(client_of(office.engineer), page(report), "en")
        assert "Received → Passed on" in english
        assert "4 days 4 hours left" in english


def test_term_that_moved_is_told_from_when_to_when(office: Office) -> None:
    with at(EARLY):
        case = office.report()
        moving.move(case, "ask", {"question": "Ở đâu?"}, by=office.desk)
    with at("2026-11-17 09:00"):
        moving.move(case, "reply", {"reply": "Số 12"}, by=office.desk)
        told = text(client_of(office.desk), page(case))
    assert "Trả lời: hạn chuyển từ 23/11/2026 09:00 sang 24/11/2026 09:00" in told
    assert "Trả lời: tạm dừng tính hạn" in told


@pytest.mark.slow
def test_who_may_not_see_it_is_told_that_there_is_none(office: Office, report: Case) -> None:
    client = client_of(office.leader)
    assert client.get(page(report)).status_code == 200
    stranger = office.report()
    doctor = client_of(office.doctor)
    assert doctor.get(page(stranger)).status_code == 404
    assert doctor.get(f"{page(stranger)}move/refuse/").status_code == 404
    assert doctor.post(f"{page(stranger)}do/note/", {"words": "x", "seen": "1"}).status_code == 404
    assert Client().get(page(report)).status_code == 302
    assert client_of(office.desk).get(page(report).lower()).status_code == 200


@pytest.mark.slow
def test_two_touches_move_it_along(office: Office, report: Case) -> None:
    client = client_of(office.engineer)
    told = client.get(page(report)).content.decode()
    link = re.search(r'href="([^"]+/move/take/)"', told)
    assert link is not None
    form = client.get(link[1]).content.decode()
    assert "Người gửi thấy đơn vị đang xử lý." in form
    answer = client.post(link[1], {"seen": str(report.number)})
    assert (answer.status_code, answer["Location"]) == (302, page(report))
    assert Case.objects.get(pk=report.pk).state == "working"


def test_faults_stand_beside_their_fields_and_nothing_typed_is_lost(office: Office) -> None:
    case = office.report()
    path = f"{page(case)}move/accept/"
    data = {"seen": str(case.number), "note": "Gấp <b>", "helpers": ["syt", "sxd"]}
    answer = client_of(office.desk).post(path, data)
    told = answer.content.decode()
    assert answer.status_code == 422
    assert re.search(r'id="organisation-fault" role="alert">Cần có', told)
    assert 'aria-describedby="organisation-fault"' in told
    assert "Gấp &lt;b&gt;</textarea>" in told
    assert re.search(r'value="syt" checked', told)
    assert re.search(r'value="sxd" checked', told)
    assert Case.objects.get(pk=case.pk).state == "received"


def test_conflict_says_who_was_first_and_keeps_what_was_typed(office: Office, report: Case) -> None:
    seen = report.number
    with at("2026-11-16 10:00"):
        moving.move(report, "take", by=office.engineer)
    path = f"{page(report)}move/send_back/"
    data = {"seen": str(seen), "reason": "Đường của xã quản lý"}
    answer = client_of(office.engineer).post(path, data)
    told = answer.content.decode()
    assert answer.status_code == 409
    assert "Trần kysu" in told
    assert "10:00 16/11/2026" in told
    assert "Đường của xã quản lý</textarea>" in told
    assert f'name="seen" value="{report.number}"' in told
    assert "Nhận xử lý" in told
    again = client_of(office.engineer).post(path, {**data, "seen": str(report.number)})
    # Sent back, it is the desk's and no longer seen by who had it.
    assert (again.status_code, again["Location"]) == (302, "/console/work/")
    assert Case.objects.get(pk=report.pk).state == "returned"


def test_form_of_a_step_that_is_gone_keeps_the_words_and_offers_no_button(office: Office) -> None:
    case = office.report()
    moving.move(case, "refuse", {"reason": "Trùng"}, by=office.desk)
    path = f"{page(case)}move/ask/"
    answer = client_of(office.desk).post(path, {"seen": "1", "question": "Ở đoạn nào?"})
    assert answer.status_code == 409
    told = answer.content.decode()
    assert "Ở đoạn nào?</textarea>" in told
    assert re.search(r'type="submit" disabled', told)


@pytest.mark.parametrize("seen", ["", "x", "-1", "99999999999", "1e3"])
def test_form_without_what_its_editor_saw_changes_nothing(office: Office, report: Case, seen: str) -> None:
    answer = client_of(office.engineer).post(f"{page(report)}move/take/", {"seen": seen})
    assert answer.status_code == 409
    assert Case.objects.get(pk=report.pk).state == "assigned"


def test_unknown_steps_are_not_found(office: Office, report: Case) -> None:
    client = client_of(office.desk)
    for path in ("move/fly/", "do/fly/"):
        assert client.get(page(report) + path).status_code == 404
        assert client.post(page(report) + path, {}).status_code == 404


@pytest.mark.slow
def test_page_costs_the_same_whatever_happened(office: Office) -> None:
    with at(EARLY):
        small = office.report()
        large = office.report()
        # What guards refuse costs alike in both.
        moving.move(small, "accept", {"organisation": "qlhtgt", "helpers": ["syt", "sxd"]}, by=office.desk)
        for n in range(6):
            moving.move(
                large, "accept", {"organisation": "qlhtgt", "helpers": ["syt", "sxd"]}, by=office.desk
            )
            moving.move(large, "send_back", {"reason": f"lần {n}"}, by=office.engineer)
        moving.move(large, "accept", {"organisation": "qlhtgt"}, by=office.desk)
        client = client_of(office.engineer)
        costs = [cost(client, case) for case in (small, large)]
    assert costs[0] == costs[1]


def test_long_story_is_read_in_parts_that_cost_alike(office: Office, report: Case) -> None:
    with at("2026-11-16 10:00"):
        extending.ask(report, 3, "Chờ vật tư", by=office.engineer)
        for n in range(420):
            with writing(report, by=office.desk) as on:
                on.tell("noted", {"words": f"Ghi chú thứ {n}."})
        extending.settle(report, True, "Đồng ý", by=office.desk)
    client, path, found = client_of(office.desk), page(report), []
    while path:
        told = client.get(path).content.decode()
        found += [int(one) for one in re.findall(r'<li id="e(\d+)"', told)]
        assert len(re.findall(r'<li id="e', told)) <= story.MOST
        older = re.search(r'href="\?before=(\d+)#', told)
        path = f"{page(report)}?before={older[1]}" if older else ""
    assert found == list(range(report.number, 0, -1))
    # From when a term moved is said though that stands in a part before.
    assert "hạn chuyển từ 23/11/2026 09:00 sang 26/11/2026 09:00" in text(client, page(report))
    for wrong in ("x", "0", "-1", "99999999999"):
        assert client.get(f"{page(report)}?before={wrong}").status_code == 200


@pytest.mark.slow
def test_who_sent_it_is_read_with_a_reason_and_each_reading_is_kept(office: Office, report: Case) -> None:
    contact = Contact(name="Lê Thị Hoa", phone="0914 123 456")
    parties.join(report, PartyRole.REPORTER, contact, by=office.desk)
    path = f"{page(report)}people/"
    assert client_of(office.engineer).get(path).status_code == 403
    assert client_of(office.engineer).post(path, {"reason": "x"}).status_code == 403
    desk = client_of(office.desk)
    for answer in (desk.get(page(report)), desk.get(path), desk.post(path, {"reason": " "})):
        assert "Lê Thị Hoa" not in answer.content.decode()
    assert Entry.objects.filter(action="cases.identity_read").count() == 0
    told = desk.post(path, {"reason": "Gọi lại hỏi đường"}).content.decode()
    assert "Lê Thị Hoa" in told
    assert "+84914123456" in told
    assert Entry.objects.get(action="cases.identity_read").actor == office.desk.key


@pytest.fixture
def jpeg(settings: Any, tmp_path: Any) -> bytes:
    """A small photo; what is kept lies in a folder of the test."""
    settings.DATA = tmp_path
    made = io.BytesIO()
    Image.new("RGB", (32, 24), "red").save(made, "JPEG")
    return made.getvalue()


def test_photos_of_an_answer_are_kept_through_a_fault_and_shown_in_the_story(
    office: Office, report: Case, jpeg: bytes
) -> None:
    client = client_of(office.engineer)
    for step in list(report.steps.filter(role="help")):
        step.delete()
    path = f"{page(report)}move/answer/"
    assert 'enctype="multipart/form-data"' in client.get(path).content.decode()
    upload = SimpleUploadedFile("sau.jpg", jpeg, "image/jpeg")
    # The words are missing: the photo is kept and goes with the next sending.
    answer = client.post(path, {"seen": str(report.number), "after": upload})
    file = File.objects.get()
    assert answer.status_code == 422
    assert file.subject == ""
    assert re.search(rf'name="after" value="{file.pk}" checked', answer.content.decode())
    data = {"seen": str(report.number), "answer": "Đã thay nắp", "after": str(file.pk)}
    assert client.post(path, data).status_code == 302
    file.refresh_from_db()
    assert file.subject == f"case:{report.pk}"
    assert report.story.order_by("number").last().content["said"]["after"] == [str(file.pk)]  # type: ignore[union-attr]
    assert "sau.jpg:" in text(client, page(report))
    work.prepare(file)
    assert re.search(r'<img src="/files/[^"]+" alt="sau.jpg"', client.get(page(report)).content.decode())


def test_step_without_a_photo_is_done_though_browsers_send_the_empty_field(
    office: Office, report: Case, jpeg: bytes
) -> None:
    for step in list(report.steps.filter(role="help")):
        step.delete()
    data = {"seen": str(report.number), "answer": "Đã thay nắp", "before": "", "after": ""}
    assert client_of(office.engineer).post(f"{page(report)}move/answer/", data).status_code == 302
    assert list(File.objects.all()) == []


def test_files_that_are_refused_or_somebody_elses_change_nothing(
    office: Office, report: Case, jpeg: bytes
) -> None:
    for step in list(report.steps.filter(role="help")):
        step.delete()
    path, client = f"{page(report)}move/answer/", client_of(office.engineer)
    data = {"seen": str(report.number), "answer": "Đã thay nắp"}
    bad = SimpleUploadedFile("x.exe", b"MZ" + bytes(100), "image/jpeg")
    answer = client.post(path, {**data, "after": bad})
    assert answer.status_code == 422
    assert 'id="after-fault"' in answer.content.decode()
    other = files.take(jpeg, "khac.jpg", by=ANYONE, key="k" * 20)
    for key in (str(other.pk), "999999", "²"):
        assert client.post(path, {**data, "after": key}).status_code in (404, 422)
    # Who may not do the step leaves nothing on the disk.
    stranger = client_of(office.desk)
    upload = SimpleUploadedFile("sau.jpg", jpeg, "image/jpeg")
    stranger.post(path, {**data, "after": upload})
    assert list(File.objects.values_list("pk", flat=True)) == [other.pk]
    assert Case.objects.get(pk=report.pk).state == "assigned"


def test_pictures_of_the_sender_stand_on_the_case_and_on_its_parts(office: Office, jpeg: bytes) -> None:
    file = files.take(jpeg, "cong.jpg", by=ANYONE, key="p" * 20)
    whole = office.report(facts={"pictures": [str(file.pk)]})
    files.attach(file, f"case:{whole.pk}", by=ANYONE)
    work.prepare(file)
    (part,) = splitting.split(whole, [Part(title="Rác")], by=office.desk)
    for case in (whole, part):
        told = client_of(office.desk).get(page(case)).content.decode()
        assert len(re.findall(r'<img src="/files/[^"]+" alt="cong.jpg"', told)) == 1


def test_page_costs_the_same_with_one_file_and_with_thirty(office: Office, jpeg: bytes) -> None:
    costs = []
    client = client_of(office.desk)
    for most in (0, 1, 30):
        sent = [
            files.take(jpeg, f"{n}.jpg", by=ANYONE, key=f"{most}-{n}".rjust(20, "k")) for n in range(most)
        ]
        case = office.report(facts={"pictures": [str(file.pk) for file in sent]})
        for file in sent:
            files.attach(file, f"case:{case.pk}", by=ANYONE)
        assert client.get(page(case)).content.decode().count(".jpg:") == most
        costs.append(cost(client, case))
    assert len(set(costs)) == 1
