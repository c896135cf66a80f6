"""A disk that fails to sync: what could not be made durable is never acknowledged (reliability bar 7)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.edge.wire import ask, wait
from tests.faults.ledger import compare
from tests.faults.measure import FULL, seed, tell
from tests.faults.officer import Officer
from tests.faults.senders import gather
from tests.faults.town import OFFICER, Town, acknowledged, flowing, sending

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.strace,
    pytest.mark.xdist_group("fsync"),
]
SYNCS = "fdatasync,fsync"


def under(trace: Path, when: str) -> tuple[str, ...]:
    """strace that lets some of each thread's syncs fail, and writes all of them down."""
    return (
        *("strace", "-f", "--seccomp-bpf", "-y", "-o", str(trace), "-e", f"trace={SYNCS}"),
        *("-e", f"inject={SYNCS}:error=EIO:when={when}"),
    )


def failed(trace: Path) -> list[str]:
    """The syncs of the measurements that were made to fail."""
    lines = trace.read_text().splitlines()
    return [line for line in lines if "INJECTED" in line and "telemetry.db" in line]


def test_no_yes_for_a_commit_that_failed(town: Town, tmp_path: Path) -> None:
    chosen, trace = seed(), tmp_path / "trace"
    door = town.program("ingest")
    door.under = under(trace, "20+50")
    door.start()
    with sending(town.senders(door.port, chosen)) as senders:
        flowing(senders, 30)
        wanted = 20 if FULL else 3
        assert wait(lambda: len(failed(trace)) >= wanted, 120), "no sync failed"
        flowing(senders, 30)
        ledgers = gather(senders)
    # MQTT says it by a goodbye: paho connects anew and sends again.
    refused = sum(sender.refused.total() + sender.broken for sender in senders)
    assert {status for sender in senders for status in sender.refused} <= {"503"}
    assert refused >= len(failed(trace))
    door.end()
    kept = compare(ledgers, town.store(), town.series())
    tell("fsync fails", seed=chosen, failed=len(failed(trace)), refused=refused, kept=kept, lost=0)


def test_disk_that_never_syncs_is_said_and_left_alone(town: Town, tmp_path: Path) -> None:
    """After three failures in a row nothing is taken, the disk is tried once a second, officers are told."""
    chosen, trace = seed(), tmp_path / "trace"
    door = town.program("ingest")
    door.under = under(trace, "60+")
    _, web = town.start("ingest", "web")
    officer = Officer(web.url, *OFFICER)
    with sending(town.senders(door.port, chosen)) as senders:
        assert wait(lambda: len(failed(trace)) >= 4, 60)
        time.sleep(1)
        before, tried, began = acknowledged(senders), len(failed(trace)), time.monotonic()
        assert wait(lambda: 'data-key="not_kept"' in officer.read("/console/alarms"), 60)
        said = time.monotonic() - began
        time.sleep(max(0.0, 5 - said))
        assert acknowledged(senders) == before
        # One commit syncs the log of its file once or twice.
        assert len(failed(trace)) - tried <= 3 * (time.monotonic() - began) + 3
        assert ask(web.port, "/").status == 200
        door.end()
        door.under = ()
        door.start()
        flowing(senders, 60)
        ledgers = gather(senders)
    town.end()
    kept = compare(ledgers, town.store(), town.series())
    tell("fsync never works", seed=chosen, alarm=said, kept=kept, lost=0)
