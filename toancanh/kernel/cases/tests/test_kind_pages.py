"""Pages about kinds of work: the graph is drawn whole and legible, versions are told apart."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from django.test import Client

from tests.city import BY
from tests.office import Office
from toancanh.kernel import catalogue
from toancanh.kernel.cases import kind_drawing, kind_pages, types
from toancanh.kernel.cases.tests.test_case_page import client_of
from toancanh.kernel.declare import Title
from toancanh.kernel.declare_cases import Term

KEYS = ("reports.report", "directives.directive")


@pytest.mark.parametrize("key", KEYS)
def test_every_state_and_move_is_drawn_and_no_box_covers_another(key: str) -> None:
    said = catalogue.case_types()[key]
    drawing = kind_drawing.drawn(said)
    assert {box.name for box in drawing.boxes} == {state.name for state in said.states}
    assert len(drawing.arrows) == sum(len(move.sources) for move in said.moves)
    for move in said.moves:
        assert sum(bool(one.label) for one in drawing.arrows if one.title == move.title.vi) == 1
    for one, other in combinations(drawing.boxes, 2):
        assert (
            one.right <= other.left
            or other.right <= one.left
            or one.bottom <= other.top
            or other.bottom <= one.top
        )
    assert all(box.left >= 0 and box.right <= drawing.width for box in drawing.boxes)
    assert all(box.top >= 0 and box.bottom <= drawing.height for box in drawing.boxes)


def test_page_says_terms_who_what_and_how_long(office: Office, client: Client) -> None:
    assert client.get("/console/work/kinds/").status_code == 302
    client = client_of(office.engineer)
    listing = client.get("/console/work/kinds/").content.decode()
    assert 'href="/console/work/kinds/reports.report/"' in listing
    told = client.get("/console/work/kinds/reports.report/").content.decode()
    for words in ("5 ngày làm việc", "Chuyển trả", "1825 ngày sau khi kết thúc", "bộ phận tiếp nhận", "<svg"):
        assert words in told
    english = client.get("/console/work/kinds/reports.report/", headers={"Accept-Language": "en"})
    assert "5 days of working time" in english.content.decode()
    assert client.get("/console/work/kinds/no.such/").status_code == 404


def test_versions_stand_beside_each_other_with_what_differs(office: Office) -> None:
    said = catalogue.case_types()["directives.directive"]
    clocks = tuple(replace(one, term=Term(3)) for one in said.clocks)
    states = (*said.states[:1], replace(said.states[1], title=Title("Đang làm", "At it")), *said.states[2:])
    changed = replace(said, clocks=clocks, states=states, fields=())
    assert types.publish("directives.directive", changed, by=BY) is not None
    told = kind_pages.changes(said, changed)
    assert told == [
        "Tình trạng “Đang làm” thay đổi",
        "Thời hạn “Hoàn thành” thay đổi",
        "Mục “Minh chứng cần có” bị bỏ",
    ]
    page = client_of(office.leader).get("/console/work/kinds/directives.directive/").content.decode()
    assert "Thời hạn “Hoàn thành” thay đổi" in page
    old = client_of(office.leader).get("/console/work/kinds/directives.directive/?version=1").content.decode()
    assert "5 ngày làm việc" in old
