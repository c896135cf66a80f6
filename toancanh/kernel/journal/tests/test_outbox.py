"""What must follow from a change follows at least once, whatever dies or fails in between."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import transaction

from tests.city import BY
from toancanh.kernel import catalogue
from toancanh.kernel.declare import On
from toancanh.kernel.journal import actions, outbox
from toancanh.kernel.journal.models import Event
from toancanh.kernel.runtime import clock


def test_old_events_and_ended_sessions_are_swept(db: None) -> None:
    now = clock.now()
    ages = {"done": 31, "fresh": 29, "waiting": 31}
    for key, days in ages.items():
        next_at = now if key == "waiting" else None
        Event.objects.create(name="e", key=key, created=now - timedelta(days=days), next_at=next_at)
    for key, hours in (("ended", -1), ("open", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + timedelta(hours=hours))
    assert outbox.sweep() == 2
    assert set(Event.objects.values_list("key", flat=True)) == {"fresh", "waiting"}
    assert [session.session_key for session in Session.objects.all()] == ["open"]
    assert outbox.sweep() == 0


class Reaction:
    """A reaction that remembers what it was called with, and fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.seen: list[Any] = []
        self.failures = failures

    def __call__(self, payload: Mapping[str, Any]) -> None:
        self.seen.append(payload["n"])
        if len(self.seen) <= self.failures:
            raise RuntimeError("not today")


@pytest.fixture
def reaction(monkeypatch: pytest.MonkeyPatch) -> Reaction:
    """The one reaction to ``test.happened``."""
    made = Reaction()
    declared = (On(name="test.happened", react=made),)
    known = catalogue.reactions
    monkeypatch.setattr(catalogue, "reactions", lambda e: declared if e == "test.happened" else known(e))
    return made


def happened(n: int = 1, key: str = "") -> None:
    """One event."""
    with transaction.atomic():
        actions.emit("test.happened", key or str(n), {"n": n})


def later(seconds: float, since: datetime) -> int:
    """Deliver at another time; how many were done."""
    with clock.set_to(since + timedelta(seconds=seconds)):
        return outbox.deliver()


def test_event_is_delivered_once(db: None, reaction: Reaction) -> None:
    happened(1)
    happened(2)
    assert outbox.deliver() == 2
    assert outbox.deliver() == 0
    assert reaction.seen == [1, 2]
    assert list(Event.objects.values_list("next_at", "attempts")) == [(None, 1), (None, 1)]


def test_event_of_the_same_key_is_the_same_event(db: None, reaction: Reaction) -> None:
    happened(1, key="same")
    happened(2, key="same")
    assert outbox.deliver() == 1
    happened(3, key="same")
    assert outbox.deliver() == 0
    assert reaction.seen == [1]


def test_failing_reaction_is_tried_again_with_back_off(db: None, reaction: Reaction) -> None:
    reaction.failures = 3
    start = clock.now()
    with clock.set_to(start):
        happened(1)
        assert outbox.deliver() == 0
    event = Event.objects.get()
    assert (event.attempts, event.fault, event.next_at) == (1, "not today", start + timedelta(seconds=2))
    assert later(1, start) == 0
    assert len(reaction.seen) == 1
    assert later(2, start) == 0
    assert Event.objects.get().next_at == start + timedelta(seconds=6)
    assert later(6, start) == 0
    assert later(14, start) == 1
    event = Event.objects.get()
    assert (event.attempts, event.fault, event.next_at) == (4, "", None)
    assert reaction.seen == [1, 1, 1, 1]


def test_back_off_never_exceeds_an_hour(db: None, reaction: Reaction) -> None:
    reaction.failures = 1000
    start = clock.now()
    with clock.set_to(start):
        happened(1)
        Event.objects.update(attempts=90)
        outbox.deliver()
    assert Event.objects.get().next_at == start + timedelta(hours=1)


def test_failing_event_does_not_hold_up_others(db: None, reaction: Reaction) -> None:
    reaction.failures = 1
    happened(1)
    happened(2)
    assert outbox.deliver() == 1
    assert reaction.seen == [1, 2]
    assert list(Event.objects.filter(next_at=None).values_list("key", flat=True)) == ["2"]


