"""Views of the list that are kept under a name: whose they are, which one opens first, what has gone."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.city import BY
from tests.office import Office, at, employ
from toancanh.kernel.cases.models import SavedView
from toancanh.kernel.cases.queue import views
from toancanh.kernel.cases.queue.wishes import Wish
from toancanh.kernel.declare import program
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Person
from toancanh.lib.errors import NotAllowed, NotFound, Refused

pytestmark = pytest.mark.django_db
MORNING = "2026-11-23 08:00"
ARRANGER = ("console.see", "cases.see", "cases.desk", "cases.arrange")
LATE = Wish(due="late", kind="reports.report")


def names(of: Any) -> list[str]:
    return [view.row.name for view in views.of(of)]


def test_a_person_keeps_views_that_nobody_else_sees(office: Office) -> None:
    views.keep("Quá hạn", LATE, by=office.desk)
    views.keep("  QUÁ   hạn ", Wish(due="soon"), by=office.desk)
    (view,) = views.of(office.desk)
    assert (view.row.name, view.wish) == ("QUÁ hạn", Wish(due="soon")), "the same name takes its place"
    assert names(office.leader) == []
    for change in (views.forget, views.open_with):
        with pytest.raises(NotFound):
            change(str(view.row.pk), by=office.leader)
    with pytest.raises(NotAllowed):
        views.keep("Máy", LATE, by=program("tests"))


def test_views_of_an_organisation_are_kept_by_who_arranges_and_seen_below_it(office: Office) -> None:
    chief = employ("truongphong", office.works, ARRANGER, office.city.province)
    with pytest.raises(NotAllowed):
        views.keep("Của sở", LATE, by=office.engineer, is_shared=True)
    row = views.keep("Của sở", LATE, by=chief, is_shared=True)
    assert names(chief) == names(office.engineer) == ["Của sở"], "roads stands below works"
    assert names(office.doctor) == names(office.desk) == []
    with pytest.raises(NotAllowed):
        views.rename(str(row.pk), "Khác", by=office.engineer)
    views.open_with(str(row.pk), by=office.engineer)
    assert views.of(office.engineer)[0].is_first
    assert not views.of(chief)[0].is_first
    views.forget(str(row.pk), by=chief)
    assert names(office.engineer) == []


def test_names_are_checked_and_views_are_few(office: Office) -> None:
    for bad in ("", " ", "!!!", "a" * 61, "một\x00hai"):
        with pytest.raises(Refused):
            views.keep(bad, LATE, by=office.desk)
    for number in range(views.MOST):
        views.keep(f"Khung {number}", LATE, by=office.desk)
    with pytest.raises(Refused):
        views.keep("Thêm nữa", LATE, by=office.desk)
    first = SavedView.objects.get(name="Khung 0")
    with pytest.raises(Refused):
        views.rename(str(first.pk), "khung 1", by=office.desk)
    assert views.rename(str(first.pk), "Khung đầu", by=office.desk).name == "Khung đầu"


@pytest.mark.slow
def test_the_list_opens_with_the_chosen_view_and_all_open_work_stays_a_click_away(
    office: Office, client: Client
) -> None:
    with at(MORNING):
        office.report("Nắp cống vỡ")
        office.order(office.roads, "Khắc phục ngập")
        client.force_login(Person.objects.get(username="chutich"))
        orders = "?kind=directives.directive"
        answer = client.post("/console/work/views/", {"do": "keep", "name": "Chỉ đạo", "wish": orders})
        view = SavedView.objects.get()
        assert answer["Location"] == f"/console/work/?view={view.pk}"
        client.post("/console/work/views/", {"do": "first", "view": view.pk, "wish": answer["Location"]})
        opened = client.get("/console/work/").content.decode()
        assert "Khắc phục ngập" in opened
        assert "Nắp cống vỡ" not in opened
        assert 'aria-current="page">Chỉ đạo' in opened
        everything = client.get("/console/work/?stand=open").content.decode()
        assert "Nắp cống vỡ" in everything
        assert 'data-part-src="/console/work/?stand=open"' in everything, "renewed as it was opened"
        assert 'aria-current="page">Chỉ đạo' in client.get(f"/console/work/{orders}").content.decode()
        client.post("/console/work/views/", {"do": "unfirst", "view": view.pk})
        assert "Nắp cống vỡ" in client.get("/console/work/").content.decode()
        client.post("/console/work/views/", {"do": "forget", "view": view.pk})
        assert not SavedView.objects.exists()


def test_a_view_whose_filter_is_gone_says_so_and_widens_nothing(office: Office, client: Client) -> None:
    with at(MORNING):
        office.report("Nắp cống vỡ")
        client.force_login(Person.objects.get(username="tiepnhan"))
        row = views.keep("Y tế", Wish(organisation="syt"), by=office.desk)
        SavedView.objects.filter(pk=row.pk).update(wish={"organisation": "syt", "phase": "bay lên trời"})
        people.cease(office.health, office.works, by=BY, basis="QĐ 1")
        body = client.get(f"/console/work/?view={row.pk}").content.decode()
    assert "bộ lọc không còn nữa" in body
    assert "bay lên trời" in body
    assert "syt" in body
    assert "Nắp cống vỡ" not in body
    assert client.get("/console/work/?view=999999").status_code == 200


def test_tabs_cost_one_query_however_many_there_are(
    office: Office, client: Client, django_assert_num_queries: Any
) -> None:
    with at(MORNING):
        for number in range(12):
            views.keep(f"Khung {number}", Wish(q=f"từ{number}"), by=office.desk)
        with django_assert_num_queries(1):
            assert len(views.of(office.desk)) == 12
