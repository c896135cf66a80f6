"""Feeds that bring nothing are told on the page of the system's state and by doctor."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.city import NOON, City
from tests.web_peer import Peer, Said
from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.feeds import troubles
from toancanh.kernel.exchange.feeds.models import Feed
from toancanh.kernel.exchange.feeds.tests.conftest import drive, made
from toancanh.kernel.runtime import clock, secrets
from toancanh.lib.trouble import Trouble


def told() -> list[Trouble]:
    """What is wrong with feeds."""
    return list(troubles.found(clock.now()))


@pytest.mark.slow
def test_feed_that_fails_again_and_again_is_told(city: City, ada: Actor, service: Peer) -> None:
    service.says["/levels"] = Said(status=503)
    feed = made(service, ada)
    for count in range(1, 6):
        feed.refresh_from_db()
        assert feed.next_at is not None
        with clock.set_to(feed.next_at):
            assert drive()[0].fault == "http_5xx"
            assert len(told()) == (count > 3)
    (one,) = told()
    assert (one.code, f"/console/feeds/{feed.pk}/" in one.mend, "5 lần" in one.what) == (
        "feed_failing",
        True,
        True,
    )
    Feed.objects.update(is_on=False)
    assert told() == [], "a paused feed fails nobody"


def test_feed_without_news_is_told_after_the_hours_that_were_asked_for(
    city: City, ada: Actor, service: Peer
) -> None:
    service.says["/levels"] = Said(b'{"data": []}')
    made(service, ada, quiet=6)
    for hours, count in ((1, 0), (5, 0), (7, 1)):
        with clock.set_to(NOON + timedelta(hours=hours)):
            assert [run.outcome for run in drive()] == ["nothing" if hours == 1 else "unchanged"]
            assert [one.code for one in told()] == ["feed_silent"] * count


def test_missing_key_is_told_before_anything_fails(city: City, ada: Actor, service: Peer) -> None:
    made(service, ada, secrets={"X-Key": "x"})
    assert told() == []
    secrets.path().unlink()
    (one,) = told()
    assert (one.code, one.is_grave) == ("credentials_locked", True)
    assert str(secrets.path()) in one.mend
