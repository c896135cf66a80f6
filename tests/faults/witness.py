"""A domain installed beside the product, as anybody may: it writes down which thresholds changed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.running import ROOT
from toancanh.kernel.declare import Domain, On, Title


def note(payload: Mapping[str, Any]) -> None:
    """One line for each event, outside the store."""
    with Path(os.environ["WITNESS"]).open("ab", buffering=0) as book:
        book.write(b"%d\n" % payload["series"])


DOMAIN = Domain(
    name="witness",
    title=Title(vi="Nhân chứng", en="Witness"),
    icon="eye",
    reactions=(On(name="telemetry.threshold_set", react=note),),
)


def installed(folder: Path) -> dict[str, str]:
    """Variables with which the program finds the domain, and its book in that folder."""
    about = folder / "witness-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: witness\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[toancanh.domains]\nwitness = tests.faults.witness:DOMAIN\n")
    path = [str(ROOT), str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(path), "WITNESS": str(folder / "book")}


def noted(folder: Path) -> Counter[int]:
    """How often it was told of each series."""
    book = folder / "book"
    return Counter(map(int, book.read_text().split())) if book.exists() else Counter()
