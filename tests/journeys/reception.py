"""Run on the store of a journey: an organisation, a rule and reports that wait, by actions of the product."""

from __future__ import annotations

import json
import sys

import django


def main() -> None:
    """Make them; prints the codes of the reports in the order in which they came."""
    django.setup()
    from toancanh.domains.reports.routing import arranging, taking
    from toancanh.domains.reports.routing.arranging import Draft
    from toancanh.kernel.cases.opening import Said
    from toancanh.kernel.declare import program
    from toancanh.kernel.people import actions as people
    from toancanh.kernel.territory import queries as territory

    by = program("journey")
    said = json.load(sys.stdin)
    unit = territory.unit(said["unit"])
    assert unit is not None
    roads = people.found_organisation("qlhtgt", "Phòng Quản lý hạ tầng", by=by, unit=unit)
    people.found_organisation("syt", "Sở Y tế", by=by, unit=unit)
    draft = Draft(name="cống", organisation=roads, words=["nắp cống"])
    arranging.set_rule(draft, by=by, reason="hành trình")
    codes = []
    for title, words in said["reports"]:
        made = Said(title=title, words=words, unit=unit, lon=said["lon"], lat=said["lat"], channel="portal")
        codes.append(taking.open_report(made, by=by).code)
    print(json.dumps(codes))


if __name__ == "__main__":
    main()
