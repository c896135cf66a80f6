"""The packs of the repository load, and load again without a change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.city import BY
from toancanh.kernel.exchange import packs, queries
from toancanh.kernel.exchange.models import Pack
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import revision
from toancanh.kernel.telemetry.models import Threshold

pytestmark = pytest.mark.xdist_group("packs")
PACKS = Path(__file__).resolve().parents[4] / "packs"


def state() -> tuple[int, ...]:
    """What a second load may not move."""
    numbers = [revision.current(name) for name in ("directory", "territory")]
    return (Entry.objects.count(), Thing.objects.count(), Threshold.objects.count(), *numbers)


@pytest.mark.slow
def test_loading_the_three_packs_again_changes_nothing(hue: None) -> None:
    before = state()
    for name in ("dong-ha", "hue", "vietnam"):
        packs.load(PACKS / name, by=BY)
    assert state() == before
    assert Pack.objects.count() == 3


def test_first_locality_loaded_is_the_one_served(hue: None) -> None:
    assert (queries.locality()["code"], queries.locality()["name"]) == ("46", "Thành phố Huế")
    assert len(queries.sources()) == len(set(queries.sources()))


def test_things_of_hue_are_two_gauges_and_a_sample_rain_station_a_commune(hue: None) -> None:
    things = Thing.objects.filter(code__startswith="hue-")
    gauges = things.filter(kind="flood.gauge").order_by("code")
    assert list(gauges.values_list("code", "is_sample")) == [("hue-kim-long", False), ("hue-phu-oc", False)]
    rain = things.filter(kind="flood.rain_station")
    assert (rain.count(), rain.filter(is_sample=True).count()) == (40, 40)
    assert rain.values("unit").distinct().count() == 40
