"""Sirens as a channel: one command for one message, and its answer is the receipt."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.city import BY, City, thing
from toancanh.kernel.declare import SeriesType, Title
from toancanh.kernel.notify import actions, queries, registry, service, setups, spreading, work
from toancanh.kernel.notify.channels import Outcome
from toancanh.kernel.notify.messages import Named, reference
from toancanh.kernel.notify.models import Delivery, Setup
from toancanh.kernel.notify.tests.parts import hand, message, refused, set_up, states
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import commands, sirens
from toancanh.kernel.telemetry.models import Command

BATTERY = SeriesType(
    name="battery", title=Title("Ắc quy", "Battery"), unit="V", low=0.0, high=30.0, period=600
)
pytestmark = pytest.mark.django_db


def sounding(city: City, n: int = 3) -> None:
    """Sirens in the west, one in the east, and a message to those of the west."""
    for number in range(n):
        thing(f"loa-{number}", "sensors.siren", "battery", lon=107.05, own=BATTERY)
    thing("loa-xa", "sensors.siren", "battery", lon=107.15, own=BATTERY)
    set_up("siren", command="warn", seconds="90")


def told(**other: Any) -> None:
    actions.send(message(**other), Named("telemetry.sirens", {"units": ["90001"]}), by=BY)
    while spreading.look():
        pass


def asked(at: float) -> None:
    """Ask for receipts so many seconds later, as the service does."""
    channel = registry.channel("siren")
    with clock.set_to(clock.now() + timedelta(seconds=at)):
        parcels = work.lease_questions(channel, 99)
        found: list[Outcome | None] = sirens.answered(parcels)
        service.answered(channel, parcels, found, 2)


@pytest.mark.slow
def test_each_siren_of_the_commune_sounds_once_and_its_answer_is_the_receipt(city: City) -> None:
    sounding(city)
    told()
    _parcels, outcomes = hand("siren")
    assert states(outcomes) == ["handed"] * 3
    # A kill between handing over and noting it: the same command, and no second one.
    Delivery.objects.update(state="waiting", next_at=clock.now(), holder="")
    hand("siren")
    assert Command.objects.count() == 3
    first = Command.objects.get(key=reference(message().key, "thing:loa-0", "siren"))
    assert (first.name, first.args["seconds"], first.args["exercise"]) == ("warn", 90, False)
    assert first.args["title"] == "Lũ trên sông Hương đang lên"
    assert commands.answer("loa-0", first.key, {"ok": True}) is None
    second = Command.objects.get(key=reference(message().key, "thing:loa-1", "siren"))
    assert commands.answer("loa-1", second.key, {"error": "amplifier"}) is None
    asked(3)
    found = {one.recipient: (one.state, one.said) for one in queries.of("warnings.warning:1")}
    assert found == {
        "thing:loa-0": ("received", ""),
        "thing:loa-1": ("failed", "amplifier"),
        "thing:loa-2": ("handed", ""),
    }
    asked(sirens.LASTS.total_seconds() + 9)
    assert {one.recipient: one.state for one in queries.of("warnings.warning:1")}["thing:loa-2"] == "failed"


@pytest.mark.slow
def test_an_exercise_sounds_nothing_unless_that_was_said(city: City) -> None:
    sounding(city, 1)
    told(key="a:1", is_exercise=True)
    _parcels, (outcome,) = hand("siren")
    assert (outcome.state, outcome.reason, Command.objects.count()) == ("failed", "exercise", 0)
    set_up("siren", in_exercise="1")
    told(key="b:1", is_exercise=True)
    hand("siren")
    assert Command.objects.get().args["exercise"] is True


@pytest.mark.slow
def test_a_thing_that_is_gone_or_full_fails_alone(city: City) -> None:
    sounding(city, 2)
    told()
    city.gauge.__class__.objects.filter(code="loa-0").update(is_active=False)
    _parcels, outcomes = hand("siren")
    assert sorted((one.state, one.reason) for one in outcomes) == [("failed", "refused"), ("handed", "")]
    with refused("bad_name"):
        set_up("siren", command="Không")
    assert setups.values(Setup.objects.get(channel="siren"))["command"] == "warn"
