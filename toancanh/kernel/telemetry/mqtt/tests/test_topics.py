"""A device speaks for its own things alone and hears only what is meant for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toancanh.kernel.telemetry.directory import TokenInfo
from toancanh.kernel.telemetry.mqtt.packets import Reason
from toancanh.kernel.telemetry.mqtt.topics import (
    Answered,
    Data,
    Extra,
    Forbidden,
    matches,
    may_subscribe,
    meaning,
)

DEVICE = TokenInfo(1, "gauge", frozenset({"a"}))
GATEWAY = TokenInfo(2, "gateway", frozenset({"a", "b"}))
ALL = TokenInfo(3, "all")
OK, NO, BAD = Reason.SUCCESS, Reason.NOT_AUTHORIZED, Reason.BAD_TOPIC


class Things:
    """Topics of another part of the house."""

    prefix = "v1.1/"

    async def publish(self, topic: str, payload: bytes, token: TokenInfo) -> str | None:
        return None

    def may_subscribe(self, filter: str, token: TokenInfo) -> bool:
        return filter == "v1.1/open"


@pytest.mark.parametrize(
    ("topic", "token", "wanted"),
    [
        ("toancanh/a/level", DEVICE, Data("a", "level")),
        ("toancanh/a/level", GATEWAY, Data("a", "level")),
        ("toancanh/z/level", ALL, Data("z", "level")),
        ("toancanh/a/cmd/ack", DEVICE, Answered("a")),
        ("toancanh/b/level", DEVICE, NO),
        ("toancanh/z/level", GATEWAY, NO),
        ("toancanh/b/cmd/ack", DEVICE, NO),
        ("toancanh/a/ack", DEVICE, NO),
        ("toancanh/a/cmd", ALL, NO),
        ("toancanh/a", DEVICE, BAD),
        ("toancanh/a/level/more", DEVICE, BAD),
        ("toancanh//level", ALL, BAD),
        ("toancanh/a/", DEVICE, BAD),
        ("/toancanh/a/level", DEVICE, BAD),
        ("Toancanh/a/level", DEVICE, BAD),
        ("tele/a/STATE", ALL, BAD),
        ("$SYS/broker", ALL, BAD),
    ],
)
def test_publishing(topic: str, token: TokenInfo, wanted: object) -> None:
    found = meaning(topic, token, [Things()])
    assert (found.reason if isinstance(found, Forbidden) else found) == wanted


def test_other_parts_of_the_house_have_their_own_topics() -> None:
    things = Things()
    assert meaning("v1.1/Datastreams(1)/Observations", DEVICE, [things]) == Extra(things)
    assert isinstance(meaning("v1.1/Datastreams(1)/Observations", DEVICE, []), Forbidden)
    assert may_subscribe("v1.1/open", DEVICE, [things]) is OK
    assert may_subscribe("v1.1/#", DEVICE, [things]) is NO


@pytest.mark.parametrize(
    ("pattern", "device", "gateway", "everything"),
    [
        ("toancanh/a/ack", OK, OK, OK),
        ("toancanh/a/cmd", OK, OK, OK),
        ("toancanh/b/cmd", NO, OK, OK),
        ("toancanh/+/ack", NO, NO, OK),
        ("toancanh/+/cmd", NO, NO, OK),
        ("toancanh/a/+", NO, NO, NO),
        ("toancanh/a/#", NO, NO, NO),
        ("toancanh/+/level", NO, NO, NO),
        ("toancanh/a/level", NO, NO, NO),
        ("toancanh/a/cmd/ack", NO, NO, NO),
        ("toancanh/#", NO, NO, NO),
        ("+/a/ack", NO, NO, NO),
        ("#", NO, NO, NO),
        ("+/+/+", NO, NO, NO),
        ("$SYS/#", NO, NO, NO),
        ("$share/g/toancanh/a/ack", *[Reason.SHARED_UNSUPPORTED] * 3),
        ("toancanh/" + "a" * 600 + "/ack", *[Reason.QUOTA] * 3),
    ],
)
def test_listening(pattern: str, device: Reason, gateway: Reason, everything: Reason) -> None:
    assert may_subscribe(pattern, DEVICE, []) is device
    assert may_subscribe(pattern, GATEWAY, []) is gateway
    assert may_subscribe(pattern, ALL, []) is everything


WORDS = st.sampled_from(["toancanh", "a", "b", "ack", "cmd", "level", ""])


@pytest.mark.slow
@given(
    st.lists(WORDS | st.sampled_from(["+", "#"]), min_size=1, max_size=5), st.sampled_from([DEVICE, GATEWAY])
)
def test_no_filter_that_is_granted_matches_what_belongs_to_others(parts: list[str], token: TokenInfo) -> None:
    assert token.things is not None
    if may_subscribe("/".join(parts), token, []):
        return
    for thing in ("a", "b", "c"):
        for last in ("ack", "cmd", "level"):
            if matches(parts, ["toancanh", thing, last]):
                assert thing in token.things
                assert last in ("ack", "cmd")


@pytest.mark.parametrize(
    ("pattern", "topic", "is_matched"),
    [
        ("a/b", "a/b", True),
        ("a/+", "a/b", True),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "a/b", True),
        ("a/+", "a", False),
        ("a/+", "a/b/c", False),
        ("a/b", "a", False),
        ("+", "a/b", False),
    ],
)
def test_matching(pattern: str, topic: str, is_matched: bool) -> None:
    assert matches(pattern.split("/"), topic.split("/")) is is_matched
