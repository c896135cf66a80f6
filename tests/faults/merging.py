"""Two communes that became one yesterday, with the officers of their province, in the store of a program."""

from __future__ import annotations

import sys
from datetime import timedelta

import django

from tests.faults.teller import subscribe


def people() -> None:
    """The small city, an officer and a leader of its province."""
    from tests.city import City, person
    from toancanh.kernel.people.actions import LEADER

    province = City.build().province
    person("truc", province)
    person("lanhdao", province, LEADER)


def merge(port: str, first: str) -> None:
    """The merger is entered today and holds since yesterday; one more browser asks for the new commune."""
    from tests.city import City
    from toancanh.kernel.contacts.tests.people import merged
    from toancanh.kernel.territory.queries import today

    merged(City.found(), (today() - timedelta(days=1)).isoformat())
    subscribe(port, range(int(first), int(first) + 1), "90009")


if __name__ == "__main__":
    django.setup()
    {"people": people, "merge": merge}[sys.argv[1]](*sys.argv[2:])
