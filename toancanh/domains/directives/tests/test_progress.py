"""Progress is reported through the form of the case's page, also where no proof comes with it."""

from __future__ import annotations

from tests.office import Office, at
from toancanh.domains.directives.tests.ordering import client_of, give
from toancanh.kernel.cases.models import Case


def test_progress_is_reported_without_a_file(office: Office) -> None:
    with at("2026-11-16 09:00"):
        order = give(office, office.roads)
        said = {"seen": str(order.number), "progress": "Đang làm", "percent": "40"}
        answer = client_of(office.engineer).post(f"/console/work/{order.code}/move/progress/", said)
        assert answer.status_code == 302, answer.content.decode()
    found = Case.objects.get(pk=order.pk)
    assert (found.state, found.facts["percent"]) == ("working", 40)
