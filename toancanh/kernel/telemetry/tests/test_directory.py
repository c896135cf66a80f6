"""The snapshot of things, series and tokens follows the main database, also when another thread reads it."""

from __future__ import annotations

import hashlib
import time

import pytest
from django.db import connection

from tests.city import BY, City, thing
from toancanh.kernel.people import actions as people
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import revision
from toancanh.kernel.telemetry.directory import Directory, WatchedDirectory, database_directory
from toancanh.kernel.telemetry.models import Series

pytestmark = pytest.mark.django_db


def test_things_and_series_are_found_by_code_and_name() -> None:
    city = City.build()
    series = database_directory().refresh().things[city.gauge.code]["level"]
    assert (series.id, series.thing, series.name) == (city.level.pk, city.gauge.code, "level")
    assert (series.low, series.high) == (city.level.low, city.level.high)


def test_thing_that_is_no_longer_active_is_unknown() -> None:
    city = City.build()
    Thing.objects.filter(pk=city.gauge.pk).update(is_active=False)
    assert city.gauge.code not in database_directory().refresh().things


def test_new_thing_and_token_are_known_after_the_next_look() -> None:
    City.build()
    directory = database_directory()
    assert "later" not in directory.refresh().things
    thing("later")
    made = people.create_token("gateway", by=BY, things=["later"], rate=60)
    found = directory.refresh()
    assert "level" in found.things["later"]
    token = found.tokens[hashlib.sha256(made.secret.encode()).hexdigest()]
    assert (token.name, token.things, token.rate) == ("gateway", frozenset({"later"}), 60)
    assert token.is_valid(0)
    people.revoke_token("gateway", by=BY)
    token = directory.refresh().tokens[hashlib.sha256(made.secret.encode()).hexdigest()]
    assert not token.is_valid(2**62)


def test_look_without_a_change_is_one_query(django_assert_num_queries: pytest.FixtureRequest) -> None:
    City.build()
    directory = database_directory()
    first = directory.refresh()
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert directory.refresh() is first


@pytest.mark.slow
def test_ten_thousand_series_load_in_half_a_second() -> None:
    city = City.build()
    columns = {"unit": "m", "low": -1.0, "high": 10.0, "period_s": 60}
    Series.objects.bulk_create(
        [Series(thing=city.gauge, name=f"level{number}", **columns) for number in range(10_000)]
    )
    revision.bump("directory")
    directory = database_directory()
    connection.ensure_connection()
    began = time.process_time()
    assert len(directory.refresh().things[city.gauge.code]) == 10_001
    assert time.process_time() - began < 0.5


def test_change_during_a_load_is_not_missed() -> None:
    numbers = iter([1, 2, 2])
    loads: list[int] = []

    def load() -> Directory:
        loads.append(1)
        return Directory()

    directory = WatchedDirectory(lambda: next(numbers), load)
    for _ in range(3):
        directory.refresh()
    assert len(loads) == 2
