"""Buckets of callers: a burst at once, then as fast as they fill, each address by itself."""

from __future__ import annotations

from toancanh.kernel.runtime import rates
from toancanh.kernel.runtime.rates import Buckets


class Hand:
    """A clock moved by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_the_rate() -> None:
    hand = Hand()
    buckets = Buckets(60, 3, hand)
    assert [buckets.take("a") for _n in range(3)] == [0, 0, 0]
    assert buckets.take("a") == 1.0
    hand.now += 0.5
    assert buckets.take("a") == 0.5
    hand.now += 0.5
    assert buckets.take("a") == 0
    assert buckets.take("b") == 0, "another address has its own"
    hand.now += 3600
    assert [bool(buckets.take("a")) for _n in range(4)] == [False, False, False, True]


def test_asking_in_vain_costs_nothing() -> None:
    hand = Hand()
    buckets = Buckets(60, 1, hand)
    buckets.take("a")
    assert {buckets.take("a") for _n in range(50)} == {1.0}
    hand.now += 1
    assert buckets.take("a") == 0


def test_memory_is_bounded() -> None:
    buckets = Buckets(1, 1)
    for number in range(rates.MOST + 10):
        buckets.take(str(number))
    assert len(buckets._left) == rates.MOST
