"""Every message of others that we hold lands where the schema of OASIS, asked by lxml, puts it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from toancanh.lib.cap import message
from toancanh.lib.cap.reading import ATOM, Document, read
from toancanh.lib.cap.tree import parsed

SAMPLES = Path(__file__).parent / "samples"
with (SAMPLES / "measured.csv").open(encoding="utf-8") as _file:
    MEASURED = list(csv.DictReader(_file))


def sample(name: str) -> Document:
    return read((SAMPLES / name).read_bytes(), "https://example.org/feed")


@pytest.mark.parametrize("row", MEASURED, ids=lambda row: row["file"])
def test_lands_where_it_was_measured(row: dict[str, str]) -> None:
    root = parsed((SAMPLES / row["file"]).read_bytes())
    assert (root.name, root.namespace) == (row["root"], row["namespace"])
    found = sample(row["file"])
    assert found.kind == row["root"]
    if row["namespace"] == ATOM:
        return
    (one,) = found.reads
    assert one.is_signed == (row["has_xmldsig"] == "True")
    if row["valid_against_cap12_xsd"]:
        assert one.version == "1.2"
        assert (not one.faults) == (row["valid_against_cap12_xsd"] == "True")
    else:
        assert one.version == "1.1"


def test_there_are_22_and_none_is_passed_over() -> None:
    assert len(MEASURED) == 22
    assert {row["file"] for row in MEASURED} == {
        path.name for path in SAMPLES.iterdir() if path.name not in ("measured.csv", "README.md")
    }


def test_what_lacks_its_scope_is_no_message_and_says_so() -> None:
    (one,) = sample("google_invalid.cap").reads
    assert one.alert is None
    assert [(fault.code, fault.at, fault.line) for fault in one.faults] == [("missing", "scope", 2)]


def test_errors_of_guidance_are_taken_with_notes() -> None:
    (canada,) = sample("google_canada_errors.cap").reads
    assert canada.alert is not None
    assert not canada.faults
    assert ("no_references", "references") in {(note.code, note.at) for note in canada.notes}
    (noaa,) = sample("google_noaa_errors.cap").reads
    assert noaa.alert is not None
    (info,) = noaa.alert.infos
    assert (info.urgency, info.severity, info.certainty) == ("Unknown", "Unknown", "Unknown")
    assert {fault.at for fault in noaa.faults} == {"urgency", "severity", "certainty"}
    assert "bad_polygon" in {note.code for note in noaa.notes}


def test_two_languages_references_and_places_are_read_whole() -> None:
    (one,) = sample("google_canada.cap").reads
    assert one.alert is not None
    english, french = one.alert.infos
    assert (english.language, french.language) == ("en-CA", "fr-CA")
    assert one.alert.info("fr") is french
    assert one.alert.info("vi") is english
    assert one.alert.msg_type == "Update"
    assert one.alert.references[0].sender == "cap@ec.gc.ca"
    assert french.areas[0].polygons[0][0] == french.areas[0].polygons[0][-1]
    assert french.areas[0].geocodes[0][0] == "layer:EC-MSC-SMC:1.0:CLC"


def test_a_declared_encoding_is_honoured() -> None:
    (one,) = sample("google_earthquake-iso8859-1.cap").reads
    assert one.alert is not None
    assert one.alert.infos[0].areas[0].circles[0].center == (12.747, -88.783)


def test_feeds_give_messages_and_addresses() -> None:
    (amber,) = sample("google_amber.atom").reads
    assert amber.alert is not None
    assert amber.alert.infos[0].categories == ("Rescue",)
    index = sample("google_earthquake_index.atom")
    assert index.reads == ()
    assert index.links == ("http://earthquake.usgs.gov/earthquakes/catalogs/cap/us2010apcd",)
    (odd,) = sample("google_weather_invalid.atom").reads
    assert read(odd.original).reads[0].alert == odd.alert, "cut out of the feed whole"
    assert [(note.code, note.at) for note in odd.notes] == [("unfit", "identifier")]


def test_the_end_is_that_of_the_last_block() -> None:
    (one,) = sample("google_canada_errors.cap").reads
    assert one.alert is not None
    assert one.alert.expires == one.alert.infos[0].expires
    (open_ended,) = sample("oasis_v1.2_appendix_a1.xml").reads
    assert open_ended.alert is not None
    assert open_ended.alert.expires is None
    assert message.SEVERITY[0] == "Extreme"
