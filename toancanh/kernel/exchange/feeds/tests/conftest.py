"""A peer that is not ours at the one address that feeds may reach, and a worker without threads."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.city import City, actor
from tests.web_peer import Peer, peer
from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.feeds import actions, child, fetching, trying, work
from toancanh.kernel.exchange.feeds.actions import Said
from toancanh.kernel.exchange.feeds.faults import Failed
from toancanh.kernel.exchange.feeds.models import Feed, Run
from toancanh.kernel.exchange.sheets.child import Fault
from toancanh.kernel.exchange.sheets.mapping import Mapping
from toancanh.kernel.people import actions as people
from toancanh.kernel.runtime.egress import Asked, Fetched

OPEN = "127.0.0.7"
LONG = Mapping(sheet="$.data", time="t", thing="code", fixed_series="level", value="v")


@pytest.fixture(scope="package")
def service() -> Iterator[Peer]:
    """A server of somebody else's."""
    with peer(OPEN) as found:
        yield found


@pytest.fixture(autouse=True)
def own_house(service: Peer, settings: Any, tmp_path: Path) -> None:
    """The peer may be reached, and keys lie in a folder of the test."""
    service.says.clear()
    service.heard.clear()
    settings.EGRESS_ALLOW = [f"{OPEN}/32"]
    settings.DATA = tmp_path


@pytest.fixture(autouse=True)
def at_hand(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Answers are opened in the test's own process, unless it wants the child: that spares seconds."""
    if request.node.get_closest_marker("child") is None:
        monkeypatch.setattr(subprocess, "Popen", OpenedHere)


class OpenedHere:
    """Stands where the child process would be, and does what it does."""

    returncode = 0

    def __init__(self, command: list[str], **how: object) -> None:
        self._wanted = command[3]

    def communicate(self, content: bytes, timeout: float) -> tuple[bytes, None]:
        """The answer of the child."""
        try:
            told = child.opened(content, self._wanted)
        except Fault as fault:
            told = {"fault": fault.code, "facts": fault.facts}
        return msgspec.msgpack.encode(told), None

    def kill(self) -> None:
        """There is nothing to end."""

    def wait(self) -> None:
        """It has ended."""


@pytest.fixture
def ada(city: City) -> Actor:
    """The administrator of everything."""
    return actor("ada", None, people.ADMINISTRATOR)


def answer(feed: Feed, wanted: Asked) -> Fetched | Exception:
    """What the peer says."""
    try:
        return asyncio.run(fetching.fetch(feed, wanted))
    except Failed as fault:
        return fault


def drive() -> list[Run]:
    """Let the worker fetch what is due; the runs that it wrote down, oldest first."""
    before = set(Run.objects.values_list("pk", flat=True))
    for feed in work.lease(8):
        attempt = work.Attempt(feed)
        wanted = attempt.prepare()
        if wanted is not None:
            attempt.end(answer(feed, wanted))
    return list(Run.objects.exclude(pk__in=before).order_by("pk"))


def fetched(feed: Feed) -> Run:
    """The one run that comes of the feed being due now."""
    (made,) = drive()
    feed.refresh_from_db()
    return made


def made(
    service: Peer, by: Actor, path: str = "/levels", mapping: Mapping | None = LONG, **said: Any
) -> Feed:
    """A feed of the peer; with a mapping it is on."""
    known = {"name": f"Nguồn {path}", "url": service.url(path), "schedule": "*/5 * * * *", **said}
    changes: dict[str, Any] = {name: known.pop(name) for name in ("replaces", "passes_over") if name in known}
    feed = actions.make(Said(**known), by=by)
    if mapping is not None:
        feed = actions.keep(feed, {"mapping": msgspec.to_builtins(mapping), **changes}, by=by)
    return feed


def looked_at(feed: Feed, by: Actor, said: Mapping | None = None, **more: Any) -> Any:
    """The feed tried and understood as guessed or as said."""
    trial = trying.fetch(feed, by=by)
    trying.understand(trial, said or msgspec.convert(trial.mapping, Mapping), by=by, **more)
    return trial
