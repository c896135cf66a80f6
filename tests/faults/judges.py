"""A process that judges what is committed as the worker role does, and the city that it judges."""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta

import django

GAUGES = 4
LINE = 8.0


def prepare(gauges: str = str(GAUGES)) -> None:
    """A small city with gauges and one rule that rings at once and stops at once; prints their series."""
    from django.db import transaction

    from tests.city import City, series_of, thing
    from toancanh.kernel.alerts import rules
    from toancanh.kernel.alerts.models import Rule
    from toancanh.kernel.runtime import clock

    City.build()
    with transaction.atomic():
        made = [thing(f"g{n}", lon=107.01 + n % 8 / 100) for n in range(int(gauges))]
    rules.declare()
    Rule.objects.all().update(is_on=False)
    line = {"at": 1.0, "severity": 2}
    condition = {"is": "bands", "series": "level", "lines": [line]}
    now = clock.now()
    facts = {"key": "flood.level", "valid_from": now, "created": now, "made_by": "tests"}
    Rule.objects.create(**facts, condition=condition)
    print(json.dumps([series_of(gauge).pk for gauge in made]))


def judge() -> None:
    """Look for ever; the lease is short, because nobody here waits for the dead."""
    from toancanh.kernel.alerts import desk

    desk.LEASE, desk.RENEW_S, desk.TIDY_S = timedelta(seconds=0.4), 0.1, 0.3
    judging = desk.Desk(save_s=0.2)
    while True:
        if not judging.look():
            time.sleep(0.01)


def line() -> None:
    """Give every gauge of a town one line that none of them has crossed."""
    from toancanh.kernel.alerts import ruling
    from toancanh.kernel.declare import Bands, Line, program

    condition = Bands(series="level", lines=(Line(at=LINE, severity=2),), hysteresis=0.1, calm_s=1800)
    ruling.set_rule("flood.level", None, condition, by=program("tests"), reason="tests")


def change(code: str, severity: str) -> None:
    """Give one gauge a rule of its own, with the same line and another severity."""
    from toancanh.kernel.alerts import ruling
    from toancanh.kernel.declare import Bands, Line, program
    from toancanh.kernel.registry.models import Thing

    lines = (Line(at=LINE, severity=int(severity)),)
    condition = Bands(series="level", lines=lines, hysteresis=0.1, calm_s=1800)
    thing = Thing.objects.select_related("unit").get(code=code)
    ruling.set_rule("flood.level", thing, condition, by=program("tests"), reason="tests")


def rename(code: str, name: str) -> None:
    """Call a station something else."""
    from toancanh.kernel.declare import program
    from toancanh.kernel.registry import actions
    from toancanh.kernel.registry.models import Thing

    was = Thing.objects.get(code=code)
    actions.register(was.code, was.kind, name, was.lon, was.lat, by=program("tests"))


if __name__ == "__main__":
    django.setup()
    each = {"prepare": prepare, "judge": judge, "line": line, "change": change, "rename": rename}
    each[sys.argv[1]](*sys.argv[2:])
