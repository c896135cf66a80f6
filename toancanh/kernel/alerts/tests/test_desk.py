"""The desk rings for what was committed: once, whoever reads, whatever is late, corrected or cut off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError
from pytest_django import DjangoAssertNumQueries

from tests.city import BY, NOON, START, City, actor, measure
from toancanh.kernel.alerts import actions, ringing, rules
from toancanh.kernel.alerts.desk import LEASE, Desk
from toancanh.kernel.alerts.models import Alert, Chapter, Cursor, Rule
from toancanh.kernel.journal.models import Entry, Event
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.telemetry import actions as telemetry
from toancanh.kernel.telemetry import engine
from toancanh.lib.errors import NotAllowed, Refused

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def desk(city: City) -> Desk:
    """A desk that has begun to read."""
    rules.declare()
    return begun()


def begun() -> Desk:
    """Another process that judges; it looks at the clock and keeps its cursor at every look."""
    made = Desk(clock_s=0, save_s=0)
    made.look()
    return made


@pytest.fixture(autouse=True)
def quiet_clock() -> Iterator[None]:
    """Noon, until a test says otherwise."""
    with clock.set_to(NOON):
        yield


def at(desk: Desk, city: City, minutes: float, *values: float, late: float = 0) -> None:
    """Let the gauge measure up to so many minutes after noon, kept ``late`` minutes later, and be judged."""
    moment = NOON + minutes * MINUTE
    with clock.set_to(moment + late * MINUTE):
        assert not measure(city.gauge, moment, *values).refusals
        desk.look()


def levels() -> list[tuple[str, int, str]]:
    """Every alert of water levels: state, severity, line."""
    rows = Alert.objects.filter(key="flood.level").order_by("pk")
    return [(row.state, row.severity, row.line) for row in rows]


def story(alert: Alert) -> list[str]:
    return [chapter.what for chapter in alert.story.all()]


@pytest.mark.slow
def test_alert_opens_rises_falls_and_closes_by_itself(desk: Desk, city: City) -> None:
    at(desk, city, 0, 0.8)
    assert levels() == []
    at(desk, city, 1, 1.2)
    assert levels() == [("open", 1, "BĐ1")]
    at(desk, city, 2, 2.1)
    assert levels() == [("open", 2, "BĐ2")]
    at(desk, city, 3, 2.4)
    for minute in range(4, 80, 5):
        at(desk, city, minute, 1.5 if minute < 40 else 0.5)
    alert = Alert.objects.get(key="flood.level")
    assert story(alert) == ["opened", "raised", "lowered", "closed"]
    assert (alert.state, alert.highest, alert.peak) == ("closed", 2, 2.4)
    assert alert.peak_at == NOON + 3 * MINUTE
    assert alert.closed_by is None
    assert alert.over_at == alert.closed_at
    assert Entry.objects.filter(subject=f"alert:{alert.pk}").count() == 4
    assert Event.objects.filter(name="alerts.opened").count() == 1


def test_late_reading_notifies_nobody_and_the_next_on_time_does(desk: Desk, city: City) -> None:
    at(desk, city, -40, 2.5, late=20)
    assert levels() == []
    at(desk, city, 0, 2.5)
    assert levels() == [("open", 2, "BĐ2")]


@pytest.mark.slow
def test_late_readings_that_nothing_makes_doubtful_ring_no_more(desk: Desk, city: City) -> None:
    at(desk, city, 0, 0.8)
    for minute in range(1, 20):
        at(desk, city, minute, 1.2, late=16)
    assert levels() == []


def test_late_readings_count_for_the_state_once_one_comes_on_time(desk: Desk, city: City) -> None:
    at(desk, city, 0, 0.5)
    # A jump that the next reading has to confirm; the late one, kept meanwhile, does.
    at(desk, city, 1, 2.5, late=20)
    assert levels() == []
    at(desk, city, 22, 2.5)
    assert levels() == [("open", 2, "BĐ2")]


def test_reading_out_of_order_within_the_quarter_still_rings(desk: Desk, city: City) -> None:
    at(desk, city, 0, 0.5)
    at(desk, city, -2, 1.2, late=2)
    # It was over the line for a moment, and calm has not passed since.
    assert levels() == [("open", 1, "BĐ1")]


def test_spike_never_rings(desk: Desk, city: City) -> None:
    for minute, value in enumerate([0.5, 0.5, 9.0, 0.5, 0.5]):
        at(desk, city, minute, value)
    assert Alert.objects.count() == 0


def test_correction_takes_back_what_never_was(desk: Desk, city: City) -> None:
    at(desk, city, 0, 0.5)
    at(desk, city, 1, 1.3)
    assert levels() == [("open", 1, "BĐ1")]
    with clock.set_to(NOON + 2 * MINUTE):
        measure(city.gauge, NOON + MINUTE, 0.5, correction=True)
        engine.store().withdraw([(city.level.pk, clock.to_us(NOON + MINUTE))], clock.now_us(), "tests")
        desk.look()
    assert levels() == [("closed", 1, "BĐ1")]


def test_fast_rise_rings_below_every_level(desk: Desk, city: City) -> None:
    for minute in range(0, 45, 5):
        at(desk, city, minute, 0.1 + minute * 0.012)
    found = Alert.objects.get()
    assert (found.key, found.of, found.severity) == ("flood.rising", "rate", 2)


def test_silence_rings_and_ends_with_the_next_reading(desk: Desk, city: City) -> None:
    at(desk, city, 0, 0.5)
    with clock.set_to(NOON + 11 * MINUTE):
        desk.look()
    alert = Alert.objects.get(key="flood.silence")
    assert (alert.state, alert.of, alert.since) == ("open", "silence", NOON)
    at(desk, city, 12, 0.5)
    alert.refresh_from_db()
    assert alert.state == "closed"


def test_station_is_not_silent_because_nobody_listened(city: City) -> None:
    rules.declare()
    measure(city.gauge, NOON, 0.5)
    with clock.set_to(NOON + 60 * MINUTE):
        later = begun()
        assert Alert.objects.count() == 0
    with clock.set_to(NOON + 71 * MINUTE):
        later._renewed = -1e9
        later.look()
    assert Alert.objects.get().key == "flood.silence"


def test_what_was_committed_before_a_kill_rings_after_it_once(desk: Desk, city: City) -> None:
    at(desk, city, 0, 0.5)
    # Two transactions that nobody judged: the river rose and fell between them.
    for minute, value in ((1, 1.4), (2, 0.4), (3, 0.4)):
        with clock.set_to(NOON + minute * MINUTE):
            measure(city.gauge, NOON + minute * MINUTE, value)
    with clock.set_to(NOON + 3 * MINUTE + LEASE):
        second = begun()
        assert levels() == [("open", 1, "BĐ1")]
        second.look()
        # The old process wakes up: it has lost the lease and touches nothing.
        desk._renewed = -1e9
        desk.look()
    assert len(levels()) == 1
    assert Alert.objects.get().peak == 1.4


def test_process_without_the_lease_writes_nothing_even_if_it_slept_through(desk: Desk, city: City) -> None:
    at(desk, city, 0, 0.5)
    Cursor.objects.update(owner="another")
    at(desk, city, 1, 1.5)
    assert levels() == []
    assert desk._board is None


def test_second_process_waits_as_long_as_the_first_lives(desk: Desk, city: City) -> None:
    other = begun()
    measure(city.gauge, NOON, 1.2)
    assert other.look() == 0
    assert (levels(), other._board) == ([], None)
    desk.look()
    assert levels() == [("open", 1, "BĐ1")]
    assert Cursor.objects.get().owner == desk._owner


# Where there is one writer, what is committed first has the lower number.
@pytest.mark.several
def test_entries_that_were_judged_before_their_neighbours_committed_ring_no_second_time(
    desk: Desk, city: City
) -> None:
    at(desk, city, 0, 0.5)
    desk.leave()
    behind = Cursor.objects.get()
    for minute in range(1, 50):
        with clock.set_to(NOON + minute * MINUTE):
            measure(city.gauge, NOON + minute * MINUTE, 1.4 if minute < 5 else 0.4)
    first, second = behind.mark["at"]
    judged = engine.store().follow((first, second)).entries
    behind.mark = {"at": behind.mark["at"], "known": [[entry.number, entry.place] for entry in judged]}
    behind.save()
    with clock.set_to(NOON + 49 * MINUTE):
        begun().look()
    assert levels() == []


def test_failed_commit_loses_nothing(desk: Desk, city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    at(desk, city, 0, 0.5)

    def refuse(finding: ringing.Finding) -> None:
        raise DatabaseError("away")

    with monkeypatch.context() as patch:
        patch.setattr(ringing, "apply", refuse)
        # Around this there is no other transaction that would take back what `look` kept too early.
        with pytest.raises(DatabaseError):
            at(desk, city, 1, 1.5)
    assert levels() == []
    with clock.set_to(NOON + 2 * MINUTE):
        desk.look()
    assert levels() == [("open", 1, "BĐ1")]


@pytest.mark.slow
def test_failed_commit_loses_no_wave_that_is_over_by_then(
    desk: Desk, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(desk, city, 0, 0.5)

    def refuse(finding: ringing.Finding) -> None:
        raise DatabaseError("away")

    with monkeypatch.context() as patch:
        patch.setattr(ringing, "apply", refuse)
        with pytest.raises(DatabaseError):
            at(desk, city, 1, 1.5)
    for minute in range(2, 50):
        with clock.set_to(NOON + minute * MINUTE):
            measure(city.gauge, NOON + minute * MINUTE, 0.4)
    with clock.set_to(NOON + 50 * MINUTE):
        desk.look()
    assert levels() == [("closed", 1, "BĐ1")]


def test_rule_that_comes_while_the_water_stands_high_rings(city: City) -> None:
    measure(city.gauge, NOON, 2.2)
    rules.declare()
    begun()
    assert levels() == [("open", 2, "BĐ2")]


def test_changed_line_and_ended_rule_end_what_rings(desk: Desk, city: City) -> None:
    at(desk, city, 0, 1.2)
    at(desk, city, 40, 1.2)
    telemetry.set_threshold(city.level, "BĐ1", 1.6, START, by=BY, source="kiểm thử")
    desk.look()
    assert levels() == [("closed", 1, "BĐ1")]
    at(desk, city, 41, 2.1)
    assert levels()[-1] == ("open", 2, "BĐ2")
    Rule.objects.filter(key="flood.level").update(is_on=False)
    revision.bump(rules.CHANGED)
    desk.look()
    assert levels()[-1] == ("closed", 2, "BĐ2")


def test_declaring_twice_writes_one_version(city: City) -> None:
    assert rules.declare() == 4
    assert rules.declare() == 0
    assert Rule.objects.count() == 4


def test_version_of_people_and_of_the_station_stand_above_the_declared(desk: Desk, city: City) -> None:
    declared = Rule.objects.get(key="flood.silence")
    facts = {"key": "flood.silence", "valid_from": NOON, "created": NOON, "made_by": "tests"}
    own = Rule.objects.create(**facts, condition={"is": "silence", "series": "level", "after_s": 60})
    assert rules.in_force(NOON)["flood.silence", None] == own
    assert rules.in_force(NOON - MINUTE) == {}
    station = Rule.objects.create(**facts, thing=city.gauge, condition=declared.condition)
    assert rules.specs(NOON)["flood.silence", city.gauge.pk].rule == station.pk


def test_acknowledged_alert_asks_again_only_when_it_gets_worse(desk: Desk, city: City) -> None:
    at(desk, city, 0, 1.2)
    officer = actor("truc", city.west)
    alert = actions.acknowledge(Alert.objects.get(), by=officer)
    assert alert.state == "acknowledged"
    assert alert.acknowledged_by is not None
    with pytest.raises(Refused, match="Nguyễn truc"):
        actions.acknowledge(alert, by=officer)
    at(desk, city, 1, 1.3)
    assert levels() == [("acknowledged", 1, "BĐ1")]
    at(desk, city, 2, 2.1)
    assert levels() == [("open", 2, "BĐ2")]


def test_alert_closed_by_hand_stays_closed_until_it_is_over_or_worse(desk: Desk, city: City) -> None:
    at(desk, city, 0, 1.2)
    officer = actor("truc", city.west)
    with pytest.raises(Refused):
        actions.close(Alert.objects.get(), "  ", by=officer)
    actions.close(Alert.objects.get(), "Nước dềnh do tàu chạy", by=officer)
    at(desk, city, 1, 1.3)
    assert levels() == [("closed", 1, "BĐ1")]
    at(desk, city, 2, 2.2)
    assert levels() == [("closed", 1, "BĐ1"), ("open", 2, "BĐ2")]
    first = Alert.objects.earliest("pk")
    assert story(first) == ["opened", "closed", "over"]
    assert [chapter.post for chapter in first.story.all()] == ["", "Cán bộ", ""]


@pytest.mark.slow
def test_alert_closed_by_hand_stays_closed_when_its_worst_comes_back(desk: Desk, city: City) -> None:
    at(desk, city, 0, 2.2)
    for minute in range(5, 45, 5):
        at(desk, city, minute, 1.5)
    assert levels() == [("open", 1, "BĐ2")]
    actions.close(Alert.objects.get(), "Đã có người trực tại chỗ", by=BY)
    at(desk, city, 46, 2.2)
    assert levels() == [("closed", 1, "BĐ2")]
    assert story(Alert.objects.get()) == ["opened", "lowered", "closed"]


def test_notes_are_kept_and_strangers_are_refused(desk: Desk, city: City) -> None:
    at(desk, city, 0, 1.2)
    alert = Alert.objects.get()
    with pytest.raises(NotAllowed):
        actions.acknowledge(alert, by=actor("khac", city.east))
    with pytest.raises(NotAllowed):
        actions.note(alert, "xem", by=actor("nguoikhac", city.east, ["console.see"]))
    actions.note(alert, "Đã gọi trạm", by=actor("truc", city.west))
    assert Chapter.objects.get(what="noted").text == "Đã gọi trạm"


def test_changes_are_numbered_in_the_order_of_commits(desk: Desk, city: City) -> None:
    at(desk, city, 0, 1.2)
    first = Alert.objects.get().revision
    actions.note(Alert.objects.get(), "một", by=BY)
    assert Alert.objects.get().revision == first + 1


def test_look_at_rest_asks_little(
    desk: Desk, city: City, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    at(desk, city, 0, 0.5)
    with django_assert_max_num_queries(4):
        desk.look()


def test_moment_of_opening_is_that_of_the_clock(desk: Desk, city: City) -> None:
    at(desk, city, 0, 1.2, late=3)
    alert = Alert.objects.get()
    assert (alert.since, alert.opened_at) == (NOON, NOON + 3 * MINUTE)
    assert isinstance(alert.since, datetime)


def test_rule_that_went_while_nobody_judged_ends_what_stood(desk: Desk, city: City) -> None:
    at(desk, city, 0, 1.2)
    assert levels() == [("open", 1, "BĐ1")]
    desk.leave()
    with clock.set_to(NOON + MINUTE):
        Rule.objects.filter(key="flood.level").update(is_on=False)
        revision.bump(rules.CHANGED)
        begun()
    assert levels() == [("closed", 1, "BĐ1")]
    assert story(Alert.objects.get(key="flood.level")) == ["opened", "closed"]


def test_station_that_sends_often_is_folded_up_to_its_newest_reading(
    desk: Desk, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toancanh.kernel.alerts.board.MOST", 5)
    for minute in range(0, 20, 2):
        at(desk, city, minute, 1.2 if minute < 10 else 0.9)
    desk.leave()
    # Seven minutes below the line and calm since: the ten minutes that end an alert are half over.
    with clock.set_to(NOON + 18 * MINUTE):
        other = begun()
    assert other._board is not None
    state = other._board.watched["flood.level", city.gauge.pk].tracks["level"].states[0]
    assert state.last == (clock.to_us(NOON + 18 * MINUTE), 0.9)


def test_one_version_that_cannot_be_read_keeps_no_other_rule_from_ringing(desk: Desk, city: City) -> None:
    Rule.objects.filter(key="flood.silence").update(condition={"is": "of a later program"})
    revision.bump(rules.CHANGED)
    at(desk, city, 0, 1.2)
    assert levels() == [("open", 1, "BĐ1")]
