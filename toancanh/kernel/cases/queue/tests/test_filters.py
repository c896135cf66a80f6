"""Every filter against a judge in memory that shares no code with it; paging while rows change."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.office import Office, at, moment
from toancanh.kernel.cases import access
from toancanh.kernel.cases.models import Case
from toancanh.kernel.cases.queue import listing
from toancanh.kernel.cases.queue.wishes import Wish, wanted
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime import clock

NOW = moment("2026-11-25 10:00")
WORDS = ("nắp cống", "đèn hỏng", "Đường Trần Phú", "cây đổ")


def spread(office: Office) -> list[Case]:
    """Cases that differ in all that filters look at."""
    organisations = [None, office.committee, office.works, office.roads, office.health]
    units = [office.city.province, office.city.west, office.city.east]
    people = [None, *Person.objects.filter(username__in=("kysu", "bacsi"))]
    for n in range(40):
        with at(f"2026-11-2{1 + n % 4} 0{1 + n % 9}:00"):
            made = office.report(WORDS[n % 4]) if n % 3 else office.order(office.roads, WORDS[n % 4])
        lead, unit = organisations[n % 5], units[n // 2 % 3]
        due = NOW + timedelta(hours=n - 20) if n % 7 else None
        Case.objects.filter(pk=made.pk).update(
            organisation=lead,
            organisation_path=lead.path if lead else "",
            person=people[n % 3] if lead else None,
            unit=unit,
            unit_path=unit.path,
            is_open=n % 6 != 5,
            due_at=due,
            soon_at=due - timedelta(hours=5) if due and n % 11 else None,
            rank=due or datetime(9999, 1, 1, tzinfo=NOW.tzinfo),
            priority=n % 3,
            channel=("portal", "phone", "")[n % 3],
            category=("cay", "den")[n % 2],
            level=n % 4,
            phase=("received", "working")[n % 2],
        )
    return list(Case.objects.select_related("organisation", "unit"))


def fits(case: Case, wish: Wish, to: Actor) -> bool:
    """The judge: what each filter means, in plain words of one row."""
    above = {"ubnd": {"ubnd", "sxd", "qlhtgt", "syt"}, "sxd": {"sxd", "qlhtgt"}}
    lead = case.organisation.code if case.organisation else ""
    is_late = case.is_open and case.due_at is not None and case.due_at <= NOW
    is_ahead = case.is_open and case.due_at is not None and case.due_at > NOW
    is_soon = is_ahead and case.soon_at is not None and case.soon_at <= NOW
    day = case.opened_at.astimezone(clock.VIETNAM).date()
    judged = [
        wish.stand == "all" or case.is_open is (wish.stand == "open"),
        wish.kind in ("", case.kind),
        wish.phase in ("", case.phase),
        wish.state in ("", case.state),
        wish.channel in ("", case.channel),
        wish.category in ("", case.category),
        wish.priority in ("", str(case.priority)),
        not wish.organisation or lead in above.get(wish.organisation, {wish.organisation}),
        not wish.unit or wish.unit == "90" or case.unit.code == wish.unit,
        {
            "": True,
            "late": is_late,
            "soon": is_soon,
            "ahead": is_ahead and not is_soon,
            "paused": case.is_open and case.due_at is None,
        }[wish.due],
        {
            "": True,
            "mine": case.person_id is not None and to.key == f"person:{case.person_id}",
            "ours": bool(lead) and case.organisation_path.startswith(to.organisation_path),
            "free": not lead,
            "untaken": bool(lead) and case.person_id is None,
        }[wish.whose],
        not wish.since or day >= date.fromisoformat(wish.since),
        not wish.until or day <= date.fromisoformat(wish.until),
        not wish.q or wish.q.casefold() in case.title.casefold(),
    ]
    return all(judged)


@pytest.mark.slow
def test_filters_agree_with_a_judge_in_memory(office: Office) -> None:
    rows = spread(office)
    days = st.sampled_from(["", "2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24"])
    wishes = st.fixed_dictionaries(
        {},
        optional={
            "stand": st.sampled_from(["open", "closed", "all"]),
            "kind": st.sampled_from(["", "reports.report", "directives.directive"]),
            "due": st.sampled_from(["", "late", "soon", "ahead", "paused"]),
            "phase": st.sampled_from(["", "received", "working", "closed"]),
            "organisation": st.sampled_from(["", "ubnd", "sxd", "qlhtgt", "syt"]),
            "unit": st.sampled_from(["", "90", "90001", "90002"]),
            "category": st.sampled_from(["", "cay", "den"]),
            "channel": st.sampled_from(["", "portal", "phone"]),
            "priority": st.sampled_from(["", "0", "1", "2"]),
            "whose": st.sampled_from(["", "mine", "ours", "free", "untaken"]),
            "since": days,
            "until": days,
            "q": st.sampled_from(["", "cống", "Trần Phú", "đổ"]),
        },
    )
    seen_some = set()

    @given(wishes, st.sampled_from([office.desk, office.leader, office.engineer, office.doctor]))
    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    def agree(asked: dict[str, str], to: Actor) -> None:
        wish = Wish.of(asked)
        seen = access.visible(to)
        visible = set(seen.values_list("pk", flat=True))
        told = set(wanted(seen, wish, to, NOW).values_list("pk", flat=True))
        assert told == {row.pk for row in rows if row.pk in visible and fits(row, wish, to)}
        seen_some.add(len(told))

    agree()
    assert len(seen_some) > 5


@pytest.mark.slow
@pytest.mark.parametrize("stand", ["open", "all"])
def test_paging_shows_each_row_once_while_others_come_go_and_move(
    office: Office, monkeypatch: pytest.MonkeyPatch, stand: str
) -> None:
    monkeypatch.setattr(listing, "LENGTH", 4)
    rows = spread(office)
    still = {row.pk for row in rows if row.pk % 3}
    mobile = [row.pk for row in rows if not row.pk % 3]
    wish, told = Wish(stand=stand), list[int]()
    first = wanted(access.visible(office.desk), wish, office.desk, NOW)
    expected = still & set(first.values_list("pk", flat=True))
    for n in range(30):
        page = listing.page(office.desk, wish, NOW)
        told += [row.case.pk for row in page.rows]
        if not page.next_url:
            break
        pk = mobile[n % len(mobile)]
        Case.objects.filter(pk=pk).update(rank=NOW + timedelta(hours=(n * 7) % 40 - 20), is_open=bool(n % 2))
        office.report(f"Mới {n}")
        after = page.next_url.rpartition("after=")[2]
        wish = Wish(stand=stand, after=after)
    kept = [pk for pk in told if pk in still]
    assert len(kept) == len(set(kept))
    assert set(kept) == expected


@pytest.mark.parametrize("after", ["x", "-", "1-", "-5", "9" * 30, "99999999999999999-1", "²-1", "1-²"])
def test_a_mangled_place_begins_at_the_start_or_shows_nothing(
    office: Office, client: Client, after: str
) -> None:
    with at("2026-11-23 08:00"):
        office.report()
        client.force_login(Person.objects.get(username="tiepnhan"))
        for stand in ("open", "all"):
            assert client.get("/console/work/", {"after": after, "stand": stand}).status_code == 200


def test_files_hold_text_and_no_formula(office: Office, client: Client) -> None:
    with at("2026-11-23 08:00"):
        case = office.report("=HYPERLINK(1)")
        client.force_login(Person.objects.get(username="tiepnhan"))
        answer = client.get("/console/work/export.csv")
        text = answer.content.decode("utf-8-sig")
        assert case.code in text
        assert "'=HYPERLINK(1)" in text
        assert client.get("/console/work/export.xlsx").content[:2] == b"PK"
        assert client.get("/console/work/export.pdf").status_code == 404
        client.force_login(Person.objects.get(username="bacsi"))
        assert case.code not in client.get("/console/work/export.csv").content.decode()
