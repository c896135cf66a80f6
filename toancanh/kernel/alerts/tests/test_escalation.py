"""What nobody acknowledges goes up the roster by the clock: each step once, and no further than it must."""

from __future__ import annotations

import random
import re
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from tests.city import BY, NOON, City, measure, person
from toancanh.kernel.alerts import actions, rules
from toancanh.kernel.alerts.escalation import delays, escalating, telling
from toancanh.kernel.alerts.escalation.deciding import Told, next_step
from toancanh.kernel.alerts.escalation.escalating import Escalator
from toancanh.kernel.alerts.escalation.models import Delay, Step
from toancanh.kernel.alerts.maintenance import actions as maintenance
from toancanh.kernel.alerts.models import Alert, AlertState, Chapter
from toancanh.kernel.alerts.tests.test_desk import begun
from toancanh.kernel.contacts.officers import actions as officers
from toancanh.kernel.contacts.officers.actions import Said
from toancanh.kernel.journal import outbox
from toancanh.kernel.journal.models import Entry, Event
from toancanh.kernel.notify import ending
from toancanh.kernel.notify.models import Delivery, State
from toancanh.kernel.people import access
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Organisation, Person
from toancanh.kernel.people.shifts import actions as shifts
from toancanh.kernel.people.shifts.models import DutyPost, Shift
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, Refused

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
URL = "/console/alerts/escalation/"
times = st.integers(0, 500).map(lambda minutes: NOON + minutes * MINUTE)


@pytest.mark.slow
@given(
    told=st.dictionaries(st.integers(1, 9), st.tuples(times, st.booleans()), max_size=5),
    levels=st.sets(st.integers(1, 9)),
    minutes=st.none() | st.integers(1, 60),
    resumed=st.none() | times,
)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_next_level_is_above_all_told_and_never_before_its_time(
    told: dict[int, tuple[datetime, bool]], levels: set[int], minutes: int | None, resumed: datetime | None
) -> None:
    before = [Told(level, *facts) for level, facts in told.items()]
    found = next_step(NOON, before, sorted(levels), minutes, resumed)
    above = {level for level in levels if all(level > one.level for one in before)}
    if found is None:
        assert not above or (before and minutes is None)
        return
    level, at = found
    assert level == min(above)
    last = max(before, key=lambda one: one.level, default=None)
    if last is None:
        assert at == NOON
    elif not last.somebody:
        assert at == last.at
    else:
        assert minutes is not None
        assert at - max(last.at, resumed or last.at) == minutes * MINUTE


@pytest.fixture
def city_on_duty(city: City) -> City:
    """An officer, a leader and the command on duty; delays as declared; the gauge stands above BĐ2."""
    rules.declare()
    delays.declare()
    for level, name in enumerate(("an", "ba", "chi"), start=1):
        somebody = person(name, city.province)
        office = Organisation.objects.get(code="office")
        duty = shifts.create_post(office, f"Trực {level}", level, by=BY)
        shifts.add_shift(duty, somebody, NOON - DAY, NOON + DAY, by=BY)
    return city


@pytest.fixture
def rung(city_on_duty: City) -> Alert:
    """A serious alert, at noon: 10 minutes to the next level."""
    desk = begun()
    measure(city_on_duty.gauge, NOON, 2.1)
    desk.look()
    return Alert.objects.get()


def look(minutes: float, by: Escalator | None = None) -> list[tuple[int, str]]:
    """Levels and names of all steps, after a worker's look so many minutes after noon."""
    with clock.set_to(NOON + minutes * MINUTE):
        (by or Escalator()).look()
    return [(step.level, step.names) for step in Step.objects.order_by("pk")]


AN, BA, CHI = (1, "Nguyễn an"), (2, "Nguyễn ba"), (3, "Nguyễn chi")


@pytest.mark.slow
@pytest.mark.django_db
def test_alert_goes_up_level_by_level_until_the_last(rung: Alert) -> None:
    escalator = Escalator()
    assert look(0, escalator) == [AN]
    assert look(9.9, escalator) == [AN]
    assert look(10, escalator) == [AN, BA]
    assert look(19, escalator) == [AN, BA]
    assert look(20, escalator) == [AN, BA, CHI]
    assert look(500, escalator) == [AN, BA, CHI]
    story = list(rung.story.values_list("what", "text"))
    assert story[1:] == [
        ("told", "1 · Trực 1: Nguyễn an"),
        ("escalated", "2 · Trực 2: Nguyễn ba"),
        ("escalated", "3 · Trực 3: Nguyễn chi"),
    ]
    assert Event.objects.filter(name="alerts.escalated").count() == 3
    assert Entry.objects.filter(action="alerts.escalated").count() == 3


