"""The demo's flood leads to a warning that waits for approval; nothing of it happens in a real city."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.city import NOON, City, measure
from toancanh.kernel.alerts import rules
from toancanh.kernel.alerts.tests.test_desk import begun
from toancanh.kernel.journal import outbox
from toancanh.kernel.people import access
from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime import clock, marks
from toancanh.kernel.warnings import actions, filling
from toancanh.kernel.warnings.models import State, Warning
from toancanh.site import demo

pytestmark = pytest.mark.django_db


def flood(city: City) -> None:
    """The gauge rises past BĐ1, then past BĐ2."""
    rules.declare()
    filling.declare()
    demo.staff()
    desk = begun()
    for minutes, level in ((0, 1.2), (1, 2.1)):
        at = NOON + timedelta(minutes=minutes)
        with clock.set_to(at):
            measure(city.gauge, at, level)
            desk.look()
            outbox.deliver()


@pytest.mark.slow
def test_demo_drafts_one_warning_that_its_leader_may_approve(city: City, settings: Any) -> None:
    settings.DEMO = True
    marks.write("demo", "ready")
    flood(city)
    warning = Warning.objects.get()
    assert (warning.state, warning.level) == (State.SUBMITTED, 2)
    assert warning.headline_vi == "Nước sông tại Trạm Cầu Gỗ: 2,10 m, trên BĐ2 0,10 m"
    assert {unit.code for unit in warning.units.all()} == {"90001", "90002"}
    leader = access.actor(Person.objects.get(username=demo.LEADER[0]))
    assert actions.approve(warning, warning.version, by=leader).number == "CB-2026-0001"


@pytest.mark.slow
@pytest.mark.parametrize(("is_on", "mark"), [(True, "off"), (False, "ready")])
def test_real_city_drafts_nothing_by_itself(city: City, settings: Any, is_on: bool, mark: str) -> None:
    settings.DEMO = is_on
    marks.write("demo", mark)
    flood(city)
    assert not Warning.objects.exists()
