"""How the tests of a run are dealt to its workers: files as they are, long ones first.

What a module prepares for all its tests is prepared once only if one worker has them all; so a file is a
group, except that long tests without such preparation are dealt one by one. Who begins with the longest is
not left with it when the others have ended. Tests that empty the tables come last: they take along what
migrations put in.

xdist 3.8 writes a test's group into a field that pytest 9.2 no longer reads, and so deals every test alone.
Here workers tell the groups by a file of the run.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

MAKEFILE = Path(__file__).resolve().parents[1] / "Makefile"
COUNTED = pytest.StashKey[tuple[int, int]]()
"""Cases of the run before any is left out, and those of them that `make quick` runs."""
BROWSER, FAULTS, LONG, SHORT, EMPTYING = range(5)


class Dealing(LoadScopeScheduling):
    """Gives a worker one group after the other, in the order of the collection."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)
        self._groups: dict[str, str] = {}

    def _split_scope(self, nodeid: str) -> str:
        if not self._groups:
            self._groups = json.loads(_told().read_text())
        return self._groups[nodeid]


def tell(items: list[pytest.Item]) -> None:
    """Let whoever deals know the groups; each worker of a run tells the same."""
    made = _told().with_suffix(f".{os.environ['PYTEST_XDIST_WORKER']}")
    made.write_text(json.dumps({item.nodeid: group(item) for item in items}))
    made.replace(_told())


def _told() -> Path:
    return Path(os.environ["TOANCANH_TEST_SHARED"]) / "groups.json"


def group(item: pytest.Item) -> str:
    """What the test is dealt with: its mark's, its file, or nothing else."""
    mark = item.get_closest_marker("xdist_group")
    if mark is not None:
        return str(mark.args[0])
    if rank(item) in (SHORT, EMPTYING) or is_prepared_by_module(item):
        return f"{item.path}{' emptying' if rank(item) == EMPTYING else ''}"
    return item.nodeid


def count(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note how many cases there are, and how many are quick."""
    found = re.search(r"^QUICK := (.+)$", MAKEFILE.read_text(), re.MULTILINE)
    assert found is not None
    left_out = re.findall(r"not (\w+)", found[1])
    quick = [item for item in items if not any(item.get_closest_marker(mark) for mark in left_out)]
    config.stash[COUNTED] = len(items), len(quick)


def order(items: list[pytest.Item]) -> None:
    """Long ones first; of short ones the fullest file, and the smallest last, to fill what is left."""
    sizes = Counter(item.path for item in items)
    items.sort(key=lambda item: (rank(item), -sizes[item.path] if rank(item) == SHORT else 0))


def rank(item: pytest.Item) -> int:
    """What goes first."""
    if item.get_closest_marker("browser") is not None:
        return BROWSER
    if item.get_closest_marker("faults") is not None:
        return FAULTS
    database = item.get_closest_marker("django_db")
    if database is not None and database.kwargs.get("transaction"):
        return EMPTYING
    if "transactional_db" in getattr(item, "fixturenames", ()):
        return EMPTYING
    return LONG if item.get_closest_marker("slow") is not None else SHORT


def is_prepared_by_module(item: pytest.Item) -> bool:
    """Whether a fixture of the test lasts for its module."""
    known = getattr(item, "_fixtureinfo", None)
    fixtures = known.name2fixturedefs.values() if known is not None else ()
    return any(definitions[-1].scope == "module" for definitions in fixtures)
