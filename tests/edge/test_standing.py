"""The public's warnings while everything else falls: a crowd, the database gone, the program killed."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.visitors import come
from tests import running
from tests.edge.https import made
from tests.edge.wire import ask, wait
from tests.nginx import PROXY, nginx
from tests.postgres import Cluster, postgres_cluster
from tests.running import ROOT, Program
from tests.warned import tell

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.nginx, pytest.mark.xdist_group("standing")]
HEADLINE = "Nước sông Hương tại Kim Long vượt báo động 3"
EXERCISE = "Tình huống giả định vỡ đê"
UNIT = "19774"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server of its own, that may be stopped."""
    with postgres_cluster() as found:
        yield found


@pytest.fixture(scope="module")
def program(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Huế on PostgreSQL, with one warning and one exercise told."""
    folder = Path(tmp_path_factory.mktemp("standing"))
    variables = {
        "DATABASE_URL": cluster.fresh(),
        "TRUSTED_PROXIES": "127.0.0.1",
        "TOANCANH_HOSTS": "ioc.thu.vn",
    }
    with running.city(folder, "hue", **variables) as started:
        tell(started, EXERCISE, UNIT, is_exercise=True)
        tell(started, HEADLINE, UNIT)
        # Of the files the last; the list of what is told is written before.
        last = folder / "public" / "warnings" / "places.json"
        assert wait(lambda: last.exists() and told(started) == {HEADLINE}, 30)
        yield started


def told(program: Program) -> set[str]:
    """The headlines in force, as the file says that phones ask for; the list is written before it."""
    rows = json.loads(ask(program.port, "/warnings/now.json").body)["warnings"]
    return {row["title"]["vi"] for row in rows}


def test_crowd_is_served_whole_and_sees_what_is_told_meanwhile(program: Program) -> None:
    page = (program.folder / "public/warnings/index.html").read_text()
    look = dict.fromkeys(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    assert len(look) > 3
    visits = [("/warnings/", *look, "/warnings/now.json", "/manifest.webmanifest")] * 60
    crowd = asyncio.run(come(program.port, visits, 60))
    assert crowd.failed == 0, crowd.statuses
    assert crowd.statuses[200] == sum(map(len, visits))
    later = "Hồ chứa xả lũ từ 18 giờ"
    tell(program, later, UNIT)
    assert wait(lambda: told(program) == {HEADLINE, later}, 20)
    assert later in ask(program.port, "/warnings/").body.decode()


def test_pages_stand_without_the_database_and_without_the_program(
    program: Program, cluster: Cluster, tmp_path: Path
) -> None:
    cert, key = made(tmp_path, "nginx", "DNS:localhost")
    handbook = (ROOT / "docs" / "handbook" / "en" / "public-warnings.md").read_text()
    block = re.search(r"```nginx\n(.*?)```", handbook, re.DOTALL)
    assert block is not None
    public = program.folder / "public"
    within = block[1].replace("/srv/toancanh/public", str(public)).replace(":8000", f":{program.port}")
    with nginx(tmp_path, program.port, cert, key, within=within, proxy=PROXY) as (https, _http):
        trust = ssl.create_default_context(cafile=str(cert))

        def outside(path: str) -> str:
            with urllib.request.urlopen(
                f"https://localhost:{https}{path}", timeout=10, context=trust
            ) as answer:
                return str(answer.read().decode())

        rows = json.loads(outside("/warnings/now.json"))["warnings"]
        page = rows[0]["url"]["vi"]
        cluster.stop("immediate")
        try:
            assert ask(program.port, "/").status in (500, 503), "the database is away indeed"
            for path in (
                "/warnings/",
                "/en/warnings/",
                page,
                "/warnings/past/",
                "/warnings/rss.xml",
                "/sw.js",
            ):
                answer = ask(program.port, path)
                assert answer.status == 200, path
                assert EXERCISE not in answer.body.decode()
            assert HEADLINE in ask(program.port, "/warnings/").body.decode()
            program.kill()
            for path in ("/warnings/", "/en/warnings/", page, "/warnings/now.json"):
                assert HEADLINE in outside(path) or rows[0]["title"]["vi"] in outside(path)
            for path in re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', outside("/warnings/")):
                assert len(outside(path)) > 100
            assert EXERCISE not in outside("/warnings/")
        finally:
            cluster.start()
