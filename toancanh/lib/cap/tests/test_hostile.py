"""What strangers send to break a reader is refused by name, soon, and without reading a file of ours."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toancanh.lib.cap.reading import read
from toancanh.lib.cap.tree import MAX_BYTES, Unreadable, parsed

SAMPLE = (Path(__file__).parent / "samples" / "google_canada.cap").read_bytes()
HEAD = b'<?xml version="1.0" encoding="UTF-8"?>'
ALERT = b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'

BOMB = (
    HEAD
    + b"<!DOCTYPE alert ["
    + b'<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]>"
    + ALERT
    + b"<note>&j;</note></alert>"
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b" \r\n\t ", "empty"),
        (BOMB, "doctype"),
        (HEAD + b'<!DOCTYPE alert SYSTEM "http://example.org/a.dtd">' + ALERT + b"</alert>", "doctype"),
        (
            HEAD
            + b'<!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
            + ALERT
            + b"<note>&x;</note></alert>",
            "doctype",
        ),
        (HEAD + b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://example.org/">%p;]><a/>', "doctype"),
        (HEAD + ALERT + b"<note>&lol;</note></alert>", "not_xml"),
        (HEAD + b"<a>" * 40 + b"</a>" * 40, "too_deep"),
        (HEAD + b"<a>" + b"<b/>" * 50_001 + b"</a>", "too_many_elements"),
        (SAMPLE + b" " * MAX_BYTES, "too_large"),
        (SAMPLE[: len(SAMPLE) // 2], "not_xml"),
        (b"<html><body>Please sign in", "not_xml"),
        (b"<html><body>Please sign in</body></html>", "no_cap"),
        (b'{"alert": 1}', "not_xml"),
        (b"PK\x03\x04\x00\x00", "not_xml"),
        (b'<alert xmlns="http://www.incident.com/cap/1.0"/>', "version"),
        (b"<alert/>", "version"),
        (b'<rss version="2.0"><channel/></rss>', "no_cap"),
        # Declared as one encoding, written in another.
        ("<?xml version='1.0' encoding='UTF-8'?><a>é</a>".encode("latin-1"), "not_xml"),
        (b"<?xml version='1.0' encoding='UTF-16'?><a>x</a>", "bad_encoding"),
        (b"<?xml version='1.0' encoding='x-no-such'?><a>x</a>", "bad_encoding"),
        (b"<?xml version='1.0' encoding='utf-7'?><a>x</a>", "bad_encoding"),
        (b"<?xml version='1.0' encoding='gb18030'?><a>x</a>", "bad_encoding"),
        (b"<a>\x00</a>", "not_xml"),
        (b"<a>\xed\xa0\x80</a>", "not_xml"),
    ],
)
def test_is_refused_by_name(content: bytes, code: str) -> None:
    begun = time.monotonic()
    with pytest.raises(Unreadable) as caught:
        read(content)
    assert caught.value.code == code
    assert time.monotonic() - begun < 20, "what blows up takes minutes"


def test_says_where_it_breaks() -> None:
    with pytest.raises(Unreadable) as caught:
        read(HEAD + b"\n<alert>\n <oops></alert>")
    assert (caught.value.facts["line"], caught.value.facts["fault"]) == (3, "mismatched tag")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "windows-1258", "iso-8859-1"])
def test_other_encodings_are_read_where_they_are_declared(encoding: str) -> None:
    name = encoding.removesuffix("-sig")
    content = f'<?xml version="1.0" encoding="{name}"?><a>Hu\u00ea</a>'.encode(encoding)
    assert parsed(content).text == "Hu\u00ea"


def test_letters_come_composed() -> None:
    assert parsed("<a>Hue\u0302\u0301</a>".encode()).text == "Hu\u1ebf"


HUGE = "9" * 5_000


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("polygon", "nan,nan nan,nan nan,nan nan,nan"),
        ("polygon", f"{HUGE},1 1,1 1,1 1,1"),
        ("polygon", "91,0 91,1 90,1 91,0"),
        ("polygon", "16.4,107.5"),
        ("polygon", ", , , ,"),
        ("circle", "16.4,107.5 -1"),
        ("circle", "16.4,107.5 inf"),
        ("circle", "x"),
    ],
)
def test_a_place_that_is_none_is_left_out_and_noted(where: str, text: str) -> None:
    body = f"<info><area><areaDesc>x</areaDesc><{where}>{text}</{where}></area></info>"
    (one,) = read(_message(body)).reads
    assert one.alert is not None
    (area,) = one.alert.infos[0].areas
    assert (area.polygons, area.circles) == ((), ())
    assert f"bad_{where}" in {note.code for note in one.notes}


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "yesterday",
        "2026-11-22",
        "2026-11-22T09:00:00",
        "0001-01-01T00:00:00+14:00",
        "2026-02-30T00:00:00Z",
    ],
)
def test_without_a_moment_it_is_no_message(sent: str) -> None:
    (one,) = read(_message("", sent)).reads
    assert one.alert is None
    assert {fault.at for fault in one.faults} == {"sent"}


def test_an_endless_name_is_no_name() -> None:
    content = _message("").replace(b"<identifier>a", b"<identifier>" + b"a" * 400)
    (one,) = read(content).reads
    assert one.alert is None
    assert [note.code for note in one.notes] == ["too_long"]


@pytest.mark.slow
@given(st.data())
@settings(max_examples=150, deadline=None)
def test_damage_anywhere_is_read_or_refused_and_never_breaks(data: st.DataObject) -> None:
    content = bytearray(SAMPLE)
    for _n in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content[at] = data.draw(st.integers(0, 255))
        else:
            del content[at : at + data.draw(st.integers(1, 300))]
    try:
        found = read(bytes(content)).reads
    except Unreadable:
        return
    assert all(one.alert is not None or one.faults or one.notes for one in found)


def _message(info: str, sent: str = "2026-11-22T09:00:00+07:00") -> bytes:
    head = f"<identifier>a</identifier><sender>b</sender><sent>{sent}</sent>"
    what = "<status>Actual</status><msgType>Alert</msgType><scope>Public</scope>"
    return HEAD + ALERT + f"{head}{what}{info}</alert>".encode()
