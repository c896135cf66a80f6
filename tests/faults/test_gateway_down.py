"""The SMS gateway is down for an hour: nothing is lost, nothing comes twice, and it is left in peace.

The worker lives by a clock that is put forward (libfaketime), minute by minute, so that its own back-off and
the warnings' own ends are what is tried. With REAL=1 the hour is waited for.
"""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.faults.measure import seed, tell, whole
from tests.faults.test_clock import Clock
from tests.faults.town import Town
from tests.faults.townsfolk import HEADLINE, Folk, Received, arrange, run, variables
from tests.peers.gateway import Gateway
from tests.peers.push import push_service
from tests.peers.web import Said, web
from tests.ports import free_port
from tests.postgres import shared_cluster
from tests.running import SLOWER, Program, lay_out
from tests.warned import tell as warn

pytestmark = [
    pytest.mark.slow,
    pytest.mark.faults,
    pytest.mark.faketime,
    pytest.mark.xdist_group("gateway down"),
    whole,
]
REAL = bool(os.environ.get("REAL"))
FOLK = Folk(("90001",), browsers=0, heads=40)
NOBODY, BROKEN = 20, 40
"""Minutes for which nobody listens, and for which it answers that it is broken."""
MOST_KNOCKS = 12
"""In the minutes in which it is broken: one each five minutes, and a little more at first."""
SHORT, LONG = "contacts.notice:1", "contacts.notice:2"
"""The message of the warning that runs out meanwhile, and of the one that holds for hours."""
STATES = """SELECT n.key, d.state, count(*) FROM notify_delivery d JOIN notify_notice n ON n.id = d.notice_id
    WHERE d.channel = 'sms' GROUP BY n.key, d.state"""
BOTH = ["", pytest.param("postgres", marks=pytest.mark.postgres)]


class Hour:
    """Minutes of the program's time, by the clock put forward or by waiting."""

    def __init__(self, folder: Path) -> None:
        self._clock = None if REAL else Clock(folder)
        self.variables = {} if self._clock is None else self._clock.variables
        self.minutes = 0

    def passes(self, minutes: int) -> None:
        """So many more, one after the other; after each the worker has time to look."""
        for _ in range(minutes):
            self.minutes += 1
            if self._clock is None:
                time.sleep(60)
            else:
                self._clock.jump(timedelta(minutes=self.minutes))
                time.sleep(1.5 * SLOWER)


def states(town: Town) -> dict[str, dict[str, int]]:
    """What became of the texts of each warning, by the key of its message."""
    found: dict[str, dict[str, int]] = {SHORT: {}, LONG: {}}
    for key, state, n in town.ask(STATES):
        found[key][state] = n
    return found


@pytest.mark.parametrize("engine", BOTH, ids=["sqlite", "postgresql"])
def test_an_hour_without_a_gateway(tmp_path: Path, engine: str) -> None:
    chosen, hour = seed(), Hour(tmp_path)
    with push_service() as push:
        received = Received(push, Gateway(free_port()))
        said = {**variables(received), **({"DATABASE_URL": shared_cluster().fresh()} if engine else {})}
        program, town = Program(tmp_path, variables=said), Town(tmp_path, said.get("DATABASE_URL", ""))
        worker = Program(tmp_path, role="worker", variables={**said, **hour.variables})
        lay_out(program)
        run(program, "tests.faults.teller", "prepare", str(push.port), "0")
        arrange(program, received, FOLK)
        warn(program, HEADLINE.format(1), "90001", hours=0.5)
        warn(program, HEADLINE.format(2), "90001", hours=3)
        wanted = {(who, 2) for who in FOLK.of(FOLK.units)}
        try:
            worker.start()
            hour.passes(NOBODY)
            received.sms.how = lambda _text: Said(status=503)
            with web(lambda asked: received.sms.answer(asked), received.sms.port):
                hour.passes(BROKEN // 2)
                # Who comes back does not knock anew: that it is down stands in the store.
                worker.kill()
                worker.start()
                hour.passes(BROKEN - BROKEN // 2)
                knocks = received.sms.asked
                assert received.copies == {}
                assert states(town) == {SHORT: {"expired": FOLK.heads}, LONG: {"waiting": FOLK.heads}}
                received.sms.how = lambda _text: None
                again = hour.minutes
                while received.copies.keys() != wanted:
                    assert hour.minutes < again + 10, (states(town), town.log)
                    hour.passes(1)
                end = time.monotonic() + 120
                while (found := states(town))[LONG] != {"handed": FOLK.heads}:
                    assert time.monotonic() < end, found
                    time.sleep(1)
        finally:
            worker.end()
    assert found[SHORT] == {"expired": FOLK.heads}
    assert 4 <= knocks <= MOST_KNOCKS
    assert received.copies.keys() == wanted
    assert received.second == 0
    assert received.strange == []
    tell(
        f"gateway down for an hour{' of real time' if REAL else ''} ({'PostgreSQL' if engine else 'SQLite'})",
        seed=chosen,
        texts=len(wanted),
        lost=0,
        twice=0,
        expired=FOLK.heads,
        knocks=knocks,
        minutes=hour.minutes - NOBODY - BROKEN,
    )
