"""While alerts ring a station is renamed, a rule changed, two answer at once, a gauge flaps on its line."""

from __future__ import annotations

import http.client
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from tests.edge.wire import wait
from tests.faults.desk import Desk
from tests.faults.judges import LINE
from tests.faults.measure import FULL, seed, tell, whole
from tests.faults.officer import Officer
from tests.faults.running import post
from tests.faults.town import GATEWAY, LEADER, OFFICER, Town
from tests.faults.townsfolk import run
from tests.running import SLOWER, Program

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.xdist_group("while ringing")]
FLAPS, RENAMED, CHANGED, *ASKING = (f"t{n}" for n in range(1, 9))
SECOND = ("chutich", "mat-khau-cua-chu-tich-2026")
WARNINGS = 3
KIM_LONG = "19774"
STORY = """SELECT t.code, a.id, a.severity, a.state, c.what, c.severity FROM alerts_alert a
    JOIN registry_thing t ON t.id = a.thing_id JOIN alerts_chapter c ON c.alert_id = a.id
    WHERE a.key = 'flood.level' ORDER BY c.id"""
ISSUED = "SELECT count(*) FROM journal_event WHERE name = 'warnings.issued'"
NUMBERS = "SELECT number FROM warnings_warning ORDER BY number"
PATIENCE = 120.0 * SLOWER


def send(door: Program, town: Town, things: list[str], value: float, at: datetime | None = None) -> None:
    """These gauges measured that; sent until it is acknowledged."""
    moment = (at or datetime.now(UTC)).isoformat(timespec="milliseconds")
    rows: list[dict[str, object]] = [
        {"thing": one, "series": "level", "value": value, "time": moment} for one in things
    ]
    end = time.monotonic() + PATIENCE
    while True:
        try:
            if post(door.port, rows, token=town.tokens[GATEWAY])[0] == 200:
                return
        except (OSError, http.client.HTTPException):
            assert time.monotonic() < end, town.log[-3000:]
        time.sleep(0.1)


def story(town: Town, thing: str) -> list[tuple[str, int]]:
    """What happened to the alerts of a gauge, with the severity at that time."""
    return [(what, then) for code, _pk, _now, _state, what, then in town.ask(STORY) if code == thing]


def at_once(pair: tuple[Officer, Officer], path: str, **said: str) -> list[int]:
    """Both look at a page and then press the same button in the same moment; what they are answered."""
    start = Barrier(2)
    with ThreadPoolExecutor(2) as both:
        going = [both.submit(one.post, path, pause=lambda: start.wait(60), **said) for one in pair]
        return sorted(one.result() for one in going)


def moments() -> Iterator[datetime]:
    """Ten minutes of readings: as they come in a whole run, else those of the last ten minutes at once."""
    if FULL:
        end = time.monotonic() + 600
        while time.monotonic() < end:
            yield datetime.now(UTC)
            time.sleep(1)
    else:
        now = datetime.now(UTC)
        yield from (now - timedelta(seconds=600 - 5 * n) for n in range(121))


def flap(door: Program, judge: Program, town: Town, chance: random.Random) -> tuple[int, int]:
    """The water stands on the line for ten minutes, who judges is killed now and then; readings and kills."""
    count = kills = 0
    for count, at in enumerate(moments(), 1):
        send(door, town, [FLAPS], LINE + (0.03 if count % 2 else -0.03), at)
        if chance.random() < (0.02 if FULL else 0.015):
            judge.kill()
            judge.start()
            kills += 1
    return count, kills


@pytest.mark.parametrize(
    ("where", "roles"),
    [
        pytest.param("town", ("",), id="sqlite"),
        pytest.param(
            "town_on_postgres",
            ("ingest", "web", "worker"),
            id="postgresql",
            marks=(pytest.mark.postgres, whole),
        ),
    ],
)
def test_one_alert_and_one_answer(request: pytest.FixtureRequest, where: str, roles: tuple[str, ...]) -> None:
    chance = random.Random(chosen := seed())
    town: Town = request.getfixturevalue(where)
    door, web, judge = (programs := town.start(*roles))[0], programs[len(roles) // 2], programs[-1]
    web.do("person", "create", SECOND[0], "--leader", "--name", "Phan Văn Hai", "--password", SECOND[1])
    run(web, "tests.faults.judges", "line")
    officer, leader, second = (Officer(web.url, *one) for one in (OFFICER, LEADER, SECOND))
    desk = Desk(town, officer, leader)

    # Renamed and changed while they ring: the alerts go on as they are.
    send(door, town, [RENAMED, CHANGED, *ASKING], LINE + 1)
    alerts = {thing: desk.alert(thing) for thing in (RENAMED, CHANGED, *ASKING)}
    run(web, "tests.faults.judges", "rename", RENAMED, "Trạm Bao Vinh mới")
    run(web, "tests.faults.judges", "change", CHANGED, "3")
    send(door, town, [RENAMED, CHANGED], LINE + 2)
    assert wait(lambda: story(town, CHANGED) == [("opened", 2), ("raised", 3)], PATIENCE), story(
        town, CHANGED
    )
    assert wait(lambda: "Trạm Bao Vinh mới" in officer.read(f"/console/alerts/{alerts[RENAMED]}/"), PATIENCE)
    assert story(town, RENAMED) == [("opened", 2)]

    # Two officers at once: one has done it, the other is told so.
    for thing in ASKING:
        page = f"/console/alerts/{alerts[thing]}/"
        assert at_once((officer, second), page, do="acknowledge") == [302, 422]
        assert story(town, thing) == [("opened", 2), ("acknowledged", 2)]
    for number in range(1, WARNINGS + 1):
        desk.draft(number, [KIM_LONG])
        page, version = desk.page(number), str(desk.there(number)[2])
        assert at_once((leader, second), page, do="approve", version=version) == [302, 422]
        assert town.ask(ISSUED) == [(number,)]
    assert [number[-4:] for (number,) in town.ask(NUMBERS)] == [f"{n + 1:04}" for n in range(WARNINGS)]

    readings, kills = flap(door, judge, town, chance)
    # The last reading is judged once one that comes after it is.
    send(door, town, ["t9"], LINE + 1)
    desk.alert("t9")
    assert story(town, FLAPS) == [("opened", 2)]
    town.end()
    tell(
        f"officers and a flapping gauge ({'PostgreSQL' if town.where else 'SQLite'})",
        seed=chosen,
        acknowledged=len(ASKING),
        warnings=WARNINGS,
        readings=readings,
        kills=kills,
        lost=0,
        twice=0,
    )
