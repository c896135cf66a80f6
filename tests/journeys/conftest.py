"""One running city and one browser for the journeys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import chromium
from tests.running import Program, city

SERVICE = "127.0.0.9"
"""Where journeys have a service of somebody else's, the only address that feeds may reach."""
expect.set_options(timeout=20_000)  # maps are drawn by the processor, which tests share
OFFICER = ("truc", "mat-khau-cua-ca-truc-2026")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium for the journeys; it ends with them, for Playwright keeps a loop running in this thread."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="package")
def hue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Huế with its stations and no reading yet, and an administrator who may see everything.

    It ends with the journeys: a city that nobody looks at takes a twentieth of a core.
    """
    folder: Path = tmp_path_factory.mktemp("hue")
    with city(folder, "hue", EGRESS_ALLOW=f"{SERVICE}/32") as program:
        program.do("person", "create", OFFICER[0], "--name", "Trần Văn Trực", "--password", OFFICER[1])
        program.token("hue-kim-long", "--thing", "hue-kim-long")
        yield program
