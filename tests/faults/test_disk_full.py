"""A full disk: nothing is lost, pages are read on, and it works again when there is room (bar 6)."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.edge.wire import ask, wait
from tests.faults.ledger import compare
from tests.faults.measure import FULL, seconds, seed, tell
from tests.faults.officer import Officer, alarms, told
from tests.faults.senders import HttpSender, MqttSender, gather
from tests.faults.town import OFFICER, Town, copied, flowing, sending
from toancanh.kernel.runtime import disks

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.root, pytest.mark.xdist_group("disk full")]
RESUMES = seconds(10, 45)
TOLD = 60
PAGES = ("/", "/map/", "/things/t1/", "/api/v1/things", "/layers/flood.gauges.json", "/healthz")
STAFF = ("/console/", "/console/things/", "/console/things/t1/")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """64 MB that only this test fills."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], check=True, timeout=30)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=30)


@pytest.fixture
def town(small_disk: Path, template: Path) -> Iterator[Town]:
    """A town whose data lies on that disk."""
    made = copied(template, small_disk / "town")
    yield made
    made.end()


def fill(ballast: Path, share: float = 1.1) -> None:
    """Take what is left of the disk up to a share of it; every byte unless told otherwise."""
    block = b"\0" * 4096
    with ballast.open("ab", buffering=0) as file:
        try:
            while disks.of(ballast).used < share and file.write(block):
                pass
        except OSError:
            return


def turned_away(senders: list[HttpSender]) -> bool:
    """Whether each of them is soon told that the disk is full."""
    before = [sender.refused["507"] for sender in senders]
    pairs = list(zip(senders, before, strict=True))
    return wait(lambda: all(sender.refused["507"] > count for sender, count in pairs), 30)


def test_full_disk_is_said_and_outlived(town: Town, small_disk: Path) -> None:
    chosen, ballast = seed(), small_disk / "ballast"
    [program] = town.start("")
    officer = Officer(program.url, *OFFICER)
    slowest = 0.0
    with sending(town.senders(program.port, chosen)) as senders:
        http = [sender for sender in senders if isinstance(sender, HttpSender)]
        mqtt = [sender for sender in senders if isinstance(sender, MqttSender)]
        for _ in range(5 if FULL else 2):
            flowing(senders, 30)
            fill(ballast)
            assert turned_away(http)
            # What was on its way when the last byte went may still have found a place.
            before = [sender.ledger.count for sender in senders]
            time.sleep(3)
            assert [sender.ledger.count for sender in senders] == before
            assert {path: ask(program.port, path).status for path in PAGES} == dict.fromkeys(PAGES, 200)
            assert {path: officer.status(path) for path in STAFF} == dict.fromkeys(STAFF, 200)
            assert all(sender.broken for sender in mqtt)
            assert wait(partial(told, officer, "disk_full"), TOLD)
            ballast.unlink()
            slowest = max(slowest, flowing(senders, RESUMES))
        ledgers = gather(senders)
        # Nobody sends any more: what is kept would fill the rest within seconds.
        if FULL:
            for share, code in ((0.86, "disk_low"), (0.96, "disk_full")):
                fill(ballast, share)
                assert wait(partial(told, officer, code), TOLD)
            ballast.unlink()
            assert wait(lambda: not {"disk_low", "disk_full", "not_kept"} & alarms(officer), TOLD)
    assert {reason for sender in senders for reason in sender.refused} <= {"507", "503"}
    town.end()
    kept = compare(ledgers, town.store(), town.series())
    tell("disk full", seed=chosen, fills=5 if FULL else 2, kept=kept, lost=0, resumes=slowest)
