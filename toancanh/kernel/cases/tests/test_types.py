"""What is published as a kind of work: every fault is named, and what was published never changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.city import BY, City
from toancanh.kernel import catalogue
from toancanh.kernel.cases import types
from toancanh.kernel.cases.models import TypeVersion
from toancanh.kernel.cases.types import Unsound
from toancanh.kernel.declare import Title
from toancanh.kernel.declare_cases import (
    CaseAxis,
    CaseClock,
    CaseField,
    CaseMessage,
    CaseMove,
    CaseState,
    CaseType,
    Guard,
    Retention,
    Term,
)

T = Title("Tên", "Name")
SOUND = CaseType(
    name="work",
    title=T,
    icon="home",
    prefix="X",
    start="new",
    states=(
        CaseState("new", T, "received"),
        CaseState("wait", T, "waiting_citizen", pauses=True),
        CaseState("end", T, "closed"),
    ),
    moves=(
        CaseMove("ask", T, ("new",), "wait", ("desk",)),
        CaseMove("go", T, ("wait", "new"), "end", ("desk",)),
    ),
    clocks=(CaseClock("due", T, Term(1), ("new", "wait"), is_main=True),),
    retention=Retention(30, "kiểm thử"),
)


def with_move(**more: Any) -> CaseType:
    return replace(SOUND, moves=(*SOUND.moves[:1], replace(SOUND.moves[1], **more)))


def test_declared_kinds_are_sound() -> None:
    assert {key: types.faults(said) for key, said in catalogue.case_types().items()} == {
        key: [] for key in catalogue.case_types()
    }
    assert types.faults(SOUND) == []


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (replace(SOUND, start="nowhere"), "it begins in nowhere, which is no state"),
        (replace(SOUND, moves=SOUND.moves[1:]), "the state wait can never be reached"),
        (with_move(sources=("new",)), "no end can be reached from wait"),
        (with_move(target="gone"), "the move go names gone, which is no state"),
        (with_move(who=()), "nobody may do go"),
        (
            replace(SOUND, moves=(*SOUND.moves, CaseMove("back", T, ("end",), "new", ("desk",)))),
            "back leaves the end end and is no reopening",
        ),
        (
            replace(SOUND, states=(SOUND.states[0], CaseState("wait", T, "waiting_other"), SOUND.states[2])),
            "wait must say whether clocks stand still, as every state that waits",
        ),
        (replace(SOUND, clocks=(replace(SOUND.clocks[0], is_main=False),)), "one clock is the main one"),
        (
            replace(SOUND, clocks=(replace(SOUND.clocks[0], runs=("end",)),)),
            "the clock due runs in the end end",
        ),
        (
            replace(SOUND, clocks=(replace(SOUND.clocks[0], runs=("new",)),)),
            "the main clock due does not run in wait",
        ),
        (
            replace(SOUND, clocks=(replace(SOUND.clocks[0], term=Term(0)),)),
            "the clock due has an impossible term",
        ),
        (with_move(guard=Guard("named", name="moon")), "go asks 'moon', which nobody answers"),
        (with_move(guard=Guard("is", name="x")), "go looks at the field 'x', which nothing fills"),
        (with_move(guard=Guard("all")), "go composes nothing"),
        (with_move(asks=(CaseField("x", T, "choice"),)), "the field x and its choices do not fit"),
        (with_move(messages=(CaseMessage("lead", T, Title("{oi}", "x")),)), "go: nothing fills {oi}"),
        (
            with_move(messages=(CaseMessage("lead", T, Title("{code", "x")),)),
            "go: the braces of '{code' do not close",
        ),
        (
            with_move(messages=(CaseMessage("lead", T, Title("x", " ")),)),
            "go: a message lacks its text in one of both languages",
        ),
        (
            with_move(messages=(CaseMessage("followers", T, Title("x", "“{title}”")),)),
            "go: followers are told {title}, the words of who sent it",
        ),
        (with_move(title=Title("x", "")), "go lacks its name in one of both languages"),
        (replace(SOUND, prefix="pa"), "the prefix 'pa' is not made of one to six capital letters"),
        (replace(SOUND, axes=(CaseAxis("a", T, (), ()),)), "the axis a has no states"),
        (
            replace(SOUND, axes=(CaseAxis("a", T, (("x", T),), (("x", "y"),)),)),
            "the axis a moves between ('x', 'y'), which are no states of it",
        ),
        (replace(SOUND, states=(*SOUND.states, SOUND.states[0])), "the state new is there twice"),
        (replace(SOUND, retention=Retention(0, "x")), "what is kept is kept for a number of days"),
    ],
)
def test_fault_is_named(said: CaseType, fault: str) -> None:
    assert fault in types.faults(said)


def test_what_was_published_stays_and_what_is_new_is_a_version(city: City) -> None:
    first = types.publish("test.work", SOUND, by=BY)
    assert first is not None
    assert types.publish("test.work", SOUND, by=BY) is None
    longer = replace(SOUND, clocks=(replace(SOUND.clocks[0], term=Term(2)),))
    second = types.publish("test.work", longer, by=BY)
    assert second is not None
    assert second.number == 2
    assert types.in_force("test.work") == second
    first.refresh_from_db()
    assert first.valid_to is not None
    types.forget()
    assert (types.of(first), types.of(second)) == (SOUND, longer)
    with pytest.raises(Unsound, match="it begins in x"):
        types.publish("test.work", replace(SOUND, start="x"), by=BY)
    assert TypeVersion.objects.filter(kind="test.work").count() == 2


def test_declared_kinds_are_written_once(city: City) -> None:
    made = types.declare()
    assert made == len(catalogue.case_types()) > 0
    assert types.declare() == 0
    key, said = next(iter(catalogue.case_types().items()))
    assert types.of(types.in_force(key)) == said
