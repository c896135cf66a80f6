"""Commands to devices: who may give them, how long they wait, what of them is written down."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import Any

import pytest

from tests.city import BY, NOON, City, actor, thing
from toancanh.kernel.declare import ANYONE
from toancanh.kernel.journal.models import Entry, Event
from toancanh.kernel.registry import actions as registry
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.telemetry import commands
from toancanh.kernel.telemetry.models import Command, CommandState
from toancanh.lib.errors import NotAllowed, NotFound, Refused

SOON = NOON + timedelta(minutes=10)


def given(city: City, **changed: Any) -> Command:
    facts: dict[str, Any] = {"name": "siren", "args": {"seconds": 30}, "by": BY, "expires": SOON} | changed
    return commands.command(city.gauge, facts.pop("name"), facts.pop("args"), **facts)


def told(due: commands.Due) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(due.payload)
    return found


def test_command_waits_for_its_thing_alone_and_bears_all_that_the_device_needs(city: City) -> None:
    before = revision.current("commands")
    made = given(city)
    assert revision.current("commands") == before + 1
    assert commands.due(["rain"]) == []
    (due,) = commands.due(["gauge", "rain"])
    assert [due] == commands.due(None)
    said = {"id": made.key, "name": "siren", "args": {"seconds": 30}}
    assert told(due) == said | {"expires": "2026-11-21T12:10:00+07:00"}
    entry = Entry.objects.get(action="telemetry.command_given")
    assert (entry.subject, entry.actor) == (f"command:{made.key}", BY.key)


def test_delivery_and_answer_are_noted_once(city: City) -> None:
    made = given(city)
    commands.mark_sent([made.key])
    assert len(commands.due(["gauge"])) == 1, "until the device confirms, it is sent again after every loss"
    commands.mark_delivered(made.key)
    assert commands.due(["gauge"]) == []
    commands.mark_sent([made.key])
    with clock.set_to(NOON + timedelta(seconds=5)):
        assert commands.answer("gauge", made.key, {"on": True}) is None
        assert commands.answer("gauge", made.key, {"on": True}) is None
        assert commands.answer("gauge", made.key, {"on": False}) == "answered_before"
    made.refresh_from_db()
    assert (made.state, made.result) == (CommandState.ANSWERED, {"on": True})
    assert (made.sent_at, made.delivered_at) == (NOON, NOON)
    assert made.answered_at == NOON + timedelta(seconds=5)
    assert Event.objects.filter(name="telemetry.command_answered", key=made.key).count() == 1
    assert Entry.objects.filter(action="telemetry.command_answered").count() == 1


def test_device_that_answers_without_confirming_has_got_it(city: City) -> None:
    made = given(city)
    assert commands.answer("gauge", made.key, None) is None
    made.refresh_from_db()
    assert (made.state, made.delivered_at) == (CommandState.ANSWERED, NOON)
    assert commands.due(None) == []


@pytest.mark.parametrize(
    ("of", "key", "result", "code"),
    [
        ("rain", "", 1, "unknown_command"),
        ("gauge", "0" * 16, 1, "unknown_command"),
        ("gauge", "x" * 5000, 1, "unknown_command"),
        ("gauge", "", "x" * 5000, "too_large"),
        ("gauge", "", "a\0b", "malformed"),
        ("gauge", "", math.nan, "malformed"),
    ],
)
def test_foreign_and_impossible_answers_are_refused(
    city: City, of: str, key: str, result: object, code: str
) -> None:
    made = given(city)
    assert commands.answer(of, key or made.key, result) == code
    made.refresh_from_db()
    assert made.state == CommandState.WAITING


def test_late_answer_is_refused_and_the_command_closed(city: City) -> None:
    made = given(city)
    with clock.set_to(SOON):
        assert commands.due(None) == []
        assert commands.answer("gauge", made.key, 1) == "late"
        assert commands.expire() == 1
        assert commands.expire() == 0
        assert commands.answer("gauge", made.key, 1) == "late"
    made.refresh_from_db()
    assert made.state == CommandState.EXPIRED


def test_command_that_is_withdrawn_goes_nowhere(city: City) -> None:
    made = given(city)
    commands.withdraw(made.key, by=BY)
    assert commands.due(None) == []
    assert commands.answer("gauge", made.key, 1) == "unknown_command"
    with pytest.raises(Refused) as refused:
        commands.withdraw(made.key, by=BY)
    assert refused.value.code == "too_late"
    with pytest.raises(NotFound):
        commands.withdraw("nothing", by=BY)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"name": "Còi hú"}, "bad_name"),
        ({"name": "a" * 61}, "bad_name"),
        ({"args": {"text": "x" * 4096}}, "too_large"),
        ({"args": {"text": "ặ" * 1500}}, "too_large"),
        ({"args": {"value": math.inf}}, "bad_args"),
        ({"args": {"value": object()}}, "bad_args"),
        ({"args": {"value": "\0"}}, "bad_args"),
        ({"expires": NOON}, "bad_expiry"),
        ({"expires": NOON - timedelta(hours=1)}, "bad_expiry"),
        ({"expires": NOON + timedelta(days=31)}, "bad_expiry"),
    ],
)
def test_impossible_commands_are_refused(city: City, changed: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        given(city, **changed)
    assert refused.value.code == code
    assert not Command.objects.exists()


def test_retired_thing_hears_nothing(city: City) -> None:
    given(city)
    registry.retire(city.gauge, by=BY)
    assert commands.due(None) == []
    with pytest.raises(Refused) as refused:
        given(city)
    assert refused.value.code == "retired"


def test_only_who_arranges_the_measurements_there_commands(city: City) -> None:
    for nobody in (ANYONE, actor("officer"), actor("elsewhere", city.east, ["telemetry.arrange"])):
        with pytest.raises(NotAllowed):
            given(city, by=nobody)
    made = given(city, by=actor("arranger", city.west, ["telemetry.arrange"]))
    with pytest.raises(NotAllowed):
        commands.withdraw(made.key, by=ANYONE)


def test_few_commands_wait_for_one_thing(city: City) -> None:
    for _ in range(commands.MOST_OPEN):
        made = given(city)
    with pytest.raises(Refused) as refused:
        given(city)
    assert refused.value.code == "too_many"
    commands.mark_delivered(made.key)
    given(city)
    with clock.set_to(SOON):
        given(city, expires=SOON + timedelta(minutes=1))


def test_last_commands_of_a_thing_are_told_newest_first(city: City) -> None:
    other = thing("other")
    commands.command(other, "reset", {}, by=BY, expires=SOON)
    names = ["one", "two", "three"]
    for name in names:
        given(city, name=name)
    assert [command.name for command in commands.last(city.gauge)] == names[::-1]
    assert len(commands.last(city.gauge, most=2)) == 2


def test_due_of_many_things_is_asked_in_pieces(city: City) -> None:
    given(city)
    codes = [f"thing-{n}" for n in range(1200)]
    assert [due.thing for due in commands.due([*codes, "gauge"])] == ["gauge"]
