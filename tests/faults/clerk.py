"""An officer who changes thresholds one after the other, as a process of its own with a ledger on its output.

Each line is a series and a value that the product said it has changed.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from tests.running import ROOT, Program

EVERY = 0.05


@contextmanager
def at_work(program: Program, ledger: Path) -> Iterator[None]:
    """The clerk at work on the store of a program."""
    with ledger.open("wb") as book:
        clerk = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.clerk"], env=program.environment, cwd=ROOT, stdout=book
        )
    try:
        end = time.monotonic() + 30
        while not ledger.stat().st_size:
            assert clerk.poll() is None
            assert time.monotonic() < end, "the clerk does not begin"
            time.sleep(0.05)
        yield
        assert clerk.poll() is None
    finally:
        clerk.kill()
        clerk.wait(30)


def done(ledger: Path) -> list[tuple[int, float]]:
    """Series and value of each change that was acknowledged."""
    lines = ledger.read_text().splitlines()
    return [(int(series), float(value)) for series, value in map(str.split, lines)]


def main() -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "toancanh.site.settings"
    django.setup()

    from django.db import DatabaseError, connection

    from toancanh.kernel.declare import program
    from toancanh.kernel.telemetry.actions import set_threshold
    from toancanh.kernel.telemetry.models import Series

    pause = threading.Event()
    series = list(Series.objects.select_related("thing__unit").order_by("pk"))
    for number in itertools.count(1):
        chosen, value = series[number % len(series)], number / 100
        try:
            set_threshold(chosen, "BĐ1", value, date(2026, 1, 1), by=program("clerk"), source="faults")
        except DatabaseError:
            connection.close()
        else:
            print(chosen.pk, value, flush=True)
        # A wait that libfaketime leaves alone.
        pause.wait(EVERY)


if __name__ == "__main__":
    main()
