"""The list of stations costs what its page costs, however many stations there are."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.city import BY, City, thing
from toancanh.kernel.telemetry import lists

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("asked", [{}, {"state": "silent"}])
def test_list_goes_on_after_a_hundred_things(city: City, asked: dict[str, str]) -> None:
    for n in range(100):
        thing(f"s{n:03}")
    first = lists.page(BY, asked)
    assert [row.thing.code for row in first.rows] == ["gauge", "rain", *(f"s{n:03}" for n in range(98))]
    assert first.next_url
    second = lists.page(BY, {**asked, "after": "s097"})
    assert [row.thing.code for row in second.rows] == ["s098", "s099"]
    assert (second.next_url, len(second.everything)) == ("", 102)


def test_list_measures_only_the_stations_of_its_page(city: City) -> None:
    for n in range(120):
        thing(f"s{n:03}")
    with CaptureQueriesContext(connection) as seen:
        assert len(lists.page(BY, {}).rows) == 100
    assert next(query["sql"].count("LIMIT 101") for query in seen if "registry_thing" in query["sql"]) == 1
    measuring = [query["sql"] for query in seen if 'FROM "telemetry_series"' in query["sql"]]
    assert len(measuring) == 1
    assert measuring[0].count(",") < 150
