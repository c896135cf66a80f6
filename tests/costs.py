"""What the tests cost: processor time of each phase and fixture, whatever else the machine does meanwhile.

Two commands, of which the second adds up what the first has written:

    .venv/bin/python -m pytest -n 2 -p tests.costs
    .venv/bin/python -m tests.costs

Everything is counted once: a phase leaves out its fixtures, a fixture those it asks for. Programs that a test
starts count where they are waited for.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[1] / ".pytest_cache" / "costs"
SHOWN = 40
_rows: list[tuple[str, str, float]] = []
"""What it was, the test, seconds."""
_within: list[float] = [0.0]
"""Of each span that is open, the seconds of those inside it."""


def _now() -> float:
    spent = os.times()
    return time.process_time() + spent.children_user + spent.children_system


@contextmanager
def _span(what: str, test: str) -> Iterator[None]:
    began = _now()
    _within.append(0.0)
    try:
        yield
    finally:
        took = _now() - began
        _rows.append((what, test, took - _within.pop()))
        _within[-1] += took


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Generator[None, Any, Any]:
    """Imports, and making the items."""
    with _span("collection", ""):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """What none of the phases has is pytest's own."""
    with _span("pytest", item.nodeid):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    """Of plugins."""
    with _span("setup", item.nodeid):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """The test itself."""
    with _span("call", item.nodeid):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    """The ends of fixtures as well."""
    with _span("teardown", item.nodeid):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: Any) -> Generator[None, Any, Any]:
    """The making of a fixture."""
    with _span(f"fixture {fixturedef.argname}", request._pyfuncitem.nodeid):
        return (yield)


def pytest_configure(config: pytest.Config) -> None:
    """Begin with an empty folder."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(FOLDER, ignore_errors=True)


def pytest_sessionfinish() -> None:
    """Each process writes its own."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    _rows.append(("whole process", "", _now()))
    (FOLDER / f"{os.getpid()}.json").write_text(json.dumps(_rows))


def tell() -> None:
    """By phase and fixture, by file, and by test function."""
    rows = [row for path in sorted(FOLDER.glob("*.json")) for row in json.loads(path.read_text())]
    for title, key in (
        ("phase", lambda what, test: what),
        ("file", lambda what, test: test.partition("::")[0]),
        ("function", lambda what, test: test.partition("[")[0]),
    ):
        spent: Counter[str] = Counter()
        times: Counter[str] = Counter()
        for what, test, seconds in rows:
            spent[key(what, test)] += seconds
            times[key(what, test)] += what in ("call", key(what, test))
        print(f"\n{'CPU s':>8} {'times':>6}  {title}")
        for name, seconds in spent.most_common(SHOWN):
            if name:
                print(f"{seconds:8.2f} {times[name]:6}  {name}")


if __name__ == "__main__":
    tell()
