"""Reports of an earlier system come in with their own times, once, tell nobody, and go back if untouched."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.city import person
from tests.office import Office, at, moment
from toancanh.domains.reports.figures import counting, rows
from toancanh.domains.reports.figures.rows import Span
from toancanh.domains.reports.importing import actions, errors, kept, work
from toancanh.domains.reports.importing.mapping import Mapping
from toancanh.domains.reports.importing.models import ImportedRow, ReportImport, ReportMapping
from toancanh.domains.reports.routing.models import Routed
from toancanh.kernel.cases import moving, parties
from toancanh.kernel.cases.access import visible
from toancanh.kernel.cases.models import Case, Clock, Event, Identity
from toancanh.kernel.cases.queue.wishes import Wish, wanted
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.journal.models import Event as Outgoing
from toancanh.kernel.notify.models import Delivery
from toancanh.kernel.people import access
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, Refused

pytestmark = pytest.mark.django_db
HEAD = (
    "Mã phản ánh;Thời gian gửi;Hạn xử lý;Ngày hoàn thành;Trạng thái;Lĩnh vực;Nội dung;Vĩ độ;Kinh độ;Địa chỉ;"
    "Xã/phường;Đơn vị xử lý;Kết quả xử lý;Họ và tên;Số điện thoại"
)
ROWS = (
    "A1;03/03/2025 08:00;07/03/2025 17:00;05/03/2025 10:00;Đã xử lý;Rác thải;Rác chất đống ở đầu ngõ mấy hôm;"
    "16,05;107,05;Ngõ 3;;Sở Xây dựng;Đã thu gom;Lê Thị Hoa;0912345678",
    "A2;04/03/2025 09:30;06/03/2025 17:00;10/03/2025 09:00;Đã xử lý;Đường hỏng;Ổ gà to trước cổng trường học;"
    "16,05;107,05;;;Phòng Quản lý hạ tầng;Đã vá;;",
    "A3;05/03/2025 10:00;;06/03/2025 08:00;Từ chối;Khác;Xin cấp lại sổ hộ khẩu cho nhà tôi;16,05;107,05;;;;"
    "Không thuộc phạm vi;;",
    "A4;06/03/2025 11:00;;;Đang xử lý;Rác thải;Bãi rác tự phát cạnh trạm y tế;16,05;107,05;;;Sở Y tế;;;",
    "A5;07/03/2025 12:00;;;Mới;Rác thải;Thùng rác đầy không ai đổ ba hôm rồi;16,05;107,05;;;;;Trần Văn Bình;"
    "0987654321",
    "A6;08/03/2025 12:00;;09/03/2025 07:00;Người gửi đã rút;Rác thải;Rác đã dọn rồi nên xin rút lại;16,05;"
    "107,05;;;;;;",
)
SAID = {"Rác thải": "rac", "Đường hỏng": "duong", "Khác": "khac"}


def table(*lines: str, head: str = HEAD) -> bytes:
    return "\n".join((head, *lines)).encode("utf-8-sig")


@pytest.fixture
def chief(desk: Office) -> Actor:
    """Who arranges work for the whole locality."""
    return access.actor(person("quantri", None, people.ADMINISTRATOR))


def codes(desk: Office) -> dict[str, str]:
    """Categories of the file as those of the catalogue; whatever it holds today."""
    from toancanh.domains.reports import categories

    known = list(categories.choosable())
    return {name: known[number] for number, name in enumerate(SAID)}


def brought(content: bytes, by: Actor, desk: Office, name: str = "", **more: Any) -> ReportImport:
    """A draft, understood as its guess says, with categories told."""
    made = actions.upload(content, "phan-anh-cu.csv", by=by)
    said = msgspec.structs.replace(
        msgspec.convert(made.mapping, Mapping), source="1022", categories=codes(desk), **more
    )
    actions.understand(made, said, by=by, name=name)
    return ReportImport.objects.get(pk=made.pk)


def run(duty: Any = None) -> None:
    """Until nothing waits."""
    duty = duty or work.Duty()
    while duty():
        pass


def taken(content: bytes, by: Actor, desk: Office, **more: Any) -> ReportImport:
    made = brought(content, by, desk, **more)
    actions.confirm(made, made.preview["of"], by=by)
    run()
    return ReportImport.objects.get(pk=made.pk)


def by_code(code: str) -> Case:
    return Case.objects.get(facts__old_code=code)


def test_columns_states_and_organisations_are_guessed(chief: Actor, desk: Office) -> None:
    said = msgspec.convert(actions.upload(table(*ROWS), "cu.csv", by=chief).mapping, Mapping)
    assert {field: name for name, field in said.columns.items()} == {
        "code": "Mã phản ánh", "received": "Thời gian gửi", "due": "Hạn xử lý", "closed": "Ngày hoàn thành",
        "state": "Trạng thái", "category": "Lĩnh vực", "words": "Nội dung", "lat": "Vĩ độ", "lon": "Kinh độ",
        "address": "Địa chỉ", "unit": "Xã/phường", "organisation": "Đơn vị xử lý", "answer": "Kết quả xử lý",
        "name": "Họ và tên", "phone": "Số điện thoại",
    }  # fmt: skip
    assert said.states == {
        "Đã xử lý": "closed", "Từ chối": "refused", "Đang xử lý": "working", "Mới": "received",
        "Người gửi đã rút": "withdrawn",
    }  # fmt: skip
    assert said.organisations == {"Sở Xây dựng": "sxd", "Phòng Quản lý hạ tầng": "qlhtgt", "Sở Y tế": "syt"}


def test_headings_of_an_english_system_are_known_and_its_dates_read(chief: Actor) -> None:
    head = "Unique Key,Created Date,Closed Date,Agency,Complaint Type,Descriptor,Status,Due Date,Latitude"
    row = "1,12/25/2013 11:59:08 PM,12/26/2013 1:15 AM,NYPD,Noise,Loud music,Closed,12/26/2013 7:59 AM,4"
    made = actions.upload(f"{head}\n{row}\n".encode(), "311.csv", by=chief)
    said = msgspec.convert(made.mapping, Mapping)
    assert list(said.columns.values()) == [
        "code", "received", "closed", "organisation", "category", "words", "state", "due", "lat"
    ]  # fmt: skip
    assert not said.day_first
    assert said.states == {"Closed": "closed"}


@pytest.mark.slow
def test_reports_come_in_with_their_own_times_and_tell_nobody(chief: Actor, desk: Office) -> None:
    waiting = Outgoing.objects.filter(name__in=("cases.opened", "cases.moved")).count()
    one = taken(table(*ROWS), chief, desk)
    assert (one.state, one.new, one.same, one.refused) == ("done", 6, 0, 0)
    states = {case.facts["old_code"]: case.state for case in Case.objects.filter(channel="import")}
    assert states == {
        "A1": "closed", "A2": "closed", "A3": "refused", "A4": "working", "A5": "received", "A6": "withdrawn"
    }  # fmt: skip
    first = by_code("A1")
    assert first.code.startswith("PA25-")
    assert first.opened_at == moment("2025-03-03 08:00")
    assert first.closed_at == moment("2025-03-05 10:00")
    story = list(first.story.order_by("number").values_list("kind", "at", "content"))
    assert [kind for kind, _at, _content in story] == [
        "opened",
        "moved",
        "moved",
        "moved",
        "moved",
        "brought_in",
    ]
    assert all(content["brought"] == "1022" for kind, _at, content in story if kind != "brought_in")
    assert [bool(content.get("assumed")) for _kind, _at, content in story] == [
        False,
        True,
        True,
        True,
        False,
        False,
    ]
    assert story[-1][1] == clock.now(), "what is written today bears today's time"
    assert not Entry.objects.filter(at__lt=moment("2026-11-20 08:00")).exists(), (
        "the journal is never antedated"
    )
    assert Outgoing.objects.filter(name__in=("cases.opened", "cases.moved")).count() == waiting
    assert not Delivery.objects.exists()


@pytest.mark.slow
def test_lateness_is_counted_where_a_term_was_named_and_nowhere_else(chief: Actor, desk: Office) -> None:
    taken(table(*ROWS), chief, desk)
    on_time, late, refused = (by_code(code) for code in ("A1", "A2", "A3"))
    assert on_time.lateness == 0
    gone = moment("2025-03-10 09:00") - moment("2025-03-06 17:00")
    assert late.lateness == gone // timedelta(minutes=1)
    assert list(late.clocks.values_list("due_at", flat=True)) == [moment("2025-03-06 17:00")]
    assert refused.lateness is None
    assert not refused.clocks.exists()
    span = Span(moment("2025-03-01 00:00").date(), moment("2025-03-31 00:00").date())
    whole, _groups = counting.figures(rows.rows(span, chief), "organisation", lambda row: row.organisation)
    assert {name: whole.counts[name] for name in ("received", "answered", "on_time", "late", "no_term")} == {
        "received": 6, "answered": 2, "on_time": 1, "late": 1, "no_term": 0
    }  # fmt: skip
    assert whole.medians["minutes_organisation"] is None, "how long each had it, nobody wrote down"


@pytest.mark.slow
def test_what_is_still_open_begins_its_term_today_and_waits_at_the_desk(chief: Actor, desk: Office) -> None:
    taken(table(*ROWS), chief, desk)
    for code in ("A4", "A5"):
        case = by_code(code)
        assert case.due_at is not None
        assert case.due_at > clock.now()
        assert Clock.objects.filter(case=case, name="handle", started_at=clock.now()).exists()
    assert Routed.objects.filter(case=by_code("A5"), number=1).exists()
    moving.move(by_code("A5"), "accept", {"organisation": "sxd"}, by=desk.desk)
    assert Outgoing.objects.filter(name="cases.moved").count() == 1, "from now on it is a report like others"


@pytest.mark.slow
def test_who_sent_it_is_sealed_and_no_message_ever_goes_to_a_number_nobody_proved(
    chief: Actor, desk: Office
) -> None:
    one = taken(table(*ROWS), chief, desk)
    case = by_code("A1")
    told = parties.identity(case.parties.get(), by=desk.desk, reason="gọi lại")
    assert (told.name, told.unproven, told.phone) == ("Lê Thị Hoa", "+84912345678", "")
    assert "0912345678" not in Identity.objects.get(party__case=case).sealed
    assert b"0912345678" not in bytes(one.book or b"")
    whole = str(list(Event.objects.values_list("content", flat=True))) + str(
        list(Entry.objects.values_list("content"))
    )
    assert "Hoa" not in whole
    assert not parties.recipients(case, "reporter", "")  # type: ignore[arg-type]


@pytest.mark.slow
def test_the_same_file_twice_brings_nothing_twice(chief: Actor, desk: Office) -> None:
    taken(table(*ROWS), chief, desk)
    again = brought(table(*ROWS, ROWS[0].replace("A1;", "A7;")), chief, desk)
    assert (again.preview["new"], again.preview["same"]) == (1, 6)
    actions.confirm(again, again.preview["of"], by=chief)
    run()
    assert Case.objects.filter(channel="import").count() == 7
    other = brought(table(*ROWS), chief, desk)
    other_system = msgspec.structs.replace(msgspec.convert(other.mapping, Mapping), source="Hue-S")
    assert actions.understand(other, other_system, by=chief).new == 6, "another system has codes of its own"


@pytest.mark.slow
def test_rows_that_cannot_be_are_refused_each_with_its_reason(chief: Actor, desk: Office) -> None:
    wrong = (
        "B1;hôm qua;;;Mới;Rác thải;Rác ở chợ;16,05;107,05;;;;;;",
        "B2;03/03/2027 08:00;;;Mới;Rác thải;Rác ở chợ;16,05;107,05;;;;;;",
        "B3;03/03/2025 08:00;;;Đã xử lý;Rác thải;Rác ở chợ;16,05;107,05;;;Sở Xây dựng;;;",
        "B4;03/03/2025 08:00;;01/03/2025 08:00;Đã xử lý;Rác thải;Rác ở chợ;16,05;107,05;;;Sở Xây dựng;;;",
        "B5;03/03/2025 08:00;;;Mới;Rác thải;Rác ở chợ;40,6;-73,9;;;;;;",
        "B6;03/03/2025 08:00;;;Mới;Chuyện lạ;Rác ở chợ;16,05;107,05;;;;;;",
        "B7;03/03/2025 08:00;;;Mới;Rác thải;Rác ở chợ;16,05;107,05;;;;;;12345",
        "B8;03/03/2025 08:00;;;Mới;Rác thải;Rác ở chợ;;;;;;;;",
        "A5;03/03/2025 08:00;;;Mới;Rác thải;Rác ở chợ;16,05;107,05;;;;;;",
        f"B9;03/03/2025 08:00;;;Mới;Rác thải;{'dài ' * 3000};16,05;107,05;;;;;;",
    )
    made = brought(table(ROWS[4], *wrong), chief, desk)
    assert (made.preview["new"], made.preview["refused"]) == (1, len(wrong))
    assert len(made.preview["reasons"]) == len(wrong)
    assert "12345" not in str(made.preview), "a number of a person is not repeated in a reason"
    one = taken(table(ROWS[4], *wrong), chief, desk)
    assert (one.new, one.refused) == (1, len(wrong))
    book = kept.read(errors.of(one, msgspec.convert(one.mapping, Mapping)))
    lines = book.sheet("").rows[1:]
    assert [line[0] for line in lines] == [row.partition(";")[0] for row in wrong]
    assert all(line[-1] for line in lines)


@pytest.mark.slow
def test_communes_of_before_a_merger_and_addresses_say_where_it_is(chief: Actor, desk: Office) -> None:
    name = desk.city.west.full_name
    lines = (
        f"C1;03/03/2025 08:00;;;Mới;Rác thải;Rác ở chợ làng;;;;{name};;;;",
        f"C2;03/03/2025 08:00;;;Mới;Rác thải;Rác ở chợ quê;;;Số 3 đường Lớn, {name}, tỉnh;;;;;",
        "C3;03/03/2025 08:00;;;Mới;Rác thải;Rác ở chợ cũ;40,6;-73,9;;;;;;",
    )
    one = taken(table(*lines), chief, desk, fixed_unit=desk.city.east.code)
    assert one.new == 3
    where = {code: by_code(code).unit for code in ("C1", "C2", "C3")}
    assert where == {"C1": desk.city.west, "C2": desk.city.west, "C3": desk.city.east}
    assert by_code("C3").lon is None


@pytest.mark.slow
def test_undo_takes_back_what_nobody_touched_and_says_what_stays(chief: Actor, desk: Office) -> None:
    one = taken(table(*ROWS), chief, desk)
    worked = by_code("A5")
    moving.move(worked, "accept", {"organisation": "sxd"}, by=desk.desk)
    own = desk.report("không phải của tệp")
    actions.undo(one, by=chief)
    run()
    one.refresh_from_db()
    assert (one.state, one.withdrawn, one.left) == ("undone", 5, 1)
    assert set(Case.objects.values_list("code", flat=True)) == {worked.code, own.code}
    assert list(one.rows.filter(verdict="left").values_list("code", flat=True)) == [worked.code]
    assert Entry.objects.filter(action="reports.taken_back").count() == 5
    found = wanted(visible(chief), Wish(stand="all", q="A1"), chief, clock.now())
    assert not found.exists()
    again = taken(table(*ROWS), chief, desk)
    assert (again.new, again.same) == (5, 1), "what was taken back may come again"


@pytest.mark.slow
@pytest.mark.parametrize(("parts", "writes"), [(0, 0), (0, 33), (1, 7), (2, 19)])
def test_killed_in_the_middle_it_goes_on_and_nothing_is_twice(
    chief: Actor, desk: Office, parts: int, writes: int
) -> None:
    """Killed between any two statements that write: what was not committed never was."""
    lines = [ROWS[4].replace("A5;", f"K{number};") for number in range(25)]
    made = brought(table(*lines), chief, desk)
    actions.confirm(made, made.preview["of"], by=chief)
    killed = work.Duty()
    for _turn in range(parts):
        killed()
    _die_within(killed, writes)
    assert Case.objects.filter(channel="import").count() == parts * work.PART
    ReportImport.objects.filter(pk=made.pk).update(next_at=clock.now())
    run()
    made.refresh_from_db()
    assert (made.state, made.new, made.refused) == ("done", 25, 0)
    kept_codes = [case.facts["old_code"] for case in Case.objects.filter(channel="import")]
    assert sorted(kept_codes) == sorted(f"K{number}" for number in range(25))
    assert ImportedRow.objects.filter(of=made, verdict="new").count() == 25


def _die_within(duty: work.Duty, after: int) -> None:
    """Let the process die at its so-many-th write of the next part."""
    from django.db import connection

    class Killed(BaseException):
        pass

    count = 0

    def kill(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal count
        if sql.startswith(("INSERT", "UPDATE")):
            count += 1
            if count > after:
                raise Killed
        return execute(sql, params, many, context)

    with connection.execute_wrapper(kill), pytest.raises(Killed):
        run(duty)


@pytest.mark.slow
def test_a_way_of_reading_is_kept_and_used_again(chief: Actor, desk: Office) -> None:
    brought(table(*ROWS), chief, desk, name="Tổng đài 1022")
    assert ReportMapping.objects.get().name == "Tổng đài 1022"
    more = ROWS[0].replace("A1;", "D1;").replace("Sở Xây dựng", "Sở Y tế")
    next_one = actions.upload(table(more), "thang-4.csv", by=chief)
    said = msgspec.convert(next_one.mapping, Mapping)
    assert next_one.mapping_name == "Tổng đài 1022"
    assert said.source == "1022"
    assert said.categories["Rác thải"] == codes(desk)["Rác thải"]
    assert actions.understand(next_one, said, by=chief).new == 1
    actions.forget_mapping("Tổng đài 1022", by=chief)
    assert not ReportMapping.objects.exists()


@pytest.mark.slow
def test_only_who_arranges_work_brings_reports_and_only_into_his_area(chief: Actor, desk: Office) -> None:
    for actor in (desk.desk, desk.engineer, desk.leader):
        with pytest.raises(NotAllowed):
            actions.upload(table(*ROWS), "cu.csv", by=actor)
    local = access.actor(person("phuong", desk.city.east, people.ADMINISTRATOR))
    made = brought(table(*ROWS), local, desk)
    assert made.preview["new"] == 0, "they lie in the west"
    with pytest.raises(Refused):
        actions.confirm(made, made.preview["of"], by=local)


@pytest.mark.slow
def test_pages_from_the_choice_of_a_file_to_its_undoing(
    chief: Actor, desk: Office, django_assert_max_num_queries: Any
) -> None:
    client = Client()
    client.force_login(Person.objects.get(username="quantri"))
    assert "Chọn tệp" in client.get("/console/reports/import/").content.decode()
    file = SimpleUploadedFile("cu.csv", table(*ROWS))
    answer = client.post("/console/reports/import/upload", {"file": file})
    one = ReportImport.objects.get()
    page = f"/console/reports/import/{one.pk}/"
    assert answer["Location"] == page
    shown = client.get(page).content.decode()
    assert "Rác thải" in shown
    said = msgspec.convert(one.mapping, Mapping)
    form: dict[str, Any] = {
        "do": "understand",
        "source": "1022",
        "name": "1022",
        "heading": "1",
        "day_first": "yes",
    }
    form |= {f"column_{n}": said.columns[name] for n, name in enumerate(HEAD.split(";"))}
    for number, (name, code) in enumerate(codes(desk).items()):
        form |= {f"category_name_{number}": name, f"category_{number}": code}
    assert client.post(page, {**form, "source": ""}).status_code == 422
    assert client.post(page, form).status_code == 302
    one.refresh_from_db()
    assert one.preview["new"] == 6
    with django_assert_max_num_queries(40):
        assert 'value="confirm"' in client.get(page).content.decode()
    client.post(page, {"do": "confirm", "seen": one.preview["of"]})
    run()
    assert client.get(f"{page}?part=progress").status_code == 200
    done = client.get(page).content.decode()
    assert 'value="undo"' in done
    case_page = client.get(f"/console/work/{by_code('A1').code}/").content.decode()
    assert "cu.csv" in case_page
    assert "A1" in case_page
    client.post(page, {"do": "undo"})
    run()
    assert not Case.objects.filter(channel="import").exists()


@pytest.mark.slow
def test_files_and_drafts_are_forgotten_in_time(chief: Actor, desk: Office) -> None:
    one = taken(table(*ROWS), chief, desk)
    actions.upload(table(ROWS[0]), "khac.csv", by=chief)
    with at("2026-12-24 08:00"):
        assert kept.tidy() == 2
        one.refresh_from_db()
        assert one.book is None
        with pytest.raises(Refused):
            actions.undo(one, by=chief)
