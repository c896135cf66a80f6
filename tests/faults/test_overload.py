"""More than the program can take, at both doors: refused in words, never kept and dropped (bar 11)."""

from __future__ import annotations

import time

import pytest

from tests.edge.wire import memory_mb
from tests.faults.crowd import FIRST, THINGS, pressing
from tests.faults.ledger import compare
from tests.faults.measure import FULL, seconds, seed, tell
from tests.faults.officer import Officer
from tests.faults.senders import gather
from tests.faults.town import GATEWAY, OFFICER, Town, flowing, sending

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.xdist_group("overload")]
LASTS = 60 if FULL else 5
CROWD = 60
"""Connections without a pause: measured to be more than five times what is taken."""
PAGE = seconds(1, 20)
MEMORY_MB = 512


def test_what_is_too_much_is_refused_in_words(town: Town) -> None:
    chosen = seed()
    [program] = town.start("")
    assert program.process is not None
    officer = Officer(program.url, *OFFICER)
    waits, most = [], 0.0
    with sending(town.senders(program.port, chosen, 1_000)) as senders:
        flowing(senders, 60)
        with pressing(program.port, town.tokens[GATEWAY], CROWD) as crowd:
            end = time.monotonic() + LASTS
            while time.monotonic() < end:
                for path in ("/console/", "/console/things/t1/"):
                    waits.append(officer.took(path))
                most = max(most, memory_mb(program.process.pid))
        flowing(senders, 60)
        ledgers = gather(senders)
    answers = crowd.answers
    assert crowd.wrong == []
    assert set(answers) <= {"200", "429", "503"}, answers
    assert set().union(*(sender.refused for sender in senders)) <= {"429", "503"}
    assert answers["503"], "this was not too much"
    slowest = sorted(waits)[max(0, round(len(waits) * 0.99) - 1)]
    assert slowest < PAGE
    assert most < MEMORY_MB
    town.end()
    store, series = town.store(), town.series()
    kept = compare(ledgers, store, series)
    acknowledged = set(crowd.acknowledged)
    for number in range(FIRST, FIRST + THINGS):
        found = store.range(series[f"t{number}"], 0, 2**62, limit=10_000_000)
        values = {reading.time: reading.value for reading in found}
        assert len(values) == len(found), "a reading is there twice"
        lost = [moment for moment in acknowledged if values.get(moment) != number / 8]
        assert lost == [], f"t{number} lost {len(lost)} acknowledged readings"
    kept += len(acknowledged) * THINGS
    middle = sorted(waits)[len(waits) // 2]
    told = {"memory": f"{most:.0f} MB", "page p50": round(middle, 3), "page p99": round(slowest, 3)}
    told["refused"] = answers["503"] + answers["429"]
    tell("overload", seed=chosen, seconds=LASTS, kept=kept, lost=0, **told)
