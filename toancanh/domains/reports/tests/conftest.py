"""What every test of reports stands on: an office, categories, keys in a folder of the test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.city import NOON
from tests.kept_rows import Made
from tests.office import OFFICE, Office, at
from toancanh.domains.reports import categories, defaults

DECLARED = Made(defaults.declare, upon=OFFICE, at=NOON)


@pytest.fixture
def desk(office: Office, settings: Any, tmp_path: Any) -> Iterator[Office]:
    """The office on a working morning, ready to take reports."""
    settings.DATA = tmp_path
    categories.forget()
    DECLARED()
    with at("2026-11-20 08:00"):
        yield office
    categories.forget()
