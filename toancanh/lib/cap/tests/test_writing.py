"""What we write is valid by the schema, and says the same when it is read again, by us and by others."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from toancanh.lib.cap import message
from toancanh.lib.cap.message import Alert, Area, Circle, Info, Reference, Resource
from toancanh.lib.cap.reading import read
from toancanh.lib.cap.tests.validator import is_valid
from toancanh.lib.cap.writing import Unwritable, stamp, write

VIETNAM = timezone(timedelta(hours=7))
SENT = datetime(2026, 11, 22, 9, 30, tzinfo=VIETNAM)
HUE = ((16.4, 107.5), (16.5, 107.5), (16.5, 107.6), (16.4, 107.5))
ABROAD = Area(area_desc="x", polygons=(((107.5, 16.4),) * 4,))
FULL = Alert(
    identifier="hue.gov.vn-2026-17",
    sender="ioc@hue.gov.vn",
    sent=SENT,
    status="Actual",
    msg_type="Update",
    scope="Public",
    references=(Reference(sender="ioc@hue.gov.vn", identifier="hue.gov.vn-2026-16", sent=SENT),),
    incidents=("Lũ sông Hương", "2026"),
    infos=(
        Info(
            language="vi-VN",
            categories=("Met", "Safety"),
            event="Lũ",
            response_types=("Evacuate", "Monitor"),
            urgency="Immediate",
            severity="Severe",
            certainty="Observed",
            effective=SENT,
            expires=SENT + timedelta(hours=6),
            headline="Lũ trên báo động 3 & đang lên",
            description="Mực nước < 5 m; ]]> “đỉnh”",
            parameters=(("BaoDong", "3"),),
            resources=(
                Resource(resource_desc="Bản đồ", mime_type="image/png", size=12, uri="https://e.vn/a"),
            ),
            areas=(
                Area(
                    area_desc="Phường Phú Xuân",
                    polygons=(HUE,),
                    circles=(Circle(center=(16.46, 107.59), radius_km=2.5),),
                    geocodes=(("VN-DVHC", "19753"),),
                    altitude=1.5,
                ),
            ),
        ),
    ),
)

texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn")), max_size=30)
plain = st.text(string.ascii_letters + string.digits + ".-@:", min_size=1, max_size=20)
moments = st.integers(0, 4_000_000_000).map(lambda at: datetime.fromtimestamp(at, VIETNAM))
degrees = st.floats(-80, 80).map(lambda value: round(value, 6) + 0.0)
points = st.tuples(degrees, degrees)
polygons = st.lists(points, min_size=3, max_size=6).map(lambda ring: (*ring, ring[0]))
areas = st.builds(
    Area,
    area_desc=texts,
    polygons=st.lists(polygons, max_size=2).map(tuple),
    geocodes=st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
)
infos = st.builds(
    Info,
    language=st.sampled_from(("vi-VN", "en", "en-US")),
    categories=st.lists(st.sampled_from(message.CATEGORY), min_size=1, max_size=3).map(tuple),
    event=texts,
    response_types=st.lists(st.sampled_from(message.RESPONSE), max_size=3).map(tuple),
    urgency=st.sampled_from(message.URGENCY),
    severity=st.sampled_from(message.SEVERITY),
    certainty=st.sampled_from(message.CERTAINTY),
    effective=st.none() | moments,
    expires=st.none() | moments,
    headline=texts,
    description=texts,
    instruction=texts,
    areas=st.lists(areas, max_size=2).map(tuple),
)
references = st.lists(st.builds(Reference, sender=plain, identifier=plain, sent=moments), max_size=2)
alerts = st.builds(
    Alert,
    identifier=plain,
    sender=plain,
    sent=moments,
    status=st.sampled_from(message.STATUS),
    msg_type=st.sampled_from(message.MSG_TYPE),
    scope=st.sampled_from(message.SCOPE),
    note=texts,
    references=references.map(tuple),
    infos=st.lists(infos, max_size=2).map(tuple),
)


@pytest.mark.slow
@given(alerts)
@settings(max_examples=150, deadline=None)
def test_is_valid_and_reads_back(alert: Alert) -> None:
    made = write(alert)
    assert is_valid(made)
    (one,) = read(made).reads
    assert one.faults == ()
    assert one.alert is not None
    again = write(one.alert)
    assert read(again).reads[0].alert == one.alert
    assert replace(one.alert, note="", infos=()) == replace(alert, note="", infos=())


def test_says_everything_it_was_given() -> None:
    made = write(FULL)
    assert read(made).reads[0].alert == FULL
    assert read(made).reads[0].notes == ()
    root = etree.fromstring(made)
    space = {"c": message.CAP_12}
    assert root.findtext("c:sent", namespaces=space) == "2026-11-22T09:30:00+07:00"
    assert root.findtext(".//c:polygon", namespaces=space) == "16.4,107.5 16.5,107.5 16.5,107.6 16.4,107.5"
    assert root.findtext(".//c:circle", namespaces=space) == "16.46,107.59 2.5"
    assert root.findtext("c:incidents", namespaces=space) == '"Lũ sông Hương" 2026'
    assert root.findtext(".//c:description", namespaces=space) == "Mực nước < 5 m; ]]> “đỉnh”"


def test_utc_is_never_written_as_z() -> None:
    assert stamp(datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)) == "2026-01-02T03:04:05-00:00"


def test_letters_that_xml_cannot_hold_are_left_out() -> None:
    made = write(replace(FULL, note="a\x00b\x0bc\ufffed"))
    assert read(made).reads[0].alert == replace(FULL, note="abcd")


@pytest.mark.parametrize(
    "broken",
    [
        replace(FULL, status="Real"),
        replace(FULL, sent=SENT.replace(tzinfo=None)),
        replace(FULL, infos=(replace(FULL.infos[0], categories=()),)),
        replace(FULL, infos=(replace(FULL.infos[0], language="tiếng Việt"),)),
        replace(FULL, infos=(replace(FULL.infos[0], areas=(Area(area_desc="x", polygons=(HUE[:3],)),)),)),
        replace(FULL, infos=(replace(FULL.infos[0], areas=(ABROAD,)),)),
    ],
)  # fmt: skip
def test_what_would_not_be_valid_is_not_written(broken: Alert) -> None:
    with pytest.raises(Unwritable):
        write(broken)
