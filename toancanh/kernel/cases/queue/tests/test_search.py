"""Finding work by words: with or without tone marks, in what one may see, as soon as it changed."""

from __future__ import annotations

import pytest

from tests.office import Office, at
from toancanh.kernel.cases import moving, searching
from toancanh.kernel.cases.models import Case
from toancanh.kernel.cases.queue import listing
from toancanh.kernel.cases.queue.wishes import Wish
from toancanh.kernel.cases.writing import writing
from toancanh.kernel.declare import Actor
from toancanh.lib.fold import fold

MORNING = "2026-11-23 08:00"


def found(to: Actor, q: str, **more: str) -> set[Case]:
    """What the list shows for those words."""
    return {row.case for row in listing.page(to, Wish(q=q, **more)).rows}


@pytest.mark.parametrize(
    "q",
    [
        "Đường Trần Phú",
        "duong tran phu",
        "DUONG",
        "nắp cống",
        "nap cong vo",
        "tran ph",
        "12 kiet 5",
        "{code}",
    ],
)
def test_finds_by_words_without_marks_by_beginnings_and_by_code(office: Office, q: str) -> None:
    with at(MORNING):
        case = office.report("Nắp cống vỡ", address="12 kiệt 5 đường Trần Phú", words="rất nguy hiểm")
        office.report("Đèn hỏng", address="8 Lê Lợi")
        assert found(office.desk, q.format(code=case.code)) == {case}


@pytest.mark.parametrize("q", ["song huong", "ran phu", "*", "' OR 1=1", '"', "mark:open", "\0", "a" * 90])
def test_finds_nothing_where_there_is_nothing(office: Office, q: str) -> None:
    with at(MORNING):
        office.report("Nắp cống vỡ", address="đường Trần Phú")
        assert found(office.desk, q) == set() or not Wish.of({"q": q}).q


@pytest.mark.slow
def test_finds_all_of_them_wherever_they_stand_in_the_list(office: Office) -> None:
    with at(MORNING):
        wanted = {office.report(f"{'Nắp cống' if n % 2 else 'Cây đổ'} {n}") for n in range(12)}
        nap = {case for case in wanted if "Nắp" in case.title}
        assert found(office.desk, "nap cong") == found(office.desk, "nap", stand="all") == nap
        assert listing.page(office.desk, Wish(q="nap")).count == "6"


def test_finds_only_what_one_may_see(office: Office) -> None:
    with at(MORNING):
        office.report("Nắp cống vỡ")
        assert found(office.doctor, "nap cong") == set()


def test_follows_the_case(office: Office) -> None:
    with at(MORNING):
        case = office.report("Nắp cống vỡ")
        with writing(case, by=office.desk) as on:
            on.case.folded = fold("Cây đổ")
            on.tell("changed", {})
        assert found(office.desk, "nap") == set()
        assert found(office.desk, "cay do") == {case}
        moving.move(case, "refuse", {"reason": "trùng"}, by=office.desk)
        assert found(office.desk, "cay") == set()
        assert found(office.desk, "cay", stand="closed") == found(office.desk, "cay", stand="all") == {case}
        searching.rebuild()
        assert found(office.desk, "cay", stand="all") == {case}


def test_what_is_forgotten_is_found_no_more(office: Office) -> None:
    with at(MORNING):
        case = office.report("Nắp cống vỡ")
        Case.objects.filter(pk=case.pk).update(folded="")
        searching.forget([case.pk])
        assert found(office.desk, "nap") == set()
