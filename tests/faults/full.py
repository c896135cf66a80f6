"""`python -m tests.faults.full [PATHS]`: every fault as often as the bars ask, into docs/reliability.md.

Takes about an hour on two cores that nobody else uses; there the bars themselves are asserted. With SHARED=1
the machine may be used by others: the counts are whole, the seconds are told and not judged.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.running import ROOT

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- counts: written by python -m tests.faults.full -->", "<!-- end of counts -->"
WORDS = {
    "kept": "acknowledged readings compared",
    "back": "slowest return (s)",
    "silence": "longest silence at the door (s)",
    "told": "told",
    "alarm": "told to officers after (s)",
    "resumes": "slowest return (s)",
    "slowest": "slowest good answer (s)",
    "without": "acknowledged by the broker alone",
    "unreceived": "lost of these",
    "named": "named as gaps",
    "late": "named after (s)",
    "second": "second copies, under the same key and after a kill",
    "knocks": "knocks in 40 minutes of 503",
    "minutes": "told after (minutes)",
    "expired": "run out meanwhile and not sent",
    "longest_wait_in_slices": "longest wait of a writer (transactions of 50 alerts)",
    "turns": "turns of that writer",
    "page p99": "officer's page p99 (s)",
}


def shown(name: str, value: object) -> str:
    """One figure in words."""
    text = f"{value:.2f}" if isinstance(value, float) else str(value)
    text = f"{value:,}" if isinstance(value, int) and name != "seed" else text
    return f"{WORDS.get(name, name)} {text}"


def table(records: Iterable[Mapping[str, Any]], how: str) -> str:
    """The counts of a run as a table of Markdown."""
    lines = [f"Last run: {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, {how}.", ""]
    lines += ["| fault | seed | counted |", "| --- | --- | --- |"]
    for record in records:
        counts = dict(record["counts"])
        seed = counts.pop("seed", "")
        told = ", ".join(shown(name, value) for name, value in counts.items())
        lines.append(f"| {record['fault']} | {seed} | {told} |")
    return "\n".join(lines)


def write(text: str) -> None:
    """Put the table between its marks."""
    page = PAGE.read_text()
    before, rest = page.split(BEGIN, 1)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END, 1)[1]}")


def main() -> int:
    chosen = sys.argv[1:] or ["tests/faults"]
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record"
        env = {**os.environ, "FAULTS_RECORD": str(record), "FAULTS": os.environ.get("FAULTS", "full")}
        command = [sys.executable, "-m", "pytest", "-v", "-s", "-p", "no:cacheprovider", "-m", "faults"]
        done = subprocess.run([*command, "--timeout", "3600", *chosen], cwd=ROOT, env=env)
        records = [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []
    if done.returncode == 0 and len(sys.argv) == 1:
        full = env["FAULTS"] == "full"
        shared = " that others used too, so that seconds are longer" if env.get("SHARED") else ""
        write(table(records, f"{os.cpu_count()} cores{shared}, {'whole' if full else 'short'} counts"))
        print(f"Written: {PAGE}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