@pytest.mark.slow
@pytest.mark.django_db
def test_acknowledging_and_closing_stop_it_and_worse_begins_anew(rung: Alert, city_on_duty: City) -> None:
    look(0)
    with clock.set_to(NOON + MINUTE):
        actions.acknowledge(rung, by=access.actor(Person.objects.get(username="an")))
    assert look(60) == [AN]
    Alert.objects.update(
        state=AlertState.OPEN, severity=3, highest=3, asked_at=NOON + 61 * MINUTE, acknowledged_at=None
    )
    assert look(61) == [AN, AN]
    assert look(66) == [AN, AN, BA], "urgent: 5 minutes"
    with clock.set_to(NOON + 67 * MINUTE):
        actions.close(rung, "sai", by=access.actor(Person.objects.get(username="an")))
    assert look(500) == [AN, AN, BA]


@pytest.mark.django_db
def test_desk_asks_anew_when_it_grows_worse(rung: Alert, city_on_duty: City) -> None:
    desk = begun()
    with clock.set_to(NOON + 7 * MINUTE):
        measure(city_on_duty.gauge, NOON + 7 * MINUTE, 3.0, 3.7, every=60)
        desk.look()
    rung.refresh_from_db()
    assert (rung.highest, rung.asked_at) == (3, NOON + 7 * MINUTE)


@pytest.mark.django_db
def test_level_without_anybody_is_passed_at_once_and_said(rung: Alert) -> None:
    Shift.objects.filter(duty__level__lte=2).update(cancelled_at=NOON)
    assert look(0) == [(1, ""), (2, ""), CHI]
    assert [one.what for one in rung.story.all()] == ["opened", "unfilled", "unfilled", "escalated"]
    assert look(500) == [(1, ""), (2, ""), CHI]


@pytest.mark.django_db
def test_without_a_roster_nothing_is_written(rung: Alert) -> None:
    DutyPost.objects.update(is_active=False)
    assert look(500) == []


@pytest.mark.django_db
def test_long_pause_of_the_program_gives_everybody_his_time(rung: Alert) -> None:
    assert look(300) == [AN]
    assert look(309) == [AN]
    assert look(310) == [AN, BA]


@pytest.mark.django_db
def test_maintenance_holds_it_and_its_end_gives_the_whole_time(rung: Alert, city_on_duty: City) -> None:
    look(0)
    with clock.set_to(NOON + MINUTE):
        maintenance.begin([city_on_duty.gauge], ends=NOON + 30 * MINUTE, reason="thay pin", by=BY)
    assert look(29) == [AN]
    assert look(39) == [AN]
    assert look(40) == [AN, BA]


@pytest.mark.django_db
def test_delay_that_is_changed_holds_for_who_waits_already(rung: Alert) -> None:
    escalator = Escalator()
    look(0, escalator)
    with clock.set_to(NOON + 2 * MINUTE):
        delays.set_delay(2, 3, by=BY, reason="mùa lũ")
    assert look(3, escalator) == [AN, BA]
    with clock.set_to(NOON + 4 * MINUTE):
        delays.set_delay(2, None, by=BY, reason="hết lũ")
    assert look(400, escalator) == [AN, BA]
    delays.declare()
    assert Delay.objects.filter(is_declared=True).count() == 3


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(4))
def test_whoever_looks_when_writes_the_same_steps_once(rung: Alert, seed: int) -> None:
    """Two workers look at random moments, each dies and forgets at random: three steps, in time, in order."""
    chance = random.Random(seed)
    workers = [Escalator(), Escalator()]
    for second in range(0, 1500, 20):
        for number in (0, 1):
            if chance.random() < 0.2:
                workers[number] = Escalator()
            if chance.random() < 0.7:
                look(second / 60, workers[number])
    assert look(26) == [AN, BA, CHI]
    at = [step.at for step in Step.objects.order_by("pk")]
    assert all(10 * MINUTE <= later - sooner <= 12 * MINUTE for sooner, later in pairwise(at))
    assert Chapter.objects.filter(what="escalated").count() == 2


@pytest.mark.django_db
def test_message_goes_to_who_has_an_address(rung: Alert) -> None:
    Person.objects.filter(username="ba").update(email="ba@example.vn")
    look(0)
    look(10)
    delivery = Delivery.objects.get()
    assert delivery.address == "ba@example.vn"
    assert "Trạm Cầu Gỗ" in delivery.notice.body_vi