def test_event_held_by_one_who_died_comes_back_after_the_lease(db: None, reaction: Reaction) -> None:
    start = clock.now()
    with clock.set_to(start):
        happened(1)
        assert [event.key for event in outbox._lease()] == ["1"]
        assert outbox.deliver() == 0
    assert later(59, start) == 0
    assert reaction.seen == []
    assert later(60, start) == 1
    assert reaction.seen == [1]


def test_what_one_who_died_held_is_delivered_at_once_when_he_is_back(db: None, reaction: Reaction) -> None:
    happened(1)
    with clock.set_to(clock.now()):
        outbox._lease("worker@here:1")
        assert outbox.Duty("worker@there:1").look() == 0
        # Only at his start: what he holds since is his.
        back = outbox.Duty("worker@here:1")
        assert back.look() == 1
        happened(2)
        outbox._lease("worker@here:1")
        assert back.look() == 0
    assert reaction.seen == [1]
    assert set(Event.objects.filter(next_at=None).values_list("holder", flat=True)) == {""}


def test_event_that_another_process_took_over_meanwhile_is_left_to_it(
    db: None, reaction: Reaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = clock.now()
    with clock.set_to(start):
        happened(1)
        happened(2)

    def slow(payload: Mapping[str, Any]) -> None:
        reaction.seen.append(payload["n"])
        if payload["n"] == 1:
            # This took longer than the lease: another process finds both due and takes them.
            monkeypatch.setattr(catalogue, "reactions", lambda _: (On(name="test.happened", react=reaction),))
            passed.append(timedelta(seconds=70))
            assert outbox.deliver() == 2

    passed = [timedelta(0)]
    monkeypatch.setattr(catalogue, "reactions", lambda _: (On(name="test.happened", react=slow),))
    with clock.set_to(lambda: start + passed[-1]):
        assert outbox.deliver() == 0
    assert reaction.seen == [1, 1, 2]
    assert list(Event.objects.values_list("next_at", "attempts")) == [(None, 2), (None, 2)]


def test_lease_is_made_longer_while_the_work_before_it_goes_on(db: None, reaction: Reaction) -> None:
    start = clock.now()
    with clock.set_to(start):
        happened(1)
        happened(2)
        first, second = outbox._lease()
    with clock.set_to(start + timedelta(seconds=50)):
        assert outbox._still_ours(second)
    with clock.set_to(start + timedelta(seconds=70)):
        assert [event.pk for event in outbox._lease()] == [first.pk]
    with clock.set_to(start + timedelta(seconds=110)):
        assert [event.pk for event in outbox._lease()] == [second.pk]
        assert not outbox._still_ours(second)


@pytest.mark.parametrize("hours", [-6, -48, 48])
def test_clock_that_jumps_holds_no_event_up(db: None, reaction: Reaction, hours: int) -> None:
    start = clock.now()
    with clock.set_to(start):
        happened(1)
    assert later(hours * 3600, start) == 1
    assert later(hours * 3600 + 1, start) == 0
    assert later(1, start) == 0
    assert reaction.seen == [1]


@pytest.mark.django_db(transaction=True)
def test_event_survives_until_it_is_delivered_and_vanishes_with_its_transaction(reaction: Reaction) -> None:
    woken: list[int] = []
    actions.on_wake(lambda: woken.append(1))
    try:
        with transaction.atomic():
            actions.emit("test.happened", "undone", {"n": 0})
            transaction.set_rollback(True)
        assert (Event.objects.count(), woken) == (0, [])
        with transaction.atomic():
            actions.emit("test.happened", "kept", {"n": 1})
            assert woken == []
        assert woken == [1]
        # The process dies here: what is left is the row, and any later sweep finds it.
        assert outbox.deliver() == 1
        assert reaction.seen == [1]
    finally:
        actions._woken.pop()


@pytest.mark.django_db(transaction=True)
def test_event_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        actions.emit("test.happened", "1", {})
    assert Event.objects.count() == 0


def test_recording_and_emitting_need_no_reaction(db: None) -> None:
    with transaction.atomic():
        actions.record("test.done", "thing:1", by=BY, content={})
        actions.emit("test.nobody_listens", "1", {})
    assert outbox.deliver() == 1
