"""A disk that fails to sync: what could not be made durable is never acknowledged (reliability bar 7)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.edge.wire import wait
from tests.faults.ledger import compare
from tests.faults.measure import FULL, seed, tell
from tests.faults.senders import gather
from tests.faults.town import Town, flowing, sending

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.xdist_group("fsync")]
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
