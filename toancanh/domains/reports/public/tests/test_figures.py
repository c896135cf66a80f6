"""Figures are public by the locality's decision alone, and are those of the console."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test import Client

from tests.city import BY
from tests.office import Office, employ
from toancanh.domains.reports.figures import counting
from toancanh.domains.reports.public import disclosing, figures
from toancanh.domains.reports.public.tests.making import accepted, answered, published
from toancanh.kernel.cases.models import Case
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people.models import Person
from toancanh.lib.errors import NotAllowed, Refused

pytestmark = pytest.mark.django_db
PAGES = ("/reports/figures/", "/en/reports/figures/")


@pytest.fixture(autouse=True)
def counted_anew() -> Iterator[None]:
    """Nothing of another test is kept."""
    figures.forget()
    yield
    figures.forget()


def cells(text: str) -> list[list[str]]:
    rows = re.findall(r"<tr.*?</tr>", text.split("<tbody>")[1], re.DOTALL)
    return [
        [re.sub(r"<.*?>", "", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)]
        for row in rows
    ]


def test_nothing_is_there_until_the_locality_decides(desk: Office, client: Client) -> None:
    answered(desk, published(desk))
    assert [client.get(path).status_code for path in PAGES] == [404, 404]
    assert "/figures/" not in client.get("/reports/").content.decode()
    disclosing.change(True, "QĐ 12/QĐ-UBND", by=BY)
    for path in PAGES:
        text = client.get(path).content.decode()
        assert "QĐ 12/QĐ-UBND" in text
        assert desk.roads.name in text
    assert "/reports/figures/" in client.get("/reports/").content.decode()
    disclosing.change(False, "thu hồi", by=BY)
    assert client.get(PAGES[0]).status_code == 404


def test_the_decision_is_made_by_who_arranges_work_and_kept(desk: Office) -> None:
    with pytest.raises(NotAllowed):
        disclosing.change(True, "QĐ 12", by=desk.desk)
    for reason in ("", "  ", "a\0"):
        with pytest.raises(Refused):
            disclosing.change(True, reason, by=BY)
    made = disclosing.change(True, " QĐ   12 ", by=BY)
    assert (made.reason, made.set_by) == ("QĐ 12", BY.name)
    with pytest.raises(Refused):
        disclosing.change(True, "lần nữa", by=BY)
    assert Entry.objects.filter(action="reports.disclosure_set").count() == 1


@pytest.mark.parametrize("by", ["organisation", "category"])
def test_the_numbers_are_those_of_the_console(desk: Office, client: Client, by: str) -> None:
    disclosing.change(True, "QĐ 12", by=BY)
    answered(desk, published(desk))
    accepted(desk, desk.report(category="road.surface"))
    desk.report(category="water.drain")
    restricted = desk.report(category="water.drain")
    Case.objects.filter(pk=restricted.pk).update(level=2)
    told = cells(client.get(f"/reports/figures/?by={by}").content.decode())
    officer = employ("xemhet", desk.committee, ("console.see", "cases.see"), desk.city.province)
    assert officer.paths("cases.see")
    client.force_login(Person.objects.get(username="xemhet"))
    console = cells(client.get(f"/console/reports/figures/?by={by}").content.decode())
    # The columns of the public among those of the console.
    titles = list(counting.formulas())
    own = [0, *(1 + titles.index(name) for name in figures.SHOWN)]
    assert told == [[row[n] for n in own] for row in console]
    assert told[0][1] == "3"
    assert len(told) > 2


def test_the_setting_is_a_page_of_reception(desk: Office, client: Client) -> None:
    employ("quay", desk.committee, ("console.see", "cases.see", "cases.desk"), desk.city.province)
    client.force_login(Person.objects.get(username="quay"))
    page = "/console/reports/disclosure/"
    assert client.get(page).status_code == 200
    assert client.post(page, {"figures": "1", "reason": "QĐ 12"}).status_code == 403
    assert client.post(page, {"figures": "9", "reason": "QĐ 12"}).status_code == 422
    employ("sapxep", desk.committee, ("console.see", "cases.desk", "cases.arrange"))
    client.force_login(Person.objects.get(username="sapxep"))
    answer = client.post(page, {"figures": "1", "reason": "QĐ 12"}, follow=True)
    assert disclosing.now().figures
    assert "QĐ 12" in answer.content.decode()