@pytest.mark.slow
@pytest.mark.django_db
def test_each_step_reaches_its_people_once_on_every_channel_that_they_chose(rung: Alert) -> None:
    said = Said(phone="0914123456", email="an@example.vn", channels=("sms", "voice", "email"))
    for name in ("an", "ba"):
        officers.set_reach(Person.objects.get(username=name), said, by=BY)
    for minutes in (0, 0, 5, 10, 10, 12):
        look(minutes)
    told = [(one.name, one.channel) for one in Delivery.objects.order_by("pk")]
    ways = ("sms", "voice", "email")
    assert told == [("Nguyễn an", way) for way in ways] + [("Nguyễn ba", way) for way in ways]
    assert {one.notice.link for one in Delivery.objects.all()} == {f"/console/alerts/{rung.pk}/"}


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["acknowledge", "close", "over"])
def test_copies_that_wait_are_taken_back_once_somebody_answers_or_it_is_over(
    rung: Alert, city_on_duty: City, how: str
) -> None:
    an = Person.objects.get(username="an")
    officers.set_reach(an, Said(phone="0914123456", channels=("sms",)), by=BY)
    look(0)
    desk = begun()
    with clock.set_to(NOON + MINUTE):
        if how == "acknowledge":
            actions.acknowledge(rung, by=access.actor(an))
        elif how == "close":
            actions.close(rung, "sai", by=access.actor(an))
        else:
            measure(city_on_duty.gauge, NOON + MINUTE, 0.2)
            desk.look()
    with clock.set_to(NOON + 40 * MINUTE):
        if how == "over":
            measure(city_on_duty.gauge, NOON + 40 * MINUTE, *[0.2] * 39)
            desk.look()
        outbox.deliver()
        while ending.look():
            pass
    assert [one.state for one in Delivery.objects.all()] == [State.CANCELLED]


@pytest.mark.django_db
def test_where_nobody_was_told_nothing_is_locked(
    rung: Alert, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    actions.close(rung, "sai", by=BY)
    with django_assert_num_queries(1):
        telling.settled({"alert": rung.pk})


@pytest.mark.slow
@pytest.mark.django_db
def test_late_event_takes_nothing_back_of_what_has_become_worse_meanwhile(rung: Alert) -> None:
    an = Person.objects.get(username="an")
    officers.set_reach(an, Said(phone="0914123456", channels=("sms",)), by=BY)
    look(0)
    with clock.set_to(NOON + MINUTE):
        actions.acknowledge(rung, by=access.actor(an))
    Alert.objects.update(state=AlertState.OPEN, severity=3, highest=3, asked_at=NOON + 2 * MINUTE)
    look(2)
    with clock.set_to(NOON + 3 * MINUTE):
        outbox.deliver()
    cancelled = [one.notice.cancelled_at is not None for one in Delivery.objects.order_by("pk")]
    assert cancelled == [True, False]


@pytest.mark.slow
@pytest.mark.django_db
def test_pages_show_the_ladder_and_what_has_come_to_me(rung: Alert, city_on_duty: City) -> None:
    look(0)
    officer, leader = Client(), Client()
    officer.force_login(Person.objects.get(username="an"))
    leader.force_login(Person.objects.get(username="ba"))
    column = "/console/alerts/column"
    assert "Đã báo đến bạn" in officer.get(column).content.decode()
    assert "Đã báo đến bạn" not in leader.get(column).content.decode()
    page = leader.get(f"/console/alerts/{rung.pk}/").content.decode()
    assert re.search(r"đã báo lúc [\d/ ]*12:00", page)
    assert re.search(r"sẽ báo lúc [\d/ ]*12:10 nếu chưa ai xác nhận", page)
    look(10)
    assert "Đã báo đến bạn" in leader.get(column).content.decode()
    assert "Chưa ai xác nhận: báo cáo cấp trên" in leader.get(f"/console/alerts/{rung.pk}/").content.decode()
    officer.post(f"/console/alerts/{rung.pk}/", {"do": "acknowledge"})
    assert "Đã báo đến bạn" not in leader.get(column).content.decode()


@pytest.mark.slow
@pytest.mark.django_db
def test_delays_are_changed_on_their_page_by_who_may(city_on_duty: City) -> None:
    client = Client()
    client.force_login(Person.objects.get(username="an"))
    assert "5 phút" in client.get(URL).content.decode()
    said = {"severity": "3", "minutes": "2", "basis": "QĐ 9", "reason": "mùa lũ"}
    assert client.post(URL, said).status_code == 422
    client.force_login(person("quantri", None, people.ADMINISTRATOR))
    assert client.post(URL, said).status_code == 302
    assert delays.in_force(NOON)[3].minutes == 2
    for wrong in ({"minutes": "0"}, {"minutes": "9999"}, {"reason": ""}, {"severity": "7"}):
        assert client.post(URL, {**said, **wrong}).status_code == 422
    with pytest.raises(NotAllowed):
        delays.set_delay(3, 1, by=access.actor(Person.objects.get(username="an")), reason="r")
    with pytest.raises(Refused):
        delays.set_delay(4, 1, by=BY, reason="r")


@pytest.mark.django_db
def test_look_at_rest_asks_for_revisions_alone(
    rung: Alert, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    escalator = Escalator()
    look(0, escalator)
    look(0.01, escalator)
    with django_assert_num_queries(len(escalating.REVISIONS)), clock.set_to(NOON + 0.1 * MINUTE):
        escalator.look()
