"""From an approval to the channels: each recipient once, merged communes too, no exercise to the public."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.city import NOON, City, thing
from toancanh.kernel.contacts.models import Contact, Told
from toancanh.kernel.contacts.models import Notice as ChainNotice
from toancanh.kernel.declare import ANYONE, Actor
from toancanh.kernel.journal import outbox
from toancanh.kernel.journal.models import Event
from toancanh.kernel.notify import queries as notify
from toancanh.kernel.notify import spreading, subscriptions
from toancanh.kernel.notify.models import Delivery, Notice
from toancanh.kernel.notify.tests.parts import hand, set_up
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.models import Command
from toancanh.kernel.telemetry.tests.test_sirens import BATTERY
from toancanh.kernel.territory.models import Unit
from toancanh.kernel.warnings import actions, counting, filling, minding, policies, telling
from toancanh.kernel.warnings.keeping import ISSUED
from toancanh.kernel.warnings.models import Step, Warning
from toancanh.kernel.warnings.tests.making import approved, full, leader, officer, told
from toancanh.kernel.warnings.tests.test_actions import merge

pytestmark = pytest.mark.django_db
KEYS = (
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "BTBZMqHH6r4Tts7J_aSIgg",
)
"""A browser's public key and secret, of the example of RFC 8291."""


@pytest.fixture
def by(city: City) -> Actor:
    return officer(city)


@pytest.fixture
def order(city: City) -> Actor:
    return leader(city)


def subscribed(name: str, *units: str) -> None:
    subscriptions.subscribe(f"https://fcm.googleapis.com/{name}", *KEYS, units, by=ANYONE)


def spread() -> None:
    while outbox.deliver() or spreading.look():
        pass


@pytest.mark.slow
def test_subscribers_of_its_communes_get_it_once(by: Actor, order: Actor) -> None:
    subscribed("tay", "90001")
    subscribed("dong", "90002")
    subscribed("ca-hai", "90001", "90002")
    sent = told(by, order)
    spread()
    # Delivered again, as after a kill: the same message, nobody twice.
    Event.objects.filter(name=ISSUED).update(next_at=NOON)
    spread()
    assert notify.progress(telling.subject(sent)).total.all == 2
    notice = Notice.objects.get(key=telling.subject(sent))
    assert notice.title_vi.startswith("Bản tin cảnh báo: Nước sông tại Trạm Cầu Gỗ")
    assert notice.body_vi.startswith("Cấp 2: rủi ro trung bình.\nKhông đi qua đường ngập.")
    assert notice.link == "/warnings/CB-2026-0001/"
    assert notice.expires_at == sent.valid_until


@pytest.mark.slow
def test_who_subscribed_before_a_merger_is_told(by: Actor, order: Actor) -> None:
    subscribed("tay", "90001")
    waiting = actions.draft(full("90001", valid_until=NOON + timedelta(days=2)), by=by)
    merge()
    with clock.set_to(NOON + timedelta(hours=13)):
        sent = approved(waiting, by, order)
        communes = list(Unit.objects.filter(code="90003"))
        assert counting.recipients(sent, communes)["webpush"] == 1
        spread()
        assert Delivery.objects.count() == 1


@pytest.mark.slow
def test_sirens_of_its_communes_sound_once_and_in_an_exercise_only_where_they_are_set_to(
    city: City, by: Actor, order: Actor
) -> None:
    for code, lon in (("loa-tay", 107.05), ("loa-dong", 107.15)):
        thing(code, "sensors.siren", "battery", lon=lon, own=BATTERY)
    set_up("siren", command="warn", seconds="60")
    told(by, order)
    told(by, order, is_exercise=True)
    spread()
    Event.objects.filter(name=ISSUED).update(next_at=NOON)
    spread()
    assert [one.recipient for one in Delivery.objects.filter(channel="siren")] == ["thing:loa-tay"] * 2
    hand("siren")
    command = Command.objects.get()
    assert (command.thing.code, command.args["exercise"]) == ("loa-tay", False)


@pytest.mark.slow
def test_exercise_reaches_no_subscriber(by: Actor, order: Actor) -> None:
    subscribed("tay", "90001")
    sent = told(by, order, is_exercise=True)
    spread()
    assert not Delivery.objects.filter(channel="webpush").exists()
    assert counting.recipients(sent, list(Unit.objects.filter(code="90001")))["webpush"] == 0


