"""What `make quick` promises: four fifths of the cases, however many are marked as slow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import dealing


def test_quick_holds_four_fifths_of_the_cases(pytestconfig: pytest.Config) -> None:
    if {Path(given).name for given in pytestconfig.args} != set(pytestconfig.getini("testpaths")):
        return  # Of a few files nothing follows for the whole.
    cases, quick = pytestconfig.stash[dealing.COUNTED]
    assert quick * 5 >= cases * 4, (
        f"{quick} of {cases} cases are quick: make some faster, or mark fewer as slow"
    )
