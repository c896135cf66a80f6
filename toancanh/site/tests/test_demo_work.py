"""The demo's year of work: by the real actions, once however often it is begun, with due times that hold."""

from __future__ import annotations

import pytest

from toancanh.domains.reports import actions as reports
from toancanh.kernel.cases import recounting, types
from toancanh.kernel.cases.models import Case, Clock
from toancanh.kernel.runtime import clock, marks
from toancanh.site import demo, demo_orders, demo_work


@pytest.fixture
def city(loaded: None, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    types.declare()
    demo.staff()
    monkeypatch.setattr(demo_work, "MANY", 16)
    monkeypatch.setattr(demo_work, "LATELY", 8)
    monkeypatch.setattr(demo_work, "PAUSE_S", 0.0)


@pytest.mark.slow
def test_year_of_work_is_made_once_and_goes_on_where_it_was_cut_off(
    city: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, begun = reports.send, []

    def cut_off(*said: object, **more: object) -> object:
        begun.append(said)
        if len(begun) == 10:
            raise RuntimeError("killed")
        return whole(*said, **more)  # type: ignore[arg-type]  # passes everything on

    monkeypatch.setattr(reports, "send", cut_off)
    with pytest.raises(RuntimeError):
        demo_work.build()
    assert marks.read(demo_work.MARK) != "ready"
    monkeypatch.setattr(reports, "send", whole)
    demo_work.build()
    made = Case.objects.count()
    orders = Case.objects.filter(kind="directives.directive")
    assert made - orders.count() == 24
    assert orders.filter(parent=None).count() == len(demo_orders.ORDERS)
    # The leader finds something in each group of his list.
    assert {"given", "working", "reported", "done"} == set(orders.values_list("state", flat=True))
    assert orders.filter(is_open=True, due_at__lt=clock.now()).exists()
    assert orders.filter(clocks__extensions__settled_at=None, clocks__extensions__isnull=False).exists()
    demo_work.build()
    assert Case.objects.count() == made
    assert marks.read(demo_work.MARK) == "ready"
    assert not Case.objects.filter(is_sample=False).exists()
    assert {"closed", "refused"} < set(Case.objects.values_list("state", flat=True))
    assert list(recounting.differences()) == []
    assert Clock.objects.filter(is_main=True, stopped_at__isnull=False, lateness__gt=0).exists()
    assert list(Case.objects.order_by("pk").values_list("code", flat=True)) == sorted(
        Case.objects.values_list("code", flat=True), key=lambda code: (code[:2] != "PA", code)
    )
