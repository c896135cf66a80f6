"""`python -m benchmarks [--only NAME …] [--seconds N] [--rows N] [--keep FOLDER] [--write]`"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import toancanh  # noqa: F401 - swaps in the SQLite that the program uses
from benchmarks import (
    alerts,
    bulk,
    django_sensorthings,
    engines,
    influx,
    mqtt,
    page,
    push,
    report,
    sensorthings,
    single,
    start,
    stream,
    visitors,
    week,
)
from benchmarks.installation import installation

MEASUREMENTS = {
    "start": start,
    "week": week,
    "bulk": bulk,
    "single": single,
    "mqtt": mqtt,
    "sensorthings": sensorthings,
    "stream": stream,
    "alerts": alerts,
    "page": page,
    "visitors": visitors,
    "push": push,
    "engines": engines,
    "influx": influx,
    "django_sensorthings": django_sensorthings,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--only", nargs="+", choices=list(MEASUREMENTS), default=list(MEASUREMENTS))
    parser.add_argument("--seconds", type=float, default=60.0, help="of each measurement under load")
    parser.add_argument("--rows", type=int, default=10_000_000, help="stored before")
    parser.add_argument("--keep", type=Path, help="build the installation there, or use the one that is")
    parser.add_argument("--write", action="store_true", help="with --only: put the figures into the page")
    chosen = parser.parse_args()
    results = []
    print("Preparing the installation", flush=True)
    with installation(chosen.rows, chosen.keep) as city:
        for name in chosen.only:
            measurement = MEASUREMENTS[name]
            print(measurement.TITLE, flush=True)
            figures = measurement.measure(city, chosen.seconds)
            for figure in figures:
                missed = "" if figure.is_reached else f"   missed: {figure.bound} {figure.required:,.0f}"
                print(f"  {figure.name}: {figure.value:,.2f} {figure.unit}{missed}", flush=True)
            results.append((measurement.TITLE, figures))
    if chosen.write:
        titles = [measurement.TITLE for measurement in MEASUREMENTS.values()]
        print(f"Written: {report.put(results, titles, chosen.seconds)}")
    elif chosen.only == list(MEASUREMENTS):
        print(f"Written: {report.write(results, chosen.seconds, chosen.rows)}")
    return 0 if all(figure.is_reached for _, figures in results for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
