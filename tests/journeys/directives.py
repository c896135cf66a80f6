"""Run on the store of a journey: a leader, an organisation with somebody in it, a report that lies there."""

from __future__ import annotations

import json
import sys

import django


def main() -> None:
    """Make them; prints the code of the report."""
    django.setup()
    from toancanh.kernel.cases import opening
    from toancanh.kernel.cases.opening import Said
    from toancanh.kernel.declare import program
    from toancanh.kernel.people import actions as people
    from toancanh.kernel.territory import queries as territory

    by = program("journey")
    said = json.load(sys.stdin)
    unit = territory.unit(said["unit"])
    assert unit is not None
    committee = people.found_organisation("ubnd", "UBND thành phố", by=by, unit=unit)
    works = people.found_organisation("sxd", "Sở Xây dựng", by=by, unit=unit, parent=committee)
    people.found_organisation("syt", "Sở Y tế", by=by, unit=unit, parent=committee)
    rights = {"leader": (committee, people.LEADER), "handler": (works, people.HANDLER)}
    for role, (organisation, grants) in rights.items():
        username, name, password, post = said[role]
        person = people.create_person(username, name, password, by=by)
        people.appoint(person, organisation, post, grants, by=by, unit=unit)
    report = Said(title=said["title"], unit=unit, lon=said["lon"], lat=said["lat"], channel="desk")
    print(json.dumps(opening.open("reports.report", report, by=by).code))


if __name__ == "__main__":
    main()
