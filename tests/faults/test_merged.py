"""A warning to a commune that merged yesterday, from the approval to the telephones of both its parts."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest

from tests.city import PASSWORD
from tests.edge.wire import wait
from tests.faults.desk import Desk
from tests.faults.measure import seed, tell, whole
from tests.faults.officer import Officer
from tests.faults.town import Town
from tests.faults.townsfolk import Folk, arrange, receipts_told, receiving, run, variables
from tests.postgres import shared_cluster
from tests.running import SLOWER, lay_out

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.xdist_group("merged")]
WEST, EAST, NEW = "90001", "90002", "90009"
FOLK = Folk((WEST, EAST), browsers=20, heads=5)
LATER = f"/ok/{2 * FOLK.browsers}"
"""The browser that asked for the new commune after the merger."""
PATIENCE = 240.0 * SLOWER
CONFIRMED = """SELECT u.code, count(*) FROM contacts_told t JOIN territory_unit u ON u.id = t.unit_id
    WHERE t.confirmed_at IS NOT NULL GROUP BY u.code"""
BOTH = ["", pytest.param("postgres", marks=(pytest.mark.postgres, whole))]


@pytest.mark.parametrize("engine", BOTH, ids=["sqlite", "postgresql"])
def test_both_parts_are_told_and_confirm(tmp_path: Path, engine: str) -> None:
    chance = random.Random(chosen := seed())
    town = Town(tmp_path, where=shared_cluster().fresh() if engine else "")
    with receiving() as received:
        town.variables = variables(received)
        program = town.program("")
        program.variables["PUBLIC_URL"] = program.url
        lay_out(program)
        run(program, "tests.faults.merging", "people")
        secret = arrange(program, received, FOLK)
        try:
            program.start()
            desk = Desk(
                town, Officer(program.url, "truc", PASSWORD), Officer(program.url, "lanhdao", PASSWORD)
            )
            desk.draft(1, [WEST])
            run(program, "tests.faults.merging", "merge", str(received.push.port), str(2 * FOLK.browsers))
            with receipts_told(received, program.port, secret, chance):
                # What waits names a commune that is none any more; the second one names the new one.
                desk.approve(1)
                desk.draft(2, [NEW])
                desk.approve(2)
                wanted = {(who, n) for n in (1, 2) for who in FOLK.of((WEST, EAST)) | {LATER}}
                end = time.monotonic() + PATIENCE
                while received.copies.keys() != wanted:
                    assert time.monotonic() < end, (wanted ^ received.copies.keys(), town.log[-2000:])
                    time.sleep(0.1)
                texts = [one["text"] for one in received.sms.texts.values()]
                links = [re.search(rf"{program.url}(/r/\w{{26}}/)", text) for text in texts]
                for link in links:
                    assert link is not None, texts
                    assert desk.officer.post(link[1]) == 302
                assert wait(lambda: town.ask(CONFIRMED) == [(NEW, len(texts))], 60), town.ask(CONFIRMED)
            formers = "Phường Hương Thọ (gồm Phường Dương Nỗ trước sắp xếp)"
            shown = [text for text in texts if "số 1" in text]
            assert len(shown) == 2 * FOLK.heads
            assert all("Phường Hương Thọ" in text for text in texts)
            numbers = [number for (number,) in town.ask("SELECT number FROM warnings_warning ORDER BY id")]
            public = f"/warnings/{numbers[0]}/"
            assert wait(lambda: formers in desk.officer.read(public), 60)
        finally:
            town.end()
    assert received.unexplained([]) == []
    assert received.second == 0
    assert received.strange == []
    assert received.push.faults == []
    tell(
        f"a commune merged yesterday ({'PostgreSQL' if engine else 'SQLite'})",
        seed=chosen,
        warnings=2,
        copies=len(wanted),
        confirmed=len(texts),
        lost=0,
        twice=0,
    )
