"""What anybody may read is what reception has published, while nothing speaks against it."""

from __future__ import annotations

import pytest

from tests.office import Office
from toancanh.domains.reports import keeping
from toancanh.domains.reports.public import finding, seeing, telling
from toancanh.domains.reports.public.tests.making import accepted, answered, published
from toancanh.domains.reports.triage import actions
from toancanh.domains.reports.triage.models import Report
from toancanh.kernel.cases import moving
from toancanh.kernel.cases.models import Case
from toancanh.lib.errors import NotFound

pytestmark = pytest.mark.django_db


def codes() -> list[str]:
    return sorted(seeing.listed().values_list("code", flat=True))


def test_only_what_was_published_is_seen_and_only_while_it_is(desk: Office) -> None:
    case = desk.report()
    assert codes() == []
    actions.publish_text(case, "Nắp cống vỡ", "", by=desk.desk, is_published=False)
    assert codes() == []
    actions.publish_text(case, "Nắp cống vỡ", "", by=desk.desk, is_published=True)
    assert codes() == [case.code]
    actions.publish_text(case, "Nắp cống vỡ", "", by=desk.desk, is_published=False)
    assert codes() == []
    with pytest.raises(NotFound):
        seeing.one(case.code)


def test_what_is_restricted_or_withdrawn_is_not_seen(desk: Office) -> None:
    restricted, withdrawn = published(desk), published(desk)
    Case.objects.filter(pk=restricted.pk).update(level=2)
    Case.objects.filter(pk=withdrawn.pk).update(state="withdrawn", phase="withdrawn", is_open=False)
    assert codes() == []
    for case in (restricted, withdrawn):
        with pytest.raises(NotFound):
            seeing.one(case.code)


@pytest.mark.parametrize("code", ["", "PA26-999999", "x" * 300, "PA26\0", "ＰＡ26-000001"])
def test_what_is_not_there_is_refused_in_the_same_words(desk: Office, code: str) -> None:
    hidden = desk.report()
    with pytest.raises(NotFound) as known:
        seeing.one(hidden.code)
    with pytest.raises(NotFound) as unknown:
        seeing.one(code)
    assert known.value.message == unknown.value.message


def test_a_merged_report_leads_to_where_it_is_dealt_with_as_long_as_that_is_published(desk: Office) -> None:
    first, second, third = published(desk), published(desk), published(desk)
    moving.move(first, "merge", {"into": second.code}, by=desk.desk)
    moving.move(second, "merge", {"into": third.code}, by=desk.desk)
    assert codes() == [third.code]
    assert seeing.dealt_with_under(seeing.one(first.code)) == third
    assert seeing.dealt_with_under(third) is None
    actions.publish_text(third, "Nắp cống vỡ", "", by=desk.desk, is_published=False)
    assert seeing.dealt_with_under(seeing.one(first.code)) is None


def test_the_place_is_told_to_about_a_hundred_metres(desk: Office) -> None:
    case = published(desk, lon=107.0512345, lat=16.0567891)
    assert seeing.place(case) == (107.051, 16.057)
    assert seeing.place(published(desk, lon=None, lat=None)) is None


def test_an_answer_is_told_once_it_is_approved(desk: Office) -> None:
    case = accepted(desk, published(desk))
    moving.move(case, "answer", {"answer": "Đã thay nắp"}, by=desk.engineer)
    told = telling.one(seeing.one(case.code))
    assert (told.stand, told.answers, told.organisation_code) == ("working", [], desk.roads.code)
    moving.move(case, "publish", by=desk.desk)
    told = telling.one(seeing.one(case.code))
    assert [one.words for one in told.answers] == ["Đã thay nắp"]
    assert (told.stand, told.kept, told.due_at) == ("answered", "on_time", None)


def test_many_take_as_many_queries_as_one(desk: Office, django_assert_num_queries: object) -> None:
    rows = [answered(desk, published(desk, f"Nắp cống {n}")) for n in range(3)]
    found = list(seeing.listed().select_related("unit", "organisation").order_by("pk"))
    assert found == rows
    telling.many(found)
    # Texts, clocks, events, files; the revision of the categories.
    for part in (found, found[:1]):
        with django_assert_num_queries(5):  # type: ignore[operator]
            telling.many(part)


def test_what_is_destroyed_leaves_no_word_to_be_found(desk: Office) -> None:
    case = published(desk, "Nắp cống giữa đường")
    assert finding.narrowed(Case.objects.all(), "duong").exists()
    keeping.erase(case)
    assert not finding.narrowed(Case.objects.all(), "duong").exists()
    assert Report.objects.get(case=case).folded == ""
