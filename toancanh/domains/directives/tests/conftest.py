"""An office in which everybody holds his post before the stories begin."""

from __future__ import annotations

import pytest

from tests.city import City
from tests.office import Office, at


@pytest.fixture
def office(city: City) -> Office:
    """People's Committee with departments, a leader and people who work."""
    with at("2026-11-01 08:00"):
        return Office.build(city)
