"""The page of measured figures: what is measured alone takes its own place and leaves the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.figure import Figure

PAGE = """# Benchmarks

- Date: long ago

## First

| figure | measured | required | |
| --- | --- | --- | --- |
| posts | 1 /s |  |  |

## Third: of three

| figure | measured | required | |
| --- | --- | --- | --- |
| posts | 3 /s |  |  |

## Others

Said elsewhere.
"""


def test_what_is_measured_alone_leaves_the_rest_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(PAGE)
    monkeypatch.setattr(report, "PAGE", page)
    titles = ["First", "Second", "Third: of three"]
    report.put([("Second", [Figure("visits", 2, "/s", 5, "at least")])], titles, 60)
    report.put([("Third: of three", [Figure("posts", 33, "/s")])], titles, 30)
    text = page.read_text()
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## First",
        "## Second",
        "## Third: of three",
        "## Others",
    ]
    assert "| visits | 2 /s | at least 5 /s | **missed** |" in text
    assert "| posts | 33 /s |  |  |" in text
    assert "| posts | 3 /s |" not in text
    assert text.startswith(PAGE.partition("## Third")[0])
    assert text.endswith("## Others\n\nSaid elsewhere.\n")
    assert text.count("Measured alone on ") == 2
