"""Files of every kind and state: read, or refused in a sentence; never a fault of the centre."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toancanh.kernel.exchange.sheets import child, reading
from toancanh.kernel.exchange.sheets.tests import files
from toancanh.lib.errors import Refused

TABLE = "Thời gian;Mực nước\n21/11/2026 07:00;5,16\n"
ROWS = [["Thời gian", "Mực nước"], ["21/11/2026 07:00", "5,16"]]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TABLE.encode(), "utf-8"),
        (TABLE.encode("utf-8-sig"), "utf-8"),
        (TABLE.encode("utf-16"), "utf-16"),
        (TABLE.encode("utf-16-le"), "utf-16"),
        (TABLE.encode("utf-16-be"), "utf-16"),
        (files.windows_1258(TABLE), "windows-1258"),
        (files.tcvn3(TABLE), "tcvn3"),
        (b"Thoi gian;Muc nuoc\n21/11/2026 07:00;5,16\n", "utf-8"),
    ],
)
def test_letters_are_read_in_every_encoding(content: bytes, encoding: str) -> None:
    found = child.book(content)
    assert found["encoding"] == encoding
    rows = found["sheets"][0]["rows"]
    assert rows[1] == ROWS[1]
    assert rows[0] in (ROWS[0], ["Thoi gian", "Muc nuoc"])


@pytest.mark.parametrize(
    ("text", "between", "rows"),
    [
        ("a,b\n1,2\n", ",", [["a", "b"], ["1", "2"]]),
        ('a,b\n1,"5,16"\n', ",", [["a", "b"], ["1", "5,16"]]),
        ("a;b\n1;5,16\n2;5,17\n", ";", [["a", "b"], ["1", "5,16"], ["2", "5,17"]]),
        ("a\tb\n1\t5,16\n", "\t", [["a", "b"], ["1", "5,16"]]),
        ("a|b\r\n1|2\r\n", "|", [["a", "b"], ["1", "2"]]),
        ("sep=;\na;b\n1;2", ";", [[], ["a", "b"], ["1", "2"]]),
        ("a\n1\n2\n", ",", [["a"], ["1"], ["2"]]),
        ('a;b\n"hai\ndòng";2\n', ";", [["a", "b"], ["hai\ndòng", "2"]]),
        ("a;b\n\n;\n1;2\n\n\n", ";", [["a", "b"], [], [], ["1", "2"]]),
    ],
)
def test_cells_are_told_apart(text: str, between: str, rows: list[list[str]]) -> None:
    found = child.book(text.encode())
    assert (found["between"], found["sheets"][0]["rows"]) == (between, rows)


@pytest.mark.slow
def test_workbook_keeps_numbers_dates_and_the_place_of_rows() -> None:
    at = datetime(2026, 11, 21, 7, 0)  # noqa: DTZ001 - a sheet knows no zone
    content = files.workbook(
        {"Bìa": [["Báo cáo"]], "Số liệu": [[], ["t", "v"], [at, 5.16], [at, "5,17"], [None, 3]]}
    )
    found = reading.read(content)
    assert [sheet.name for sheet in found.sheets] == ["Bìa", "Số liệu"]
    rows = found.sheet("").rows
    assert rows == [
        [],
        ["t", "v"],
        ["2026-11-21T07:00:00", 5.16],
        ["2026-11-21T07:00:00", "5,17"],
        [None, 3.0],
    ]
    assert found.sheet("Bìa").rows == [["Báo cáo"]]
    with pytest.raises(Refused, match="Bìa, Số liệu"):
        found.sheet("Trang9")
    assert reading.unpacked(reading.packed(found)) == found


def test_opendocument_is_read() -> None:
    found = child.book(files.opendocument([["time", "value"], ["21/11/2026 07:00", 5.16]]))
    assert found["sheets"] == [{"name": "Trang1", "rows": [["time", "value"], ["21/11/2026 07:00", 5.16]]}]


def test_formula_counts_where_it_has_no_result() -> None:
    plain = files.workbook({"S": [["t", "v"], ["21/11/2026", 1]]})
    part = "xl/worksheets/sheet1.xml"
    solved = files.changed(
        plain, part, b"<v>1</v></c></row></sheetData>", b"<f>1+1</f><v>2</v></c></row></sheetData>"
    )
    unsolved = files.changed(
        plain, part, b"<v>1</v></c></row></sheetData>", b"<f>1+1</f></c></row></sheetData>"
    )
    assert child.book(solved)["sheets"][0]["rows"][1] == ["21/11/2026", 2.0]
    assert (child.book(solved)["unsolved"], child.book(unsolved)["unsolved"]) == (0, 1)
    fault = files.changed(
        plain, part, b"<v>1</v></c></row></sheetData>", b"<f>1/0</f><v>0</v></c></row></sheetData>"
    )
    assert child.book(fault)["unsolved"] == 0


def bomb() -> bytes:
    """An archive of 0.6 MB that unpacks to 600 MB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/workbook.xml", "<workbook/>")
        with made.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(600):
                part.write(b"\0" * 1_000_000)
    return out.getvalue()


