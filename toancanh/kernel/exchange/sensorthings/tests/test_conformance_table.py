"""docs/api/sensorthings-conformance.md says what the root document says, and names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

from toancanh.kernel.exchange.sensorthings.root import CONFORMANCE, OVER_MQTT

ROOT = Path(__file__).parents[5]
ROW = re.compile(r"^\| `([a-z/-]+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
NAME = re.compile(r"`(test_\w+)`")


def test_table_of_requirements_is_true() -> None:
    rows = ROW.findall((ROOT / "docs/api/sensorthings-conformance.md").read_text(encoding="utf-8"))
    spec = CONFORMANCE[0].removesuffix("datamodel")
    met = {f"{spec}{name}" for name, state, _tests in rows if state.startswith("met")}
    assert met == {*CONFORMANCE, *OVER_MQTT}
    sources = [*Path(__file__).parent.glob("test_*.py"), ROOT / "tests/journeys/test_sensorthings_clients.py"]
    there = set(re.findall(r"^def (test_\w+)", "\n".join(one.read_text() for one in sources), re.MULTILINE))
    for name, state, told in rows:
        named = set(NAME.findall(told))
        assert named <= there, (name, named - there)
        assert bool(named) is state.startswith("met"), name
