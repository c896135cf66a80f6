"""Tells the public of something in a running installation, by the same actions as its officers."""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.running import Program


def tell(
    program: Program,
    headline: str,
    *units: str,
    level: int = 3,
    is_exercise: bool = False,
    follows: str = "",
    kind: str = "update",
    hours: float = 6,
) -> str:
    """Approve a warning for these units; its number."""
    said: dict[str, Any] = {"headline": headline, "units": units, "level": level}
    said |= {"is_exercise": is_exercise, "follows": follows, "kind": kind, "hours": hours}
    return program.module("tests.warned", said).split()[-1]


def main() -> None:
    """As a process on the store of the program."""
    import django

    django.setup()

    from dataclasses import replace
    from datetime import timedelta

    from toancanh.kernel.declare import program
    from toancanh.kernel.runtime import clock
    from toancanh.kernel.warnings import actions
    from toancanh.kernel.warnings.models import Warning
    from toancanh.kernel.warnings.tests.making import EN, VI, approved, full

    said, by = json.load(sys.stdin), program("test")
    words = {"vi": replace(VI, headline=said["headline"]), "en": replace(EN, headline=said["headline"])}
    until = clock.now() + timedelta(hours=said["hours"])
    content = full(*said["units"], level=said["level"], valid_until=until, **words)
    if said["follows"]:
        warning = actions.follow(Warning.objects.get(number=said["follows"]), said["kind"], content, by=by)
    else:
        warning = actions.draft(content, by=by, is_exercise=said["is_exercise"])
    print(approved(warning, by, by).number)


if __name__ == "__main__":
    main()
