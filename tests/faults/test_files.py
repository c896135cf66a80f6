"""kill -9 of the real worker while it takes files in: each once, whole, and put away (uploads and folder)."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.edge.wire import wait
from tests.faults.journal import count, rows
from tests.faults.measure import FULL, seconds, seed, tell, times
from tests.faults.town import Town
from tests.running import ROOT, Program
from toancanh.kernel.exchange.inbox.work import EVERY

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.xdist_group("files")]
FILES, LINES = 3, 40
"""Files put down before each kill, and readings of each."""
UPLOADED = 24_000
"""Readings of the upload: twelve parts."""
PARTS = "SELECT count(*) FROM exchange_part WHERE is_done"
TAKEN = "SELECT content FROM journal_entry WHERE action = 'exchange.inbox_taken'"
OPEN = "SELECT count(*) FROM exchange_import WHERE state != 'done'"
AWAY = "SELECT count(*) FROM exchange_arrival WHERE put_at IS NOT NULL"
BEGIN = 1_780_000_000
"""Of the times of readings, in seconds since 1970."""


def table(thing: str, first: int, lines: int) -> bytes:
    """A file of so many readings, one a second."""
    moments = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(BEGIN + first + n)) for n in range(lines))
    return ("t;s;v\n" + "".join(f"{at};{thing};{n % 90 / 10}\n" for n, at in enumerate(moments))).encode()


def arranged(town: Town, *files: Path) -> Program:
    """The worker, not started, of a town with a rule for its folder and these uploads confirmed."""
    town.variables = {"INBOX_SETTLED": "1"}
    worker = town.program("worker")
    env = {**worker.environment, "DJANGO_SETTINGS_MODULE": "toancanh.site.settings"}
    command = [sys.executable, "-m", "tests.faults.drawer", *map(str, files)]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return worker


def left(inbox: Path) -> list[str]:
    """Files that are neither taken nor put away."""
    found = (path.relative_to(inbox) for path in inbox.rglob("*") if path.is_file())
    return [str(path) for path in found if path.parts[0] not in ("done", ".inbox")]


def test_every_file_is_taken_in_exactly_once_however_the_worker_dies(town: Town, tmp_path: Path) -> None:
    kills, chosen = times(2, 30), seed()
    chance = random.Random(chosen)
    upload = tmp_path / "upload.csv"
    upload.write_bytes(table("t1", 0, UPLOADED))
    worker = arranged(town, upload)
    city, inbox = town.folder / "city.db", town.folder / "inbox"
    inbox.mkdir(exist_ok=True)
    put, cut_off = 0, 0
    for number in range(kills):
        for _ in range(FILES):
            (inbox / f".{put}").write_bytes(table("t2", put * LINES, LINES) + b"x;t2;1\n")
            (inbox / f".{put}").rename(inbox / f"số đo {put}.csv")
            put += 1
        worker.start()
        if number == 0:
            assert wait(lambda: count(city, PARTS) > 0, 60)
        else:
            # From before the first look until all is put away.
            time.sleep(chance.uniform(0.0, EVERY + 2.5))
        worker.kill()
        cut_off += 0 < count(city, PARTS) < UPLOADED // 2_000
    assert cut_off, "the upload was through before the first kill"
    worker.start()
    began = time.monotonic()
    assert wait(lambda: not left(inbox), 60), left(inbox)
    assert wait(lambda: not count(city, OPEN), 60), rows(city, "SELECT id, state, fault FROM exchange_import")
    assert wait(lambda: count(city, AWAY) == put, 30)
    back = time.monotonic() - began
    taken = Counter(content for (content,) in rows(city, TAKEN))
    assert (len(taken), sum(taken.values())) == (put, put)
    sums = "SELECT door, count(*), sum(new), sum(same), sum(refused) FROM exchange_import GROUP BY door"
    assert rows(city, sums) == [("folder", put, put * LINES, 0, put), ("sheet", 1, UPLOADED, 0, 0)]
    names = Counter(path.name.partition(" ")[2] for path in (inbox / "done").iterdir())
    assert names == Counter(
        f"số đo {n}.csv{more}" for n in range(put) for more in ("", ".dong-bi-tu-choi.csv")
    )
    town.end()
    store, ids = town.store(), town.series()
    for thing, wanted in (("t1", UPLOADED), ("t2", put * LINES)):
        found = list(store.range(ids[thing], 0, 2**62, limit=UPLOADED + 1))
        assert len(found) == wanted
    assert list((inbox / ".taking").iterdir()) == []
    assert back < seconds(30, 90)
    tell(
        "kill worker with files",
        seed=chosen,
        kills=kills,
        files=put,
        cut_off=cut_off,
        lost=0,
        twice=0,
        back=back,
    )


@pytest.mark.strace
@pytest.mark.parametrize("when", [1, 2] if FULL else [2], ids=str)
def test_killed_at_the_very_step(town: Town, tmp_path: Path, when: int) -> None:
    """Killed as it renames the file: the first time to take it aside, the second to put it away."""
    worker = arranged(town)
    city, inbox, trace = town.folder / "city.db", town.folder / "inbox", tmp_path / "trace"
    worker.start()
    assert worker.process is not None
    calls = "rename,renameat,renameat2"
    command = ["strace", "-f", "-p", str(worker.process.pid), "-o", str(trace), "-e", f"trace={calls}"]
    command += ["-e", f"inject={calls}:signal=KILL:when={when}"]
    on = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        assert on.stderr is not None
        assert b"attached" in on.stderr.readline()
        inbox.mkdir(exist_ok=True)
        (inbox / ".a").write_bytes(table("t2", 0, LINES))
        (inbox / ".a").rename(inbox / "a.csv")
        worker.process.wait(timeout=60)
    finally:
        on.kill()
        on.wait()
    assert "KILL" in trace.read_text()
    [left_at] = list(inbox.rglob("*a.csv"))
    assert count(city, "SELECT count(*) FROM exchange_import") == when - 1
    assert when == 1 or ".taking" in left_at.parts
    worker.start()
    assert wait(lambda: count(city, AWAY) == 1, 60)
    sums = "SELECT count(*), sum(new), sum(same) FROM exchange_import"
    assert rows(city, sums) == [(1, LINES, 0)]
    assert [path.name.partition(" ")[2] for path in (inbox / "done").iterdir()] == ["a.csv"]
    assert list((inbox / ".taking").iterdir()) == []