def far_cell() -> bytes:
    """Two cells in opposite corners of the largest sheet: dense, they would be 17 thousand million."""
    plain = files.workbook({"S": [["a"], ["b"]]})
    return files.changed(plain, "xl/worksheets/sheet1.xml", b'r="A2"', b'r="XFD1048576"')


LOCKED = (
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 900
)
ZIP = files.opendocument([["a"]]).replace(b"content.xml", b"contents.xm")
BAD = [
    ("empty", b""),
    ("empty", b" \r\n\t "),
    ("empty", b";;\n;;\n"),
    ("empty", files.workbook({"S": []})),
    ("no_table", bytes(range(256)) * 20),
    ("no_table", b"\x89PNG\r\n\x1a\n" + b"\0" * 50 + b"\x01" * 50),
    ("markup", b"<html><body><table><tr><td>1</td></tr></table></body></html>"),
    ("markup", b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'),
    ("bad_csv", b'a;b\n"' + b"x" * 9000),
    ("damaged", files.workbook({"S": [["a"]]})[:-40]),
    ("damaged", b"PK\x03\x04" + b"\x01" * 500),
    ("no_sheets", ZIP),
    ("password", LOCKED),
    ("damaged", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000),
    ("too_wide", b";".join([b"1"] * 400) + b"\n"),
    ("too_many_rows", b"1;2\n" * 200_200),
]


@pytest.mark.slow
@pytest.mark.parametrize(("code", "content"), BAD, ids=[f"{n}-{code}" for n, (code, _) in enumerate(BAD)])
def test_bad_file_is_refused_in_a_sentence(code: str, content: bytes) -> None:
    with pytest.raises(child.Fault) as told:
        child.book(content)
    assert told.value.code == code
    said = reading.sentence(code, told.value.facts)
    assert said.endswith((".", "?"))
    assert "%(" not in said


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parametrize("make", [bomb, far_cell], ids=["bomb", "far cell"])
def test_file_that_would_eat_the_machine_is_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(Refused) as told:
        reading.read(make())
    assert told.value.code == "too_large"


def test_file_over_the_limit_is_not_even_opened() -> None:
    with pytest.raises(Refused, match="20 MB"):
        reading.read(b"x" * (reading.MAX_BYTES + 1))


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_largest_file_is_read_whole() -> None:
    lines = (f"{day:02}/{month:02}/2026 {hour:02}:00;hue-{n};5,{n:03}" for month in range(1, 13)
             for day in range(1, 29) for hour in range(24) for n in range(24))  # fmt: skip
    content = ("time;thing;level\n" + "\n".join(lines)).encode()
    found = reading.read(content)
    assert len(found.sheets[0].rows) == 1 + 12 * 28 * 24 * 24


@pytest.mark.slow
@settings(max_examples=150)
@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(child.Fault):
        child.book(content)
