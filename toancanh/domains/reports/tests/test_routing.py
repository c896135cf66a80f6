"""Rules route as they are ordered and dated, say why, and a dry run tells what they will do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from tests.city import BY, person
from tests.office import Office, at, moment
from toancanh.domains.reports.routing import arranging, listing, taking, trying
from toancanh.domains.reports.routing.arranging import Draft
from toancanh.domains.reports.routing.matching import About, decide
from toancanh.domains.reports.routing.models import Hours, Routed, Rule
from toancanh.kernel.cases import moving
from toancanh.kernel.cases.models import Case, Clock
from toancanh.kernel.cases.opening import Said
from toancanh.kernel.declare_cases import Term
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, Refused
from toancanh.lib.fold import fold

pytestmark = pytest.mark.django_db
MORNING = "2026-11-20 08:00"
"""A Friday, in working hours."""
URL = "/console/reports/routing/"


def rule(office: Office, name: str, organisation: Organisation | None = None, **asked: Any) -> Rule:
    draft = Draft(name=name, organisation=organisation or office.works, **asked)
    return arranging.set_rule(draft, by=BY, reason="kiểm thử")


def sent(office: Office, title: str = "Nắp cống vỡ", **more: Any) -> Case:
    said = Said(**{"title": title, "unit": office.city.west, **more})
    return taking.open_report(said, by=office.desk)


def goes(office: Office, title: str, when: str = MORNING, **about: Any) -> str:
    """The rule that decides, or nothing."""
    facts = {"unit_path": office.city.west.path, "category": "", "channel": "portal", **about}
    found = decide(About(at=moment(when), folded=fold(title), **facts), listing.in_force(clock.now()))
    return found.line.rule.name if found.line else ""


def test_first_rule_that_fits_decides_and_order_can_be_changed(office: Office) -> None:
    with at(MORNING):
        rule(office, "cống ở phía tây", office.roads, unit=office.city.west, words=["nắp cống", "hố ga"])
        last = rule(office, "mọi thứ")
        first = rule(office, "sức khỏe", office.health, categories=["y_te", "thuc_pham"])
        assert goes(office, "NAP CONG vo roi") == "cống ở phía tây"
        assert goes(office, "nắp cống", unit_path=office.city.east.path) == "mọi thứ"
        assert goes(office, "nắp cốngg", category="y_te") == "mọi thứ"
        arranging.place(first, last, by=BY)
        assert goes(office, "rau bẩn", category="y_te") == "sức khỏe"
        assert [line.rule.name for line in listing.in_force(clock.now())] == [
            "cống ở phía tây", "sức khỏe", "mọi thứ",
        ]  # fmt: skip
        arranging.place(last, None, by=BY)
        assert Entry.objects.filter(action="reports.rules_ordered").count() == 2


@pytest.mark.parametrize(
    ("when", "hours", "fits"),
    [
        ("2026-11-20 07:29", Hours.WORKING, False),
        ("2026-11-20 07:30", Hours.WORKING, True),
        ("2026-11-20 11:29", Hours.WORKING, True),
        ("2026-11-20 11:30", Hours.WORKING, False),
        ("2026-11-20 17:00", Hours.CLOSED, True),
        ("2026-11-21 09:00", Hours.CLOSED, True),
        ("2026-11-20 09:00", Hours.CLOSED, False),
        ("2026-11-21 09:00", Hours.ANY, True),
    ],
)
def test_rule_holds_in_its_hours_by_the_calendar(office: Office, when: str, hours: str, fits: bool) -> None:
    with at(MORNING):
        rule(office, "giờ", hours=hours)
        assert bool(goes(office, "gì đó", when)) is fits


def test_rule_holds_on_its_days_and_for_its_channels(office: Office) -> None:
    with at(MORNING):
        rule(office, "thứ sáu", weekdays=[4], channels=["phone"])
        assert goes(office, "x", channel="phone") == "thứ sáu"
        assert goes(office, "x") == ""
        # Already Saturday in Việt Nam, still Friday in UTC.
        assert goes(office, "x", "2026-11-21 00:30", channel="phone") == ""
        assert goes(office, "x", "2026-11-20 00:30", channel="phone") == "thứ sáu"


def test_versions_hold_from_their_moment_on_and_what_was_routed_stays(office: Office) -> None:
    with at(MORNING):
        first = rule(office, "một")
        case = sent(office)
        later = moment("2026-11-23 08:00")
        draft = Draft(name="hai", organisation=office.health)
        arranging.set_rule(draft, by=BY, reason="đổi", before=first, valid_from=later)
        assert goes(office, "x") == "một"
    with at("2026-11-23 08:00"):
        assert goes(office, "x") == "hai"
        second = Rule.objects.get(name="hai")
        assert second.line == first.line
        assert case.routings.get().rule == first
        arranging.end_rule(second, by=BY, reason="thôi")
        assert goes(office, "x") == ""
        with pytest.raises(Refused, match=r"mở lại|open it anew"):
            arranging.end_rule(second, by=BY, reason="thôi")
    with at("2026-11-23 09:00"), pytest.raises(Refused):
        arranging.set_rule(draft, by=BY, reason="quá khứ", valid_from=later)


def test_ended_version_takes_what_was_planned_after_it_along(office: Office) -> None:
    with at(MORNING):
        first = rule(office, "một")
        draft = Draft(name="hai", organisation=office.health)
        arranging.set_rule(draft, by=BY, reason="đổi", before=first, valid_from=moment("2026-11-23 08:00"))
        arranging.end_rule(Rule.objects.get(pk=first.pk), by=BY, reason="thôi hẳn")
    with at("2026-11-24 08:00"):
        assert goes(office, "x") == ""


def test_only_who_arranges_writes_rules_and_only_sound_ones(office: Office) -> None:
    good = Draft(name="một", organisation=office.works)
    with pytest.raises(NotAllowed):
        arranging.set_rule(good, by=office.desk, reason="không được")
    for changed, reason in (
        (good, " "),
        (replace(good, name=" "), "x"),
        (replace(good, words=["!!"]), "x"),
        (replace(good, hours="never"), "x"),
        (replace(good, weekdays=[7]), "x"),
        (replace(good, priority=3), "x"),
        (replace(good, helpers=["khong-co"]), "x"),
        (replace(good, terms={"nothing": Term(1)}), "x"),
        (replace(good, terms={"handle": Term(0)}), "x"),
    ):
        with pytest.raises(Refused):
            arranging.set_rule(changed, by=BY, reason=reason)
    assert not Rule.objects.exists()


def test_rule_follows_its_organisation_when_that_ceases(office: Office) -> None:
    with at(MORNING):
        rule(office, "một", office.health)
        Organisation.objects.filter(pk=office.health.pk).update(ceased_at=clock.now(), successor=office.works)
        case = sent(office)
        assert case.routings.get().organisation == office.works
        Organisation.objects.filter(pk=office.health.pk).update(successor=None)
        assert goes(office, "x") == ""


def test_rule_gives_urgency_and_terms_when_a_report_comes(office: Office) -> None:
    with at(MORNING):
        terms = {"accept": Term(4, "hour"), "handle": Term(2, "day")}
        rule(office, "gấp", priority=1, terms=terms, words=["điện giật"])
        urgent, plain = sent(office, "Cột đèn điện giật"), sent(office, "Cột đèn nghiêng", priority=2)
        assert (urgent.priority, plain.priority) == (1, 2)
        assert Clock.objects.get(case=urgent, name="accept").due_at == moment("2026-11-20 13:30")
        assert Clock.objects.get(case=urgent, name="handle").due_at == moment("2026-11-24 08:00")
        assert Clock.objects.get(case=plain, name="handle").due_at == moment("2026-11-27 08:00")


def moved(case: Case, name: str, said: dict[str, Any], office: Office, by: Any = None) -> None:
    """A move, and what follows from it."""
    event = moving.move(case, name, said, by=by or office.desk)
    taking.moved({"case": case.pk, "kind": case.kind, "number": event.number})


def test_passing_on_and_sending_back_are_kept_with_the_rule_and_counted(office: Office) -> None:
    with at(MORNING):
        made = rule(office, "đường", office.roads)
        right, wrong, changed = sent(office), sent(office), sent(office)
        for case in (right, wrong):
            moved(case, "accept", {"organisation": "qlhtgt"}, office)
        moved(changed, "accept", {"organisation": "syt"}, office)
    with at("2026-11-20 09:00"):
        moved(wrong, "send_back", {"reason": "không phải đường"}, office, office.engineer)
        taking.moved({"case": wrong.pk, "kind": wrong.kind, "number": wrong.number})
        row = wrong.routings.get(number__gt=1)
        assert (row.rule, row.given, row.returned_at) == (made, office.roads, clock.now())
        assert row.return_reason == "không phải đường"
        assert trying.used()[made.line] == trying.Used(fitted=3, followed=2, changed=1, returned=1)


def test_what_was_opened_past_the_rules_is_judged_by_them_as_well(office: Office) -> None:
    with at(MORNING):
        made = rule(office, "một")
        case = office.report()
        told = {"case": case.pk, "kind": case.kind, "number": 1}
        taking.opened(told)
        taking.opened(told)
        assert Routed.objects.get(case=case).rule == made


@pytest.mark.slow
def test_dry_run_says_what_later_routing_does(office: Office) -> None:
    words = ("nắp cống vỡ", "rác không gom", "chó dại cắn", "nắp cống kêu", "đèn tắt")
    with at(MORNING):
        rule(office, "mọi thứ")
        cases = [sent(office, f"{words[n % 5]} {n}") for n in range(25)]
        moved(cases[2], "accept", {"organisation": "syt"}, office)
    with at("2026-11-20 10:00"):
        draft = Draft(name="chó", organisation=office.health, words=["chó dại"])
        before = trying.changed(None, arranging.unsaved(draft, position=9))
        assert trying.dry_run(before, office.desk).moved == []
        draft = replace(draft, name="mọi thứ, trừ", organisation=office.roads, words=["nắp cống", "đèn"])
        whole = Rule.objects.get()
        lines = trying.changed(whole, arranging.unsaved(draft, position=whole.position, line=whole.line))
        trial = trying.dry_run(lines, office.desk)
        assert (trial.total, len(trial.moved), trial.is_whole) == (25, 25, True)
        assert (trial.known, trial.right_before, trial.right_after) == (1, 0, 0)
        told = {one.case.pk: one.after.organisation for one in trial.moved}
        arranging.set_rule(draft, by=BY, reason="đổi", before=whole)
        for case in cases:
            really = decide(About.of(case), listing.in_force(clock.now())).organisation
            assert really == told[case.pk]
        assert Routed.objects.count() == 26


@pytest.mark.slow
def test_dry_run_needs_as_many_queries_for_many_as_for_one(
    office: Office, django_assert_max_num_queries: Any
) -> None:
    with at(MORNING):
        made = rule(office, "một", hours=Hours.WORKING)
        for n in range(12):
            sent(office, f"báo {n}")
        with django_assert_max_num_queries(8):
            trying.dry_run(trying.changed(made, None), office.desk)


def keeper(office: Office) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(person("quantri", None, people.ADMINISTRATOR))
    return client


FORM = {"name": "Cống", "hours": "any", "organisation": "sxd", "priority": "0", "words": "nắp cống\nhố ga"}


@pytest.mark.slow
def test_administrator_tries_keeps_orders_and_ends_a_rule(office: Office) -> None:
    with at(MORNING):
        client = keeper(office)
        sent(office)
        form = {**FORM, "reason": "mới", "term_handle": "3", "way_handle": "day", "categories": []}
        body = client.post(f"{URL}new/", {**form, "do": "try"}).content.decode()
        assert "elsewhere: 1 of 1 reports" in body
        assert not Rule.objects.exists()
        assert client.post(f"{URL}new/", {**form, "do": "save"}).status_code == 302
        rule(office, "mọi thứ", office.health)
        one, two = Rule.objects.order_by("pk")
        assert one.terms["handle"]["amount"] == 3
        client.post(URL, {"rule": two.pk, "before": one.pk})
        assert [line.rule.name for line in listing.in_force(clock.now())] == ["mọi thứ", "Cống"]
        client.post(URL, {"rule": two.pk, "before": 0})
        body = client.get(URL, {"words": "ho ga bi mat", "unit": "90001"}).content.decode()
        assert "Sở Xây dựng" in body
        assert "by the rule" in body
        page = client.get(f"{URL}{one.pk}/").content.decode()
        assert "hố ga" in page
    with at("2026-11-20 10:00"):
        assert client.post(f"{URL}{one.pk}/", {"do": "end", "reason": "thôi"}).status_code == 302
        assert goes(office, "hố ga") == "mọi thứ"
        assert client.post(f"{URL}{one.pk}/", {"do": "end", "reason": ""}).status_code == 422


def test_rules_are_for_administrators(office: Office) -> None:
    client = Client()
    client.force_login(person("khac", None, people.STAFF))
    assert client.get(URL).status_code == 403
    assert client.post(f"{URL}new/", {**FORM, "reason": "x", "do": "save"}).status_code == 403
