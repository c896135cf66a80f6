"""Lists of heads as offices really write them: merged cells, lost zeros, old letters, former communes."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from python_calamine import CalamineWorkbook

from tests.city import BY, NOON, City, actor, person
from toancanh.kernel.contacts import actions as contacts
from toancanh.kernel.contacts import queries, sealing, telling
from toancanh.kernel.contacts.models import Contact, Neighbourhood
from toancanh.kernel.contacts.tests.people import head, merged
from toancanh.kernel.declare import Actor, Title
from toancanh.kernel.exchange.rosters import actions, columns, errors
from toancanh.kernel.exchange.rosters.judging import Outcome
from toancanh.kernel.exchange.rosters.models import Roster, Stage
from toancanh.kernel.exchange.sheets.tests import files
from toancanh.kernel.exchange.sheets.text import TCVN3
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import actions as people
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotFound, Refused

pytestmark = pytest.mark.django_db
HOME = "/console/contacts/lists/"
PLAIN = ["Xã, phường", "Thôn, TDP", "Họ và tên", "Chức vụ", "Số điện thoại"]
STARTED = datetime(2025, 7, 1)  # noqa: DTZ001 - workbooks know no zone
OFFICE: list[Sequence[Any]] = [
    ["UBND TỈNH THỬ", None, None, None, None, None, None],
    ["DANH SÁCH TRƯỞNG THÔN, TỔ TRƯỞNG TỔ DÂN PHỐ NĂM 2026"],
    [],
    ["TT", "Họ và tên", None, "Thôn", "Số điện thoại", None, "Giữ chức vụ từ ngày"],
    [None, None, None, None, "Di động", "Cố định", None],
    ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)"],
    ["I", "PHƯỜNG DƯƠNG NỖ"],
    [1, "Trần Văn", "Bằng", "Vân Thê", 914123456.0, "054.3822123", STARTED],
    [2, "NGUYỄN THỊ", "ĐÀO", "Thôn Hai", 1234567890.0, None, "15/08/2024"],
    ["II", "XÃ KIM BÌNH"],
    [1, "Lê Đình", "Ưng", "Đông", "0905.111.222", None, None],
    [None, "Tổng cộng: 3 người"],
]


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """It is noon."""
    with clock.set_to(NOON):
        yield


@pytest.fixture
def ada(city: City) -> Actor:
    """The administrator."""
    return actor("ada", None, people.ADMINISTRATOR)


def brought(rows: Sequence[Sequence[Any]], by: Actor, name: str = "danh sách.xlsx") -> Roster:
    """The list as a draft."""
    return actions.upload(files.workbook({"Sheet1": rows}), name, by=by)


def taken(rows: Sequence[Sequence[Any]], by: Actor) -> Roster:
    """The list, seen and taken in."""
    one = brought(rows, by)
    return actions.confirm(one, actions.seal(one, actions.preview(one, by=by)), by=by)


def said(outcome: Outcome) -> list[tuple[str, str, str, str]]:
    """Name, place, verdict and reason or notes of each row."""
    return [
        (line.name, line.place, line.verdict, line.reason or "; ".join(line.notes)) for line in outcome.lines
    ]


def cells(content: bytes) -> list[list[Any]]:
    """The first sheet of a workbook."""
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def numbers(one: Contact) -> list[str]:
    """All numbers of a person."""
    return [found.value for found in sealing.in_clear(one.addresses.all())]


@pytest.mark.slow
def test_list_of_an_office_is_read_as_it_is(ada: Actor, city: City) -> None:
    one = brought(OFFICE, ada)
    outcome = actions.preview(one, by=ada)
    assert said(outcome) == [
        ("Trần Văn Bằng", "Thôn Vân Thê", "new", ""),
        ("Nguyễn Thị Đào", "Thôn Hai", "new", ""),
        ("Lê Đình Ưng", "Thôn Đông", "new", ""),
    ]
    actions.confirm(one, actions.seal(one, outcome), by=ada)
    kept = {row.name: row for row in Contact.objects.select_related("unit", "neighbourhood")}
    assert numbers(kept["Trần Văn Bằng"]) == ["+84914123456", "+842343822123"]
    assert numbers(kept["Nguyễn Thị Đào"]) == ["+84834567890"]
    assert [kept[name].unit for name in kept] == [city.west, city.west, city.east]
    assert {row.post for row in kept.values()} == {"Trưởng thôn"}
    assert kept["Trần Văn Bằng"].valid_from == date(2025, 7, 1)
    assert kept["Nguyễn Thị Đào"].valid_from == date(2024, 8, 15)


@pytest.mark.slow
def test_merged_commune_holds_for_the_rows_below_it(ada: Actor, city: City) -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    for column, text in enumerate(PLAIN):
        sheet.write(0, column, text)
    sheet.merge_range(1, 0, 3, 0, "P. Dương Nỗ")
    for row, (place, name) in enumerate([("TDP 1", "Lê A"), ("Tổ 02", "Lê B"), (3, "Lê C")], start=1):
        sheet.write(row, 1, place)
        sheet.write(row, 2, name)
        sheet.write(row, 3, "Tổ trưởng")
        sheet.write_string(row, 4, f"091400000{row}")
    book.close()
    one = actions.upload(out.getvalue(), "a.xlsx", by=ada)
    assert said(actions.preview(one, by=ada)) == [
        ("Lê A", "Tổ dân phố 1", "new", ""),
        ("Lê B", "Tổ dân phố 2", "new", ""),
        ("Lê C", "Tổ dân phố 3", "new", ""),
    ]


@pytest.mark.slow
def test_template_filled_in_is_taken_in_and_exported_the_same(ada: Actor, city: City, client: Client) -> None:
    client.force_login(person("admin", None, people.ADMINISTRATOR))
    template = client.get("/console/contacts/template.xlsx").content
    rows: list[Sequence[Any]] = [
        cells(template)[0],
        ["Phường Dương Nỗ", "Thôn Một", "Trần Văn Bằng", "Trưởng thôn", "0914123456", "b@hue.vn", "7788",
         "en", "QĐ 5", "không", "01/02/2024"],
        ["Phường Dương Nỗ", "", "Lê Thị Hoa", "Chủ tịch UBND phường", "0905111222", "", "", "", "", "", ""],
    ]  # fmt: skip
    taken(rows, ada)
    exported = client.post("/console/contacts/export.xlsx").content
    again = actions.upload(exported, "xuat.xlsx", by=ada)
    assert actions.preview(again, by=ada).counts["same"] == 2
    one = Contact.objects.get(name="Trần Văn Bằng")
    assert (one.language, one.takes_part, one.ground_note, one.valid_from) == (
        "en",
        False,
        "QĐ 5",
        date(2024, 2, 1),
    )
    with pytest.raises(Refused) as fault:
        actions.confirm(again, actions.seal(again, actions.preview(again, by=ada)), by=ada)
    assert fault.value.code == "nothing"


@pytest.mark.slow
def test_decomposed_letters_and_old_fonts_are_read(ada: Actor, city: City) -> None:
    rows = [PLAIN, ["Phường Dương Nỗ", "Thôn Vân Thê", "Đặng Thị Ngọc Ánh", "Trưởng thôn", "0914123456"]]
    apart = [[unicodedata.normalize("NFD", cell) for cell in row] for row in rows]
    byte = {letter: chr(code) for code, letter in TCVN3.items()}
    old = [["".join(byte.get(letter, letter) for letter in cell.lower()) for cell in row] for row in rows]
    text = "\n".join(";".join(row) for row in rows)
    for content in (files.workbook({"a": apart}), files.workbook({"a": old}), files.tcvn3(text.lower())):
        one = actions.upload(content, "cũ.xlsx", by=ada)
        line = actions.preview(one, by=ada).lines[0]
        assert (line.name, line.verdict, line.unit) == ("Đặng Thị Ngọc Ánh", "new", "Phường Dương Nỗ"), line
        assert queries.natural(line.place) == queries.natural("Thôn Vân Thê")


def test_french_or_german_letters_are_no_old_fonts() -> None:
    rows: list[list[Any]] = [["Họ tên", "Café"], ["Lê À", "naïve"]]
    assert columns.repaired(rows) == (rows, False)


@pytest.mark.slow
def test_what_cannot_be_kept_is_told_row_by_row_and_comes_back_as_a_file(ada: Actor, city: City) -> None:
    rows: list[Sequence[Any]] = [
        PLAIN,
        ["Phường Dương Nỗ", "Thôn Một", "Trần Văn Bằng", "Trưởng thôn", "0914123456"],
        [None, "Thôn Hai", "Lê Văn Sai", "Trưởng thôn", "12345"],
        ["Phường Không Có", "Thôn Ba", "Lê Văn Lạc", "Trưởng thôn", "0914000003"],
        ["Phường Dương Nỗ", "Thôn Một", "TRẦN VĂN BẰNG", "Trưởng thôn", "0914.123.456"],
        ["Phường Dương Nỗ", "Thôn Một", "Hồ Văn Hai", "Trưởng thôn", "0914000005"],
        ["Phường Dương Nỗ", "Thôn Sáu", "Lê Trùng Số", "Trưởng thôn", "0914000005"],
        ["Phường Dương Nỗ", "Thôn Bảy", "Lê Không Số", "Trưởng thôn", None],
    ]
    one = brought(rows, ada)
    outcome = actions.preview(one, by=ada)
    assert [line.verdict for line in outcome.lines] == [
        "new",
        "refused",
        "refused",
        "twice",
        "new",
        "new",
        "new",
    ]
    told = [line.reason or "; ".join(line.notes) for line in outcome.lines]
    assert "12345" in told[1]
    assert "Phường Không Có" in told[2]
    for position, row in ((3, "2"), (4, "2"), (5, "6")):
        assert row in told[position]
    assert outcome.counts == {
        "new": 4,
        "changed": 0,
        "same": 0,
        "twice": 1,
        "refused": 2,
        "noted": 3,
        "ended": 0,
    }
    content = errors.workbook(actions.reading_of(one), actions.rows_of(one)[0], outcome)
    found = cells(content)
    assert [row[2] for row in found] == ["Họ và tên", "Lê Văn Sai", "Lê Văn Lạc", "TRẦN VĂN BẰNG"]
    # The commune of the merged cell above is written out, so that the file can be brought as it is.
    assert found[1][0] == "Phường Dương Nỗ"
    assert found[1][5] == told[1]


@pytest.mark.slow
def test_former_communes_lead_to_those_of_today(ada: Actor, city: City) -> None:
    now = merged(city)
    outcome = actions.preview(brought(OFFICE, ada), by=ada)
    assert {line.unit for line in outcome.lines} == {"Phường Hương Thọ"}
    assert "Xã Kim Bình" in outcome.lines[2].notes[0]
    taken(OFFICE, ada)
    assert set(Contact.objects.values_list("unit", flat=True)) == {now.pk}


@pytest.mark.slow
def test_second_head_is_told_and_the_former_one_leaves_where_that_is_asked(ada: Actor, city: City) -> None:
    former = head(city.west, name="Hồ Văn Cũ", phone="0914000001")
    rows = [PLAIN, ["Dương Nỗ", "Thôn Vân Thê", "Lê Văn Mới", "Trưởng thôn", "0914000002"]]
    one = brought(rows, ada)
    outcome = actions.preview(one, by=ada)
    assert "Hồ Văn Cũ" in outcome.lines[0].notes[0]
    assert outcome.ends == []
    one = actions.understand(one, actions.reading_of(one), replaces=True, by=ada)
    outcome = actions.preview(one, by=ada)
    assert outcome.ends == [former]
    actions.confirm(one, actions.seal(one, outcome), by=ada)
    assert [c.name for c in queries.people_of(city.west)] == ["Lê Văn Mới"]
    former.refresh_from_db()
    assert "danh sách.xlsx" in former.ended_because
    assert actions.undo(one, by=ada) == (2, 0)
    assert [c.name for c in queries.people_of(city.west)] == ["Hồ Văn Cũ"]


@pytest.mark.slow
def test_known_person_is_changed_keeps_his_numbers_and_gets_them_back(ada: Actor, city: City) -> None:
    known = head(city.west, phone="0914123456")
    rows = [PLAIN, ["Dương Nỗ", "Thôn Vân Thê", "trần văn bằng", "Trưởng thôn kiêm Bí thư", "0905999888"]]
    one = taken(rows, ada)
    known.refresh_from_db()
    assert numbers(known) == ["+84905999888", "+84914123456"]
    assert known.post == "Trưởng thôn kiêm Bí thư"
    assert Contact.objects.count() == 1
    assert actions.undo(one, by=ada) == (1, 0)
    known.refresh_from_db()
    assert (numbers(known), known.post) == (["+84914123456"], "Trưởng thôn")


@pytest.mark.slow
def test_undo_leaves_who_was_changed_or_told_since(ada: Actor, city: City) -> None:
    one = taken(OFFICE, ada)
    changed = Contact.objects.get(name="Trần Văn Bằng")
    contacts.end(changed, "Chuyển nơi ở", by=BY)
    title = Title("Lũ", "Flood")
    telling.tell(subject="warnings.warning:1", title=title, body=title, units=[city.east], channels=[],
                 expires=clock.now() + timedelta(hours=1), by=BY)  # fmt: skip
    assert actions.undo(one, by=ada) == (1, 2)
    assert set(Contact.objects.values_list("name", flat=True)) == {"Trần Văn Bằng", "Lê Đình Ưng"}
    assert set(Neighbourhood.objects.values_list("name", flat=True)) == {"Thôn Vân Thê", "Thôn Đông"}
    with pytest.raises(Refused):
        actions.undo(one, by=ada)


@pytest.mark.slow
def test_confirming_another_preview_than_the_seen_one_is_refused(ada: Actor, city: City) -> None:
    one = brought(OFFICE, ada)
    seen = actions.seal(one, actions.preview(one, by=ada))
    head(city.west, name="Trần Văn Bằng", at="Thôn Vân Thê")
    with pytest.raises(Refused) as fault:
        actions.confirm(one, seen, by=ada)
    assert fault.value.code == "changed"
    assert Contact.objects.count() == 1


@pytest.mark.slow
def test_journal_and_tables_hold_no_number_of_the_file(ada: Actor, city: City) -> None:
    taken(OFFICE, ada)
    entry = Entry.objects.get(action="contacts.list_taken_in")
    assert "Bằng" not in entry.content
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            assert "914123456" not in repr(cursor.fetchall()), table


@pytest.mark.slow
def test_only_ones_own_communes_are_written(city: City) -> None:
    west = actor("tay", city.west, (*people.STAFF, "contacts.arrange"))
    outcome = actions.preview(brought(OFFICE, west), by=west)
    assert [line.verdict for line in outcome.lines] == ["new", "new", "refused"]
    east = actor("dong", city.east, (*people.STAFF, "contacts.arrange"))
    with pytest.raises(NotFound):
        actions.find(Roster.objects.get().pk, by=east)


@pytest.mark.slow
def test_files_are_forgotten_in_time(ada: Actor, city: City) -> None:
    one = taken(OFFICE, ada)
    brought([PLAIN, ["Dương Nỗ", "Thôn Một", "Lê A", "Trưởng thôn", "0914000001"]], ada)
    with clock.set_to(NOON + timedelta(days=31)):
        assert actions.tidy() == 2
    one.refresh_from_db()
    assert (one.book, one.before, one.stage) == (None, None, Stage.DONE)
    with pytest.raises(Refused):
        actions.undo(one, by=ada)


@pytest.mark.parametrize(
    ("title", "field"),
    [
        ("Họ và tên", "name"), ("SĐT", "phone"), ("Số điện thoại Di động", "phone"), ("Chức danh", "post"),
        ("Thôn/Tổ dân phố", "place"), ("Phường, xã", "unit"), ("Ghi chú", ""), ("TT", ""), ("Ngày sinh", ""),
        ("Email", "email"), ("Village", "place"), ("Full name", "name"), ("Địa chỉ email", "email"),
        ("Tên xã", "unit"), ("Huyện cũ", "district"), ("Tổ", "place"), ("Giới tính", ""), ("Dân tộc", ""),
    ],
)  # fmt: skip
def test_headings_are_recognised(title: str, field: str) -> None:
    assert columns.meaning(title) == field


@pytest.mark.slow
def test_five_thousand_people_at_once(ada: Actor, city: City) -> None:
    rows: list[Sequence[Any]] = [PLAIN]
    for n in range(5000):
        name = f"Lê Văn {chr(65 + n % 26)}{chr(97 + n // 26 % 26)}"
        rows.append(["Dương Nỗ" if n % 2 else "Kim Bình", n // 2 + 1, name, "Tổ trưởng", 910000000 + n])
    one = taken(rows, ada)
    assert one.counts["new"] == Contact.objects.count() == 5000
    assert Neighbourhood.objects.count() == 5000
    assert actions.undo(one, by=ada) == (5000, 0)
    assert not Contact.objects.exists()
    assert not Neighbourhood.objects.exists()


@pytest.mark.slow
def test_pages_lead_from_the_file_to_the_list_and_back(city: City, client: Client) -> None:
    client.force_login(person("admin", None, people.ADMINISTRATOR))
    assert client.get(HOME).status_code == 200
    assert client.post(f"{HOME}upload", {}).status_code == 302
    body = files.workbook({"A": OFFICE, "B": [["x"]]})
    where = client.post(f"{HOME}upload", {"file": SimpleUploadedFile("DS.xlsx", body)})["Location"]
    text = client.get(where).content.decode()
    assert "Trần Văn Bằng" in text
    assert "0914123456" not in text.partition("m-heading")[0].partition("meaning")[0]
    chosen = {"do": "understand", "heading": "5", "sheet": "A", "column_1": "name", "column_2": "name",
              "column_3": "place", "column_4": "phone"}  # fmt: skip
    assert client.post(where, chosen).status_code == 302
    assert actions.reading_of(Roster.objects.get()).of("phone") == [4]
    page = client.get(where).content.decode()
    seal = page.partition('name="seen" value="')[2].partition('"')[0]
    assert client.post(where, {"do": "confirm", "seen": "stale"}).status_code == 302
    assert not Contact.objects.exists()
    assert client.get(f"{where}refused.xlsx").content[:2] == b"PK"
    client.post(where, {"do": "confirm", "seen": seal})
    assert Contact.objects.count() == 3
    assert client.get(where).status_code == client.get(HOME).status_code == 200
    client.post(where, {"do": "undo"})
    assert not Contact.objects.exists()
    officer = Client()
    officer.force_login(person("truc", city.province))
    assert officer.get(HOME).status_code == officer.get(where).status_code == 403
