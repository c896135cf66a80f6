"""Reception: what waits comes in order, one step each, and nothing private is published unread."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test import Client

from tests.city import BY
from tests.office import Office, at, moment
from toancanh.domains.reports import categories
from toancanh.domains.reports.models import Category
from toancanh.domains.reports.routing import arranging, taking
from toancanh.domains.reports.routing.arranging import Draft
from toancanh.domains.reports.triage import actions, answers, masking
from toancanh.domains.reports.triage import waiting as desk
from toancanh.domains.reports.triage.models import Answer, Report
from toancanh.kernel.cases import changing, joining, moving, recounting
from toancanh.kernel.cases.changing import Change
from toancanh.kernel.cases.models import Case, Clock, Event
from toancanh.kernel.cases.opening import Said
from toancanh.kernel.people.models import Person
from toancanh.lib.errors import NotAllowed, Refused

URL = "/console/reports/triage/"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Gọi 0905 123 456 gặp tôi", "Gọi ●●● gặp tôi"),
        ("ĐT: 0905.123.456, +84905123456", "ĐT: ●●●, ●●●"),
        ("CCCD 046201012345.", "CCCD ●●●."),
        ("xe 75A-123.45 và 59-X1 234.56 đỗ", "xe ●●● và ●●● đỗ"),
        ("viết thư a.b@hue.gov.vn nhé", "viết thư ●●● nhé"),
        ("Ổ gà ở số 123 Lê Lợi, sâu 20 cm, ngày 21/11/2026", None),
        ("Quốc lộ 49B km 12+300, 1.200.000 đồng", None),
        ("Tổ 12, thửa 1234, tờ 56", None),
    ],
)
def test_what_looks_private_is_covered_and_nothing_else(text: str, expected: str | None) -> None:
    assert masking.masked(text) == (text if expected is None else expected)


@pytest.mark.django_db
def test_urgent_and_due_come_first_and_only_of_the_own_desk(office: Office) -> None:
    with at("2026-11-20 08:00"):
        first = office.report("một")
        second = office.report("hai", unit=office.city.east)
        gone = office.report("ba")
        actions.accept(gone, "qlhtgt", by=office.desk)
        assert list(desk.waiting(office.desk)) == [first, second]
        actions.grade(second, 2, by=office.desk)
        assert list(desk.waiting(office.desk)) == [second, first]
        assert list(desk.waiting(office.engineer)) == []
        with pytest.raises(NotAllowed):
            actions.grade(first, 1, by=office.engineer)
        moving.move(gone, "send_back", {"reason": "không phải"}, by=office.engineer)
        assert gone in desk.waiting(office.desk)


@pytest.mark.django_db
def test_similar_ones_nearby_are_found_with_the_likeliest_first(office: Office) -> None:
    case = office.report("Nắp cống vỡ trước số 5", lon=107.05, lat=16.05)
    alike = office.report("Nắp cống vỡ trước nhà số 5", lon=107.0505, lat=16.0505)
    other = office.report("Đèn đường tắt", lon=107.0505, lat=16.0505)
    office.report("Nắp cống vỡ trước số 5", lon=107.06, lat=16.05)
    assert [one.case for one in desk.near(case, office.desk)] == [alike, other]
    assert 70 < desk.near(case, office.desk)[0].metres < 90


def keeper(office: Office) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(Person.objects.get(username="tiepnhan"))
    return client


@pytest.mark.slow
@pytest.mark.django_db
def test_desk_goes_from_one_report_to_the_next(office: Office) -> None:
    answers.declare()
    assert answers.declare() == 0
    with at("2030-03-04 08:00"):
        draft = Draft(name="cống", organisation=office.roads, words=["nắp cống"])
        arranging.set_rule(draft, by=BY, reason="kiểm thử")
        first, second, third = (office.report(name) for name in ("Nắp cống vỡ", "Quán ồn", "Rác"))
        client = keeper(office)
        body = client.get(URL).content.decode()
        assert f'value="{first.code}"' in body
        assert 'value="qlhtgt" selected' in body
        sent = {"case": first.code, "seen": first.number, "do": "accept", "organisation": "qlhtgt"}
        assert client.post(URL, sent).headers["Location"] == URL
        first.refresh_from_db()
        assert (first.state, first.organisation) == ("assigned", office.roads)
        assert first.routings.get().given == office.roads
        # The same again: somebody else has dealt with it, and the next one is shown.
        again = client.post(URL, sent)
        assert again.status_code in (409, 422)
        assert second.code in again.content.decode()
        reason = Answer.objects.filter(use="refuse").first()
        assert reason is not None
        sent = {"case": second.code, "seen": second.number, "do": "refuse", "reason": reason.words}
        client.post(f"{URL}?skip={third.pk}", sent)
        assert Case.objects.get(pk=second.pk).state == "refused"
        body = client.get(f"{URL}?skip={third.pk}").content.decode()
        assert "skipped all" in body
        assert client.post(URL, {"case": third.code, "do": "refuse", "reason": ""}).status_code == 422
        client.post(URL, {"case": third.code, "do": "ask", "question": "Ở đâu?"})
        assert Case.objects.get(pk=third.pk).state == "asked"
        assert "Nothing waits" in client.get(URL).content.decode()


@pytest.mark.django_db
def test_public_text_is_apart_from_the_words_and_published_once_read(office: Office) -> None:
    words = "Nhà ông Ba 0905123456 đổ rác"
    case = office.report("Rác", words=words)
    client = keeper(office)
    assert "Nhà ông Ba ●●● đổ rác" in client.get(URL).content.decode()
    sent = {"case": case.code, "seen": case.number, "public_title": "Rác", "public_words": "Nhà ●●● đổ rác"}
    client.post(URL, {**sent, "do": "publish"})
    case.refresh_from_db()
    row = Report.objects.get(case=case)
    assert (case.axes["publication"], case.words, row.public_words) == ("published", words, "Nhà ●●● đổ rác")
    assert row.checked_at is not None
    actions.publish_text(case, "Rác", "Đổ rác", by=office.desk, is_published=False)
    assert case.axes["publication"] == "withheld"
    assert [one.content["to"] for one in Event.objects.filter(case=case, kind="axis")] == [
        "published",
        "withheld",
    ]
    with pytest.raises(Refused):
        actions.publish_text(case, " ", "x", by=office.desk, is_published=True)
    with pytest.raises(NotAllowed):
        actions.publish_text(case, "x", "x", by=office.leader, is_published=True)


@pytest.mark.django_db
def test_passing_on_under_another_category_is_one_story(office: Office) -> None:
    office.report("khác", category="rac")
    case = office.report("Rác", category="duong")
    actions.accept(case, "qlhtgt", by=office.desk, category="rac", note="xem giúp", seen=case.number)
    kinds = [one.kind for one in case.story.order_by("number")]
    assert kinds == ["opened", "changed", "moved"]
    assert case.category == "rac"
    with pytest.raises(Refused):
        actions.accept(office.report("x"), "qlhtgt", by=office.desk, category="không có")


@pytest.mark.django_db
def test_words_typed_of_one_report_never_stand_in_the_fields_of_the_next(office: Office) -> None:
    first, second = office.report("Nắp cống vỡ"), office.report("Rác")
    client = keeper(office)
    actions.refuse(first, "Trùng", by=office.desk)
    sent = {"case": first.code, "seen": "1", "do": "publish", "public_title": "Cống Ông Tư"}
    answer = client.post(URL, {**sent, "public_words": "Số 12 vỡ"})
    told = answer.content.decode()
    assert answer.status_code == 409
    form = told[told.index('name="public_title"') :]
    assert second.code in told
    assert 'value="Rác"' in form
    assert "Ông Tư" not in form
    assert "Số 12 vỡ" not in form
    # They are not lost either.
    lost = told[told.index("data-lost") : told.index("</section>")]
    assert first.code in lost
    assert "Cống Ông Tư" in lost
    assert "Số 12 vỡ" in lost


@pytest.mark.django_db
def test_fault_leaves_chosen_what_the_desk_had_chosen(office: Office) -> None:
    office.report("khác", category="rac")
    draft = Draft(name="cống", organisation=office.roads, words=["nắp cống"])
    arranging.set_rule(draft, by=BY, reason="kiểm thử")
    case = office.report("Nắp cống vỡ", category="duong")
    client = keeper(office)
    actions.grade(case, 1, by=office.desk)
    sent = {"case": case.code, "seen": "1", "do": "accept", "organisation": "syt", "category": "rac"}
    answer = client.post(URL, {**sent, "helpers": ["sxd"], "note": "Gấp"})
    told = answer.content.decode()
    assert answer.status_code == 409
    for name, chosen in (("organisation", ["syt"]), ("category", ["rac"]), ("helpers", ["sxd"])):
        field = re.search(rf'<select[^>]* name="{name}".*?</select>', told, re.DOTALL)
        assert field is not None
        assert re.findall(r'value="([^"]*)" selected', field[0]) == chosen
    assert "Gấp</textarea>" in told
    assert "data-lost" not in told


@pytest.mark.django_db
def test_public_text_that_was_emptied_stays_empty_after_a_fault(office: Office) -> None:
    case = office.report("Rác", words="Rác đầy đường")
    sent = {"case": case.code, "seen": "9", "do": "publish", "public_title": "Rác", "public_words": ""}
    told = keeper(office).post(URL, sent).content.decode()
    assert re.search(r'name="public_words"[^>]*></textarea>', told)


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("seen", ["²", "٣", "9" * 30, "-1", "x"])
def test_number_that_nobody_saw_is_a_conflict(office: Office, seen: str) -> None:
    case = office.report()
    sent = {"case": case.code, "seen": seen, "do": "refuse", "reason": "Trùng"}
    assert keeper(office).post(URL, sent).status_code == 409
    assert Case.objects.get(pk=case.pk).state == "received"


@pytest.mark.django_db
def test_signs_that_are_no_text_are_not_published(office: Office) -> None:
    case = office.report()
    for title, words in (("R\0ác", "x"), ("Rác", "x\0"), ("Rác", "\ud800")):
        with pytest.raises(Refused, match="không phải"):
            actions.publish_text(case, title, words, by=office.desk, is_published=True)
    assert not Report.objects.exists()
    assert keeper(office).post(URL, {"case": "PA\0", "do": "refuse"}).status_code == 404


@pytest.fixture
def quick_category(db: None) -> Iterator[None]:
    """`nhanh` is to be answered within two days, `cham` as the kind of work says."""
    for code, days in (("nhanh", 2), ("cham", None)):
        named = {"code": code, "parent": "cay", "title_vi": code, "title_en": code}
        Category.objects.create(**named, days=days, valid_from="2020-01-01")
    categories.forget()
    yield
    categories.forget()


@pytest.mark.django_db
@pytest.mark.usefixtures("quick_category")
def test_another_category_brings_its_term_from_the_same_beginning(office: Office) -> None:
    with at("2026-11-16 09:00"):
        said = Said(title="Cây đổ", unit=office.city.west, category="cham")
        by_desk, by_page = (taking.open_report(said, by=office.desk) for _n in range(2))
        moving.move(by_page, "ask", {"question": "Ở đâu?"}, by=office.desk)
    with at("2026-11-17 09:00"):
        moving.move(by_page, "reply", {"reply": "Số 2"}, by=office.desk)
        actions.accept(by_desk, "qlhtgt", by=office.desk, category="nhanh")
        changing.change(by_page, Change(category="nhanh"), "Nhầm", by=office.desk)
    # Two working days from the Monday on which they came; of the other one a day stood still.
    for case, due in ((by_desk, "2026-11-18 09:00"), (by_page, "2026-11-19 09:00")):
        assert Clock.objects.get(case=case, is_main=True).due_at == moment(due)
        told = case.story.get(kind="changed").content["clocks"]
        assert [(one["clock"], one["what"]) for one in told] == [("handle", "retermed")]
    assert list(recounting.differences()) == []
    with at("2026-11-17 10:00"):
        changing.change(by_page, Change(category="cham"), "Không nhầm", by=office.desk)
    assert Clock.objects.get(case=by_page, is_main=True).due_at == moment("2026-11-24 09:00")


def test_desk_merges_by_choosing_or_by_code_and_a_wrong_code_keeps_what_was_typed(office: Office) -> None:
    first, second, third = (office.report(lon=107.05, lat=16.05) for _n in range(3))
    client = Client()
    client.force_login(Person.objects.get(pk=office.desk.key.partition(":")[2]))
    told = client.get(f"{URL}?case={second.code}").content.decode()
    assert 'data-panel="g"' in told
    assert f'<option value="{first.code}"' in told
    wrong = {"do": "merge", "case": second.code, "seen": str(second.number), "other": "PA26-999999"}
    answer = client.post(URL, wrong)
    assert 'value="PA26-999999"' in answer.content.decode()
    assert Case.objects.get(pk=second.pk).state == "received"
    assert client.post(URL, {**wrong, "other": "", "into": first.code}).status_code == 302
    by_code = {**wrong, "case": third.code, "seen": str(third.number), "other": second.code.lower()}
    assert client.post(URL, by_code).status_code == 302
    for one in (second, third):
        assert joining.final(Case.objects.get(pk=one.pk)) == first
