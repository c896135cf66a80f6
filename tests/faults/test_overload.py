"""More than the program can take, at both doors: refused in words, never kept and dropped (bar 11)."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tests.edge.wire import memory_mb
from tests.faults.ledger import compare
from tests.faults.measure import FULL, seconds, seed, tell
from tests.faults.officer import Officer
from tests.faults.senders import SECOND, gather, rfc3339
from tests.faults.town import GATEWAY, OFFICER, Town, flowing, sending
from toancanh.kernel.runtime.clock import to_us

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.xdist_group("overload")]
LASTS = 60 if FULL else 5
CROWD = 60
"""Connections that each send the next post as soon as they have an answer, whatever it says."""
FIRST, THINGS, MOMENTS = 101, 100, 100
PAGE = seconds(1, 20)
MEMORY_MB = 512


class Crowd(threading.Thread):
    """Posts of 10,000 readings without a pause; a book of moments that were acknowledged."""

    def __init__(self, port: int, token: str, number: int) -> None:
        super().__init__(daemon=True)
        self.answers: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.acknowledged: list[int] = []
        self.is_ending = threading.Event()
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}"}
        # Each member has a day of its own.
        self._moment = to_us(datetime.now(UTC).replace(microsecond=0) - timedelta(days=10 + number))
        row = '{"thing":"t%d","series":"level","time":"@%d","value":%s}'
        numbers = range(FIRST, FIRST + THINGS)
        rows = [row % (n, moment, n / 8) for moment in range(MOMENTS) for n in numbers]
        self._form = "[" + ",".join(rows) + "]"

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        while not self.is_ending.is_set():
            moments = [self._moment + n * SECOND for n in range(MOMENTS)]
            self._moment += MOMENTS * SECOND
            body = self._form
            for n, moment in enumerate(moments):
                body = body.replace(f'"@{n}"', f'"{rfc3339(moment)}"')
            try:
                connection.request("POST", "/api/v1/observations", body, self._headers)
                answer = connection.getresponse()
                said = answer.read()
            except (OSError, http.client.HTTPException):
                self.answers["broken"] += 1
                connection.close()
                continue
            self.answers[str(answer.status)] += 1
            if answer.status == 200:
                if b'"rejected":[]' not in said:
                    self.wrong.append(said[:200].decode())
                self.acknowledged += moments
            elif not (answer.headers.get("Retry-After") or "").isdigit():
                self.wrong.append(f"{answer.status} without Retry-After")


def test_what_is_too_much_is_refused_in_words(town: Town) -> None:
    chosen = seed()
    [program] = town.start("")
    assert program.process is not None
    officer = Officer(program.url, *OFFICER)
    crowd = [Crowd(program.port, town.tokens[GATEWAY], number) for number in range(CROWD)]
    waits, most = [], 0.0
    with sending(town.senders(program.port, chosen, 1_000)) as senders:
        flowing(senders, 60)
        for member in crowd:
            member.start()
        end = time.monotonic() + LASTS
        while time.monotonic() < end:
            for path in ("/console/", "/console/things/t1/"):
                waits.append(officer.took(path))
            most = max(most, memory_mb(program.process.pid))
        for member in crowd:
            member.is_ending.set()
        for member in crowd:
            member.join(90)
            assert not member.is_alive()
        flowing(senders, 60)
        ledgers = gather(senders)
    answers = sum((member.answers for member in crowd), Counter())
    assert [wrong for member in crowd for wrong in member.wrong] == []
    assert set(answers) <= {"200", "429", "503"}, answers
    assert set().union(*(sender.refused for sender in senders)) <= {"429", "503"}
    assert answers["503"], "this was not too much"
    slowest = sorted(waits)[max(0, round(len(waits) * 0.99) - 1)]
    assert slowest < PAGE
    assert most < MEMORY_MB
    town.end()
    store, series = town.store(), town.series()
    kept = compare(ledgers, store, series)
    acknowledged = {moment for member in crowd for moment in member.acknowledged}
    for number in range(FIRST, FIRST + THINGS):
        found = store.range(series[f"t{number}"], 0, 2**62, limit=10_000_000)
        values = {reading.time: reading.value for reading in found}
        assert len(values) == len(found), "a reading is there twice"
        lost = [moment for moment in acknowledged if values.get(moment) != number / 8]
        assert lost == [], f"t{number} lost {len(lost)} acknowledged readings"
    kept += len(acknowledged) * THINGS
    told = {"memory": f"{most:.0f} MB", "page p99": slowest, "refused": answers["503"] + answers["429"]}
    tell("overload", seed=chosen, seconds=LASTS, kept=kept, lost=0, **told)
