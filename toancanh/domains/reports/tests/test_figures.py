"""Figures of reports are what a small program of somebody else counts from the exported rows."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from django.test import Client

from tests.city import NOON, actor, person
from tests.kept_rows import Made
from tests.office import OFFICE, Office, at, moment
from toancanh.domains.reports.figures import counting, rows
from toancanh.domains.reports.figures.rows import Span
from toancanh.domains.reports.tests.recount import recount
from toancanh.kernel.cases import extending, moving, past
from toancanh.kernel.cases.models import Case, Rating
from toancanh.kernel.people import actions as people
from toancanh.kernel.runtime import clock

pytestmark = pytest.mark.django_db
FIRST = moment("2026-11-02 08:00")
SPAN = Span(moment("2026-11-01 00:00").date(), moment("2026-11-30 00:00").date())


def step(case: Case, name: str, by: Any, when: float, **said: Any) -> None:
    """A move so many hours after the first morning."""
    with clock.set_to(FIRST + timedelta(hours=when)):
        moving.move(case, name, said, by=by)


def lived(office: Office) -> list[Case]:
    """Reports with every kind of ending: on time, extended, late, refused, sent back, reopened, waiting."""
    dice = random.Random(5)
    made = []
    for n in range(24):
        start = n * 3.0
        with clock.set_to(FIRST + timedelta(hours=start)):
            unit = office.city.west if n % 3 else office.city.east
            case = office.report(
                f"báo {n}", unit=unit, category=("rac", "duong", "")[n % 3], channel="portal"
            )
        made.append(case)
        if n % 8 == 7:
            continue
        if n % 8 == 6:
            step(case, "refuse", office.desk, start + 2, reason="ngoài địa bàn")
            continue
        step(case, "accept", office.desk, start + 1 + dice.random() * 9, organisation="qlhtgt")
        if n % 8 == 5:
            step(case, "send_back", office.engineer, start + 20, reason="không phải việc của phòng")
            step(case, "accept", office.desk, start + 25, organisation="syt")
            continue
        if n % 8 in (3, 4):
            with clock.set_to(FIRST + timedelta(hours=start + 30)):
                extending.ask(case, 3, "chờ vật tư", by=office.engineer)
                extending.settle(case, True, "đồng ý", by=office.desk)
        answered = start + (40, 60, 200, 200, 400)[n % 8]
        step(case, "answer", office.engineer, answered, answer="đã làm")
        step(case, "publish", office.desk, answered + 3)
        if n % 4 < 3:
            Rating.objects.create(case=case, round=1, value=1 + n % 3, at=clock.now())
        if n % 8 == 0:
            step(case, "reopen", office.desk, answered + 30, reason="chưa xong")
            step(case, "accept", office.desk, answered + 31, organisation="qlhtgt")
            if n % 16 == 0:
                step(case, "answer", office.engineer, answered + 40, answer="xong hẳn")
                step(case, "publish", office.desk, answered + 41)
    with past.at(FIRST + timedelta(hours=5), "1022", is_assumed=True):
        old = office.report("từ hệ thống cũ", channel="import")
        moving.move(old, "accept", {"organisation": "syt"}, by=office.desk)
        moving.move(old, "answer", {"answer": "đã dọn"}, by=office.doctor)
    with past.at(FIRST + timedelta(hours=55), "1022"):
        moving.move(old, "publish", by=office.desk)
    return [*made, old]


LIVED = Made(lived, upon=OFFICE, at=NOON)


def flat(one: counting.Figures) -> dict[str, float | None]:
    """Figures as `recount` has them."""
    counts = {name: value for name, value in one.counts.items() if name not in ("rated", "content")}
    more = {"sent_back": one.sent_back, "on_time_share": one.on_time_share, "satisfaction": one.satisfaction}
    return {**counts, **more, **one.medians}


@pytest.mark.slow
def test_figures_equal_those_of_a_program_that_reads_the_export(office: Office, tmp_path: Path) -> None:
    LIVED(office)
    with at("2026-11-27 16:00"):
        client = Client()
        client.force_login(person("quantri", None, people.ADMINISTRATOR))
        where = "/console/reports/figures/rows.csv?from=01/11/2026&to=30/11/2026"
        answer = client.get(where)
        path = tmp_path / "phan-anh.csv"
        path.write_bytes(answer.getvalue())
        found = list(rows.rows(SPAN, office.desk))
        for by in get_args(counting.By):
            whole, groups = counting.figures(found, by, lambda row: row.code)
            told = recount(str(path), by)
            assert flat(whole) == told.pop("*")
            assert {one.key: flat(one) for one in groups} == told
    assert all(whole.counts[name] for name in counting.CHOSEN), whole
    assert whole.sent_back == 3
    assert whole.counts["received"] == 25
    assert whole.counts["no_term"] == 1, "of what no term is known, nobody can say that it was on time"


def test_on_time_by_extension_is_told_apart_and_late_stays_late(office: Office) -> None:
    with at("2026-11-02 08:00"):
        plain, extended, late = (office.report(name) for name in ("một", "hai", "ba"))
    for case in (plain, extended, late):
        step(case, "accept", office.desk, 1, organisation="qlhtgt")
    with at("2026-11-03 08:00"):
        extending.ask(extended, 2, "mưa lớn", by=office.engineer)
        extending.settle(extended, True, "đồng ý", by=office.desk)
    for case, when in ((plain, 24), (extended, 24 * 7 + 1), (late, 24 * 7 + 1)):
        step(case, "answer", office.engineer, when, answer="xong")
        step(case, "publish", office.desk, when + 1)
    step(late, "reopen", office.desk, 24 * 8, reason="chưa")
    with at("2026-11-11 08:00"):
        whole, _groups = counting.figures(rows.rows(SPAN, office.desk), "area", lambda row: row.area)
        counts = whole.counts
        assert (counts["on_time"], counts["extended"], counts["late"], counts["reopened"]) == (1, 1, 1, 1)
        assert whole.on_time_share == pytest.approx(100 / 3)
    with at("2026-11-20 08:00"):
        whole, _groups = counting.figures(rows.rows(SPAN, office.desk), "area", lambda row: row.area)
        # What was reopened and waits too long now counts against as well.
        assert (whole.counts["overdue"], whole.on_time_share) == (1, 25)


def test_pages_show_formula_lead_to_rows_and_keep_to_what_one_may_see(office: Office) -> None:
    LIVED(office)
    with at("2026-11-27 16:00"):
        client = Client(headers={"Accept-Language": "en"})
        client.force_login(person("quantri", None, people.ADMINISTRATOR))
        where = "from=01/11/2026&to=30/11/2026&by=area"
        body = client.get(f"/console/reports/figures/?{where}").content.decode()
        assert "on time ÷ (answered with a term + overdue now)" in body
        assert "figure=late" in body
        late = [row for row in rows.rows(SPAN, office.desk) if row.outcome == "answered" and row.lateness]
        body = client.get(f"/console/reports/figures/rows/?{where}&figure=late").content.decode()
        assert late
        assert all(row.code in body for row in late)
        assert body.count("/console/work/PA") == len(late)
        west = actor("tay", office.city.west, ("cases.see",))
        assert {row.area_code for row in rows.rows(SPAN, west)} == {"90001"}
        assert client.get("/console/reports/figures/?from=x&to=31/02/2026&by=zzz").status_code == 200


def test_rows_take_as_many_queries_for_many_as_for_few(
    office: Office, django_assert_max_num_queries: Any
) -> None:
    LIVED(office)
    with at("2026-11-27 16:00"):
        list(rows.rows(SPAN, office.desk))
        with django_assert_max_num_queries(12):
            assert len(list(rows.rows(SPAN, office.desk))) > 24
