"""Roles are killed while 20 gauges cross a line and 5 warnings go out: none lost, none twice by key."""

from __future__ import annotations

import http.client
import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from tests.faults.desk import Desk
from tests.faults.journal import WAITING
from tests.faults.judges import LINE
from tests.faults.measure import seed, tell, times, whole
from tests.faults.officer import Officer
from tests.faults.running import post
from tests.faults.town import GATEWAY, LEADER, OFFICER, Town
from tests.faults.townsfolk import HEADLINE, Folk, Received, arrange, receipts_told, receiving, run, variables
from tests.running import SLOWER

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.xdist_group("kill warnings")]
APART = ("ingest", "web", "worker", "worker#2")
ALERTS, WARNINGS = 20, 5
KIM_LONG, HUONG_AN = "19774", "19804"
FOLK = Folk((KIM_LONG, HUONG_AN), browsers=150, heads=20)
STUCK = 150.0 * SLOWER
"""Seconds without anything new after which it counts as lost: longer than every lease."""
OPENED = """SELECT t.code, count(DISTINCT a.id), count(e.id)
    FROM alerts_alert a JOIN registry_thing t ON t.id = a.thing_id
    LEFT JOIN journal_entry e ON e.action = 'alerts.opened' AND e.subject = 'alert:' || a.id
    WHERE a.key = 'flood.level' GROUP BY t.code"""
"""Gauges that rang, how often, and how often the journal says so."""
ISSUED = "SELECT number FROM warnings_warning WHERE state = 'approved' ORDER BY number"
EVENTS = "SELECT count(*) FROM journal_event WHERE name = 'warnings.issued'"
STATES = "SELECT channel, state, count(*) FROM notify_delivery GROUP BY channel, state"
TALLIES = "SELECT channel, state, sum(n) FROM notify_tally WHERE n <> 0 GROUP BY channel, state"


@dataclass
class Killing:
    """Kills one role after the other; whatever else happens is spread over all of it."""

    town: Town
    turns: list[str]
    chance: random.Random
    kills: list[tuple[float, float]] = field(default_factory=list)
    """When each was sent its signal, and when it was gone."""
    slowest: float = 0.0

    def reached(self, share: float) -> None:
        """Wait until so much of it is over."""
        while len(self.kills) < share * len(self.turns):
            time.sleep(0.02)

    def run(self, received: Received, is_alive: Callable[[], bool]) -> None:
        """All of it; half of the kills as soon as a copy comes, in the middle of a hand-over."""
        for role in self.turns:
            if self.chance.random() < 0.5:
                self._until_told(received)
                time.sleep(self.chance.uniform(0, 0.1))
            else:
                time.sleep(self.chance.uniform(0.02, 1.0))
            if not is_alive():
                return
            program, begun = self.town.program(role), time.monotonic()
            program.kill()
            self.kills.append((begun, time.monotonic()))
            program.start()
            self.slowest = max(self.slowest, time.monotonic() - begun)

    def _until_told(self, received: Received) -> None:
        had, end = received.count, time.monotonic() + 1.5
        while received.count == had and time.monotonic() < end:
            time.sleep(0.002)


def cross(town: Town, port: int, killing: Killing) -> None:
    """The water crosses the line at one gauge after the other, each sent until it is acknowledged."""
    for number in range(1, ALERTS + 1):
        killing.reached((number - 1) / ALERTS)
        row: dict[str, object] = {"thing": f"t{number}", "series": "level", "value": LINE + 1}
        row["time"] = datetime.now(UTC).isoformat(timespec="milliseconds")
        while True:
            try:
                if post(port, [row], f"crossing-{number}", town.tokens[GATEWAY])[0] == 200:
                    break
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.05)


def units(number: int) -> tuple[str, ...]:
    """For whom the warning of that number is."""
    return ((KIM_LONG,), (HUONG_AN,), (KIM_LONG, HUONG_AN))[number % 3]


def warn(desk: Desk, killing: Killing) -> None:
    """Of every fourth alert a warning, while the killing goes on."""
    for number in range(1, WARNINGS + 1):
        alert = desk.alert(f"t{number * 4 - 3}")
        desk.acknowledge(alert)
        killing.reached((number - 0.5) / WARNINGS)
        desk.warn(number, units(number), alert)


