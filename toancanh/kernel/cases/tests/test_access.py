"""Who sees what: the predicate in the database and the one in memory agree for anybody."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.office import Office
from toancanh.kernel.cases import access
from toancanh.kernel.cases.models import Case
from toancanh.kernel.declare import Actor

RIGHTS = ("cases.see", "cases.restricted", "cases.handle", "cases.desk")


@pytest.mark.slow
def test_database_and_memory_agree_for_random_people(office: Office) -> None:
    city = office.city
    organisations = [office.committee, office.works, office.roads, office.health]
    units = [city.province, city.west, city.east]
    for n in range(24):
        case = office.report(f"số {n}", unit=units[n % 3], level=n % 4)
        lead = organisations[n % 4] if n % 5 else None
        Case.objects.filter(pk=case.pk).update(
            organisation=lead,
            organisation_path=lead.path if lead else "",
            opened_by=None if n % 3 else case.opened_by_id,
        )
        if n % 2:
            helper = organisations[(n // 2) % 4]
            case.steps.create(
                organisation=helper,
                organisation_path=helper.path,
                role="help",
                assigned_at=case.opened_at,
                is_open=n % 4 == 1,
            )
    rows = list(Case.objects.all())
    helping = {
        row.pk: tuple(row.steps.filter(is_open=True).values_list("organisation_path", flat=True))
        for row in rows
    }
    paths = st.sampled_from(["", *(unit.path for unit in units)])
    seen_some = set()

    @given(
        st.frozensets(st.tuples(st.sampled_from(RIGHTS), paths), max_size=4),
        st.sampled_from(["", *(one.path for one in organisations)]),
        st.sampled_from([office.desk.key, office.leader.key, "person:999999", "program:x", "party:1"]),
    )
    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    def agree(grants: frozenset[tuple[str, str]], path: str, key: str) -> None:
        to = Actor(name="x", key=key, grants=grants, organisation_path=path)
        told = set(access.visible(to).values_list("pk", flat=True))
        by_hand = {
            row.pk for row in rows if any(scope.holds(row, helping[row.pk]) for scope in access.scopes(to))
        }
        assert told == by_hand
        seen_some.add(len(told))

    agree()
    assert len(seen_some) > 5


def test_a_code_alone_opens_nothing(office: Office) -> None:
    case = office.report()
    assert access.visible(office.doctor).count() == 0
    assert access.visible(office.desk).get() == case