@pytest.mark.slow
def test_chain_of_the_communes_is_told_and_in_exercises_those_who_take_part(by: Actor, order: Actor) -> None:
    unit = Unit.objects.get(code="90001")
    facts = {"kind": "head", "post": "Tổ trưởng", "unit": unit, "valid_from": NOON.date()}
    for name, takes_part in (("Nguyễn Văn An", True), ("Trần Thị Bé", False)):
        Contact.objects.create(name=name, folded=name, takes_part=takes_part, **facts)
    sent, exercise = told(by, order), told(by, order, is_exercise=True)
    elsewhere = told(by, order, full("90002"))
    spread()
    spread()

    def names(of: Warning) -> list[str]:
        rows = Told.objects.filter(notice__subject=telling.subject(of)).order_by("pk")
        return list(rows.values_list("contact__name", flat=True))

    assert names(sent) == ["Nguyễn Văn An", "Trần Thị Bé"]
    assert names(exercise) == ["Nguyễn Văn An"]
    assert names(elsewhere) == []
    marks = [notice.title for notice in ChainNotice.objects.filter(is_exercise=True)]
    assert len(marks) == 1
    assert marks[0].startswith("DIỄN TẬP")
    with clock.set_to(NOON + timedelta(hours=12)):
        minding.look()
        spread()
        assert not ChainNotice.objects.filter(over_at=None).exists()


@pytest.mark.slow
def test_channel_that_was_not_chosen_carries_nothing(by: Actor, order: Actor) -> None:
    subscribed("tay", "90001")
    told(by, order, full(channels=("siren",)))
    spread()
    assert not Delivery.objects.exists()


@pytest.mark.slow
def test_what_waits_of_the_message_before_is_taken_back(by: Actor, order: Actor) -> None:
    filling.declare()
    subscribed("tay", "90001")
    first = told(by, order)
    spread()
    end = actions.follow(first, "all_clear", filling.following(first, "all_clear", clock.now()), by=by)
    approved(end, by, order)
    spread()
    assert notify.progress(telling.subject(first)).total.left == 0
    assert Notice.objects.get(key=telling.subject(first)).cancelled_at is not None
    assert notify.progress(telling.subject(end)).total.waiting == 1


# --- the clock


def steps(warning: Warning) -> list[str]:
    return list(
        Step.objects.filter(warning=warning, person=None).order_by("pk").values_list("what", flat=True)
    )


def test_what_nobody_approves_is_reminded_then_reported_upwards(by: Actor, order: Actor) -> None:
    warning = actions.draft(full(), by=by)
    warning = actions.submit(warning, warning.version, by=by)
    terms = policies.current(NOON)
    for after, expected in (
        (terms.remind_after - timedelta(seconds=1), []),
        (terms.remind_after, ["reminded"]),
        (terms.escalate_after, ["reminded", "escalated"]),
        (terms.escalate_after * 3, ["reminded", "escalated"]),
    ):
        with clock.set_to(NOON + after):
            minding.look()
            minding.look()
            assert steps(warning) == expected
    # What the clock wrote takes nothing from who looks at the page.
    assert actions.approve(warning, warning.version, by=order).number


def test_program_that_was_down_reports_upwards_at_once(by: Actor) -> None:
    warning = actions.draft(full(), by=by)
    actions.submit(warning, warning.version, by=by)
    with clock.set_to(NOON + timedelta(hours=5)):
        minding.look()
        assert steps(warning) == ["escalated"]


@pytest.mark.slow
def test_channels_try_ten_minutes_where_it_was_approved_just_before_its_end(by: Actor, order: Actor) -> None:
    subscribed("tay", "90001")
    told(by, order, full(valid_until=NOON + timedelta(minutes=1)))
    spread()
    assert {notice.expires_at for notice in Notice.objects.all()} == {NOON + telling.LEAST}


@pytest.mark.slow
def test_half_of_what_follows_is_nothing(by: Actor, order: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribed("tay", "90001")
    told(by, order)

    def fails(*_said: object) -> None:
        raise RuntimeError("not today")

    with monkeypatch.context() as patch:
        patch.setattr(telling, "tell_chain", fails)
        outbox.deliver()
    assert not Notice.objects.exists()
    with clock.set_to(NOON + timedelta(seconds=2)):
        spread()
    assert Delivery.objects.count() == 1


def test_two_processes_that_see_the_same_remind_once(by: Actor, order: Actor) -> None:
    warning = actions.draft(full(), by=by)
    warning = actions.submit(warning, warning.version, by=by)
    with clock.set_to(NOON + policies.current(NOON).remind_after):
        for expected in (1, 0):
            assert minding._tell(warning.pk, "reminded", "reminded_at", clock.now()) == expected
    assert steps(warning) == ["reminded"]


def test_running_out_is_told_before_and_after(by: Actor, order: Actor) -> None:
    sent = told(by, order)
    until = sent.valid_until
    assert until is not None
    with clock.set_to(until - timedelta(hours=1)):
        minding.look()
        assert steps(sent) == ["expiring"]
    with clock.set_to(until):
        minding.look()
        minding.look()
        assert steps(sent) == ["expiring", "lapsed"]
    assert Event.objects.filter(name="warnings.lapsed").count() == 1


def test_ended_thread_is_not_told_to_run_out(by: Actor, order: Actor) -> None:
    first = told(by, order)
    end = approved(actions.follow(first, "all_clear", full(), by=by), by, order)
    with clock.set_to(NOON + timedelta(days=2)):
        minding.look()
        assert [*steps(first), *steps(end)] == []
