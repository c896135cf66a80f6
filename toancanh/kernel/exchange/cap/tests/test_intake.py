"""Messages of other centres are kept once, connected, and told apart, whatever order they come in."""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.city import NOON, City
from toancanh.kernel.declare import ANYONE, Actor
from toancanh.kernel.exchange.cap import intake, queries
from toancanh.kernel.exchange.cap.models import Received
from toancanh.kernel.exchange.cap.tests.conftest import SAMPLES, STORM, atom, update
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.runtime import clock
from toancanh.lib.cap.message import Alert, as_reference
from toancanh.lib.cap.reading import read
from toancanh.lib.cap.writing import write
from toancanh.lib.errors import NotAllowed, Refused


def bring(by: Actor, *alerts: Alert) -> list[Received]:
    """Upload them one after the other; the rows they became."""
    rows = []
    for one in alerts:
        taken = intake.upload(write(one), "tin.xml", by=by)
        rows += [*taken.new, *taken.known]
    return rows


def tags(row: Received) -> list[str]:
    row.refresh_from_db()
    return [tag.text for tag in queries.tags(row, clock.now())]


def test_is_kept_whole_and_as_it_came(ada: Actor) -> None:
    (row,) = bring(ada, STORM)
    assert intake.alert_of(Received.objects.get(pk=row.pk)) == STORM
    assert zlib.decompress(bytes(row.original)) == write(STORM)
    assert (row.severity, row.event, row.expires) == (3, "Lũ trên sông Hương", NOON + timedelta(hours=6))
    assert tags(row) == []
    assert list(queries.in_force(NOON)) == [row]
    entry = Entry.objects.get(subject=f"received:{row.pk}")
    assert (entry.action, entry.actor) == ("exchange.message_received", ada.key)


def test_comes_twice_and_is_there_once(ada: Actor) -> None:
    first, again = bring(ada, STORM, STORM)
    assert first.pk == again.pk
    assert Received.objects.count() == 1
    assert tags(first) == []


def test_another_text_under_the_same_name_is_told_and_the_first_stays(ada: Actor) -> None:
    (first,) = bring(ada, STORM)
    other = replace(STORM, infos=(replace(STORM.infos[0], headline="Lũ rút"),))
    bring(ada, other)
    assert tags(first) == ["Hai nội dung khác nhau"]
    assert intake.alert_of(first) == STORM
    assert Entry.objects.filter(action="exchange.message_differs").count() == 1
    bring(ada, other)
    assert Entry.objects.filter(action="exchange.message_differs").count() == 1


def test_the_same_name_of_another_moment_or_sender_is_another_message(ada: Actor) -> None:
    bring(ada, STORM, replace(STORM, sent=NOON), replace(STORM, sender="khac@example.vn"))
    assert Received.objects.count() == 3


@pytest.mark.parametrize("order", ["first", "last"])
def test_an_update_replaces_in_whichever_order_it_comes(ada: Actor, order: str) -> None:
    later = update()
    both = (STORM, later) if order == "first" else (later, STORM)
    rows = {row.identifier: row for row in bring(ada, *both)}
    assert tags(rows[STORM.identifier]) == ["Đã được thay thế"]
    assert tags(rows[later.identifier]) == []
    assert [row.identifier for row in queries.in_force(NOON)] == [later.identifier]
    ((held, _name),) = queries.related(rows[later.identifier])
    assert held is not None
    assert held.pk == rows[STORM.identifier].pk


def test_the_newest_of_several_counts(ada: Actor) -> None:
    cancel = update(kind="Cancel", minutes=9)
    storm, *_rest = bring(ada, STORM, cancel, update(minutes=5))
    assert tags(storm) == ["Đã hủy"]


def test_acknowledgements_replace_nothing(ada: Actor) -> None:
    storm, _ack = bring(ada, STORM, update(kind="Ack"))
    assert tags(storm) == []
    assert list(queries.in_force(NOON)) == [storm]


def test_an_earlier_one_that_never_came_is_named(ada: Actor) -> None:
    (row,) = bring(ada, update())
    assert queries.related(row) == [(None, f"{STORM.sender} · {STORM.identifier}")]


def test_expired_dated_ahead_and_exercises_say_so(ada: Actor) -> None:
    ahead, drill, old = bring(
        ada,
        replace(STORM, identifier="a", sent=NOON + timedelta(hours=2)),
        replace(STORM, identifier="b", status="Exercise"),
        replace(STORM, identifier="c", infos=(replace(STORM.infos[0], expires=NOON - timedelta(minutes=1)),)),
    )
    assert tags(ahead) == ["Ghi giờ ở tương lai"]
    assert tags(drill) == ["Diễn tập"]
    assert tags(old) == ["Hết hạn"]
    assert list(queries.in_force(NOON)) == [ahead]


def test_what_cannot_be_understood_is_kept_once_with_its_reason(ada: Actor) -> None:
    content = (SAMPLES / "google_invalid.cap").read_bytes()
    for _n in range(2):
        (row,) = intake.upload(content, "hỏng.xml", by=ada).unread
    assert Received.objects.count() == 1
    assert zlib.decompress(bytes(row.original)) == content
    assert tags(row) == ["Không đọc được"]
    assert row.remarks[0]["code"] == "missing"


@pytest.mark.slow
def test_every_sample_of_others_is_taken_in(ada: Actor) -> None:
    paths = [path for path in sorted(SAMPLES.iterdir()) if path.suffix in (".cap", ".xml", ".atom")]
    paths.remove(SAMPLES / "google_earthquake_index.atom")
    for path in paths:
        intake.upload(path.read_bytes(), path.name, by=ada)
    held = {as_reference(one.alert) for path in paths for one in read(path.read_bytes()).reads if one.alert}
    assert Received.objects.exclude(identifier="").count() == len(held) > 12
    for row in Received.objects.all():
        queries.areas(row)
        alert = intake.alert_of(row)
        assert alert is None or queries.blocks(alert) or not alert.infos


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"<html><body>x</body></html>", "no_cap"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "doctype"),
        (b"<a>" * 50, "too_deep"),
        (atom("https://example.org/1.cap"), "only_links"),
    ],
)
def test_what_is_no_message_is_refused_in_words(ada: Actor, content: bytes, code: str) -> None:
    with pytest.raises(Refused) as caught:
        intake.upload(content, "x.xml", by=ada)
    assert caught.value.code == code
    assert len(caught.value.message) > 5
    assert Received.objects.count() == 0


def test_strangers_bring_nothing(city: City) -> None:
    with pytest.raises(NotAllowed):
        intake.upload(write(STORM), "x.xml", by=ANYONE)
    assert Received.objects.count() == 0


def test_areas_are_drawn_longitude_first(ada: Actor) -> None:
    (row,) = bring(ada, STORM)
    (feature,) = queries.areas(row)["features"]
    assert feature["geometry"]["coordinates"][0][0] == [107.0, 16.0]
