"""Writes docs/benchmarks.md: what was measured here, what is required, and what others reached."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figure import Figure
from tests.running import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"

SOAK = (
    "## An hour at 500 observations/s: 300 MQTT messages of one, 4 posts of 50; 5 streams, a page every 10 s"
)

# Measured once on the same kind of machine for the study of the engines; not part of this run.
PEERS = """## Others

Measured once for our study of the engines, on a machine of the same kind (2 cores, PostgreSQL 15 where they
need one), over HTTP with the same client; not repeated here. The peers above ran in the same run as ours.

| system | bulk | single posts |
| --- | --- | --- |
| VictoriaMetrics 1.79.5 | 505,000 rows/s in batches of 1,000 (keeps them in memory first) | |
| istSOS4 (without TimescaleDB) | 818 observations/s in data arrays of 1,000 | 307/s |

InfluxDB and VictoriaMetrics hold no tokens per thing, no conflicts and no corrections, and take line protocol
instead of JSON. Toàn Cảnh answers after the transaction is on disk (`synchronous=FULL`).
"""


def write(results: list[tuple[str, list[Figure]]], seconds: float, rows: int) -> Path:
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. The real program runs on SQLite in a temporary folder; the client is",
        "a process of its own on the same cores.",
        "",
        f"- Date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"- Machine: {_processor()}, {os.cpu_count()} cores, {_memory()}, Linux {platform.release()}",
        f"- Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, `synchronous=FULL`",
        f"- 10,000 series, {rows:,} rows stored before; {seconds:g} s a measurement",
        f"- Load of the machine (1 minute) at the end: {os.getloadavg()[0]:.1f}",
    ]
    for title, figures in results:
        if not figures:
            lines += ["", f"## {title}", "", "Not measured: what it needs is missing on this machine."]
            continue
        lines += ["", f"## {title}", "", "| figure | measured | required | |", "| --- | --- | --- | --- |"]
        lines += [_line(figure) for figure in figures]
    PAGE.write_text("\n".join(lines) + "\n\n" + PEERS + _soak())
    return PAGE


def put(results: list[tuple[str, list[Figure]]], titles: Sequence[str], seconds: float) -> Path:
    """Put these figures in the place of those under the same titles; the rest of the page stays as it is.

    ``titles`` are those of all measurements in their order: what is new on the page stands where it belongs.
    """
    head, *sections = re.split(r"(?m)^(?=## )", PAGE.read_text())
    known = {section.partition("\n")[0].removeprefix("## "): section for section in sections}
    order = list(known)
    load = f"load of the machine (1 minute) at the end: {os.getloadavg()[0]:.1f}"
    how = f"Measured alone on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {seconds:g} s a measurement; {load}."
    for title, figures in results:
        if not figures:
            # A peer that is not installed here: what was measured elsewhere stays.
            continue
        if title not in known:
            before = [order.index(one) for one in titles[: titles.index(title)] if one in known]
            order.insert(max(before, default=-1) + 1, title)
        table = ["| figure | measured | required | |", "| --- | --- | --- | --- |", *map(_line, figures)]
        known[title] = "\n".join([f"## {title}", "", how, "", *table, "", ""])
    PAGE.write_text((head + "".join(known[title] for title in order)).rstrip("\n") + "\n")
    return PAGE


def write_soak(figures: list[Figure]) -> Path:
    """Put an hour's figures in the place of the last hour's; the rest of the page stays."""
    text = PAGE.read_text()
    head = text.split(SOAK, 1)[0].rstrip("\n")
    how = f"Written by `python -m benchmarks.soak` on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    load = f"load of the machine (1 minute) at the end: {os.getloadavg()[0]:.1f}"
    lines = ["", "", SOAK, "", f"{how}; {load}.", ""]
    lines += ["| figure | measured | required | |", "| --- | --- | --- | --- |", *map(_line, figures)]
    PAGE.write_text(head + "\n".join(lines) + "\n")
    return PAGE


def _soak() -> str:
    """The last hour's part of the page as it stands, or nothing."""
    _, mark, rest = PAGE.read_text().partition(SOAK) if PAGE.exists() else ("", "", "")
    return f"\n{mark}{rest}" if mark else ""


def _line(figure: Figure) -> str:
    required = ""
    if figure.required is not None:
        required = f"{figure.bound} {_number(figure.required)} {figure.unit}".strip()
    reached = "" if figure.required is None else "reached" if figure.is_reached else "**missed**"
    return f"| {figure.name} | {_number(figure.value)} {figure.unit} | {required} | {reached} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2f}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _memory() -> str:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal"):
            return f"{int(line.split()[1]) / 1024**2:.0f} GB"
    return "memory unknown"
