"""The lines of docs/api run as they stand there, against the real program, and answer as documented."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests.ports import free_port
from tests.running import ROOT, city

DOCS = ROOT / "docs" / "api"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SAID = "# → "
pytestmark = pytest.mark.slow


COUNTING = ("sensorthings.md",)
"""Pages whose answers count what there is: they have a city that no other page writes to."""
TABLES = {"sensorthings-conformance.md"}
"""Pages without lines to run."""


def marks(page: str, text: str) -> list[pytest.MarkDecorator]:
    """Blocks of a city run in their order: later ones speak of what earlier ones made."""
    together = pytest.mark.xdist_group(f"api docs {page in COUNTING}")
    return [together, pytest.mark.clients] if "mosquitto_" in text else [together]


def blocks() -> list[ParameterSet]:
    """Page, number and text of every block that a reader would paste into a shell."""
    return [
        pytest.param(page.name, number, text, marks=marks(page.name, text))
        for page in sorted(DOCS.glob("*.md"))
        for number, text in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")), start=1)
    ]


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[bool], dict[str, str]]]:
    """Surroundings by whether the page counts, made when the first page asks for them."""
    with ExitStack() as running:
        yield cache(lambda counts: running.enter_context(made(Path(tmp_path_factory.mktemp("docs")))))


@pytest.fixture
def surroundings(cities: Callable[[bool], dict[str, str]], page: str) -> dict[str, str]:
    """What a page asks a reader to have: URL, TOKEN, KEY of a city whose gauge has reported for an hour."""
    return cities(page in COUNTING)


@contextmanager
def made(folder: Path) -> Iterator[dict[str, str]]:
    """A city, and the environment in which the lines of a page run."""
    mqtt = str(free_port())
    with city(folder, "hue", "dong-ha", MQTT_PORT=mqtt) as program:
        env = {**os.environ, "URL": program.url, "NAME": "docs", "TOKEN": program.token("docs"), "MQTT": mqtt}
        env["KEY"] = program.token("docs-app", "--reports")
        now = datetime.now(UTC).replace(microsecond=0)
        times = [f"{now - timedelta(minutes=back):%FT%TZ}" for back in range(5, 65)]
        rows = [{"thing": "hue-kim-long", "series": "level", "time": time, "value": 0.4} for time in times]
        sent = ["curl", "-fsS", f"{program.url}/api/v1/observations", "--json", json.dumps(rows)]
        subprocess.run(
            [*sent, "-H", f"Authorization: Bearer {env['TOKEN']}"],
            check=True,
            capture_output=True,
            timeout=30,
        )
        yield env


def expected(text: str) -> re.Pattern[str]:
    """What the block's last comments say it prints; … stands for anything within a line."""
    lines = [line.removeprefix(SAID) for line in text.splitlines() if line.startswith(SAID)]
    return re.compile("\n".join(".*".join(re.escape(part) for part in line.split("…")) for line in lines))


@pytest.mark.parametrize(
    ("page", "number", "text"), blocks(), ids=lambda value: str(value)[:40].split("\n")[0]
)
def test_api_page_block_answers_as_documented(
    page: str, number: int, text: str, surroundings: dict[str, str]
) -> None:
    assert SAID in text, f"{page}, block {number} does not say what it prints"
    done = subprocess.run(
        ["sh", "-eu", "-c", text], env=surroundings, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert expected(text).fullmatch(done.stdout.strip()), f"{page}, block {number}: {done.stdout}"


def test_api_pages_have_blocks() -> None:
    pages = {block.values[0] for block in blocks()}
    assert pages == {page.name for page in DOCS.glob("*.md")} - TABLES
    assert {"mqtt.md", "observations.md", "reading-back.md", "units.md", "sensorthings-writing.md"} <= pages