def settled(town: Town, received: Received, wanted: set[tuple[str, int]]) -> dict[tuple[str, str], int]:
    """Copies by channel and state, once everybody has every warning and every receipt is noted."""
    texts = sum(who.startswith("84") for who, _number in wanted)
    want = {("sms", "received"): texts, ("webpush", "handed"): len(wanted) - texts}
    left: object = None
    while True:
        found = {(channel, state): n for channel, state, n in town.ask(STATES)}
        missing = wanted - received.copies.keys()
        now = (len(missing), sorted(found.items()), town.ask(OPENED))
        if not missing and found == want and len(now[2]) == ALERTS:
            return found
        if now != left:
            left, end = now, time.monotonic() + STUCK
        assert time.monotonic() < end, f"lost {sorted(missing)[:5]}, {found}: {town.log[-3000:]}"
        time.sleep(0.3)


@pytest.mark.parametrize(
    ("where", "roles", "few", "many"),
    [
        pytest.param("town", ("",), 4, 50, id="sqlite-all-in-one"),
        pytest.param("town", APART[:3], 9, 150, id="sqlite-apart", marks=whole),
        pytest.param(
            "town_on_postgres", APART, 9, 150, id="postgresql-apart", marks=(pytest.mark.postgres, whole)
        ),
    ],
)
def test_alerts_and_warnings_reach_everybody_once(
    request: pytest.FixtureRequest, where: str, roles: tuple[str, ...], few: int, many: int
) -> None:
    chosen = seed()
    chance = random.Random(chosen)
    with receiving() as received:
        town: Town = request.getfixturevalue(where)
        town.variables = {**town.variables, **variables(received)}
        town.programs.clear()
        secret = arrange(town.program(roles[0]), received, FOLK)
        run(town.program(roles[0]), "tests.faults.judges", "line")
        programs = dict(zip(roles, town.start(*roles), strict=True))
        door, web = programs.get("ingest", programs.get("")), programs.get("web", programs.get(""))
        assert door is not None
        assert web is not None
        # Each kind as often as the others; of two workers now this one, now that one.
        kinds = list(dict.fromkeys(role.partition("#")[0] for role in roles))
        turns = [kinds[n % len(kinds)] for n in range(times(few, many))]
        chance.shuffle(turns)
        turns = [chance.choice([role for role in roles if role.partition("#")[0] == kind]) for kind in turns]
        killing = Killing(town, turns, chance)
        desk = Desk(town, Officer(web.url, *OFFICER), Officer(web.url, *LEADER))
        with receipts_told(received, web.port, secret, chance), ThreadPoolExecutor(2) as beside:
            going = [beside.submit(cross, town, door.port, killing), beside.submit(warn, desk, killing)]
            try:
                killing.run(
                    received, lambda: not any(one.done() and one.exception() is not None for one in going)
                )
            finally:
                # Nobody waits for kills that do not come.
                killing.turns = []
            for one in going:
                one.result()
            wanted = {(who, n) for n in range(1, WARNINGS + 1) for who in FOLK.of(units(n))}
            found = settled(town, received, wanted)
        page = Officer(web.url, *OFFICER).read("/warnings/")
        assert [n for n in range(1, WARNINGS + 1) if HEADLINE.format(n) not in page] == []
        assert [one for one in town.ask(OPENED) if tuple(one[1:]) != (1, 1)] == []
        assert [number[-4:] for (number,) in town.ask(ISSUED)] == [f"{n:04}" for n in range(1, WARNINGS + 1)]
        assert town.ask(EVENTS) == [(WARNINGS,)]
        assert Counter({(c, s): int(n) for c, s, n in town.ask(TALLIES)}) == found
        assert received.strange == []
        assert received.push.faults == []
        assert received.copies.keys() == wanted
        killed = [
            kill
            for kill, role in zip(killing.kills, turns, strict=True)
            if role in ("", "worker", "worker#2")
        ]
        assert received.unexplained(killed) == []
        end = time.monotonic() + STUCK
        while town.ask(WAITING) != [(0,)]:
            assert time.monotonic() < end, town.log[-3000:]
            time.sleep(0.3)
        town.end()
        web.do("journal", "verify")
    engine = "PostgreSQL" if town.where else "SQLite"
    tell(
        f"kill any role while people are warned ({engine}, {len(roles)} processes)",
        seed=chosen,
        kills=len(turns),
        alerts=ALERTS,
        warnings=WARNINGS,
        copies=len(wanted),
        lost=0,
        twice=0,
        second=received.second,
        back=killing.slowest,
    )
