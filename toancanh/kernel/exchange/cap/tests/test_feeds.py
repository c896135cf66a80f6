"""Feeds of warnings: fetched by the worker of the feeds, through the egress door, each message once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.city import NOON, City, person
from tests.web_peer import Peer, Said
from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.cap import bringing, queries
from toancanh.kernel.exchange.cap.bringing import Linked
from toancanh.kernel.exchange.cap.models import Received
from toancanh.kernel.exchange.cap.tests.conftest import STORM, atom, update
from toancanh.kernel.exchange.feeds import actions, fetching, work
from toancanh.kernel.exchange.feeds.actions import Said as Wanted
from toancanh.kernel.exchange.feeds.faults import Failed
from toancanh.kernel.exchange.feeds.models import Brings, Feed, Outcome, Run
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Token
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.egress import Fetched
from toancanh.lib.cap.writing import write

SECRET = "mot-khoa-bi-mat"


def made(service: Peer, by: Actor, path: str = "/cap", **more: Any) -> Feed:
    """A feed of warnings, turned on."""
    wanted = Wanted(
        name="Đài KTTV", url=service.url(path), schedule="*/5 * * * *", brings=Brings.WARNINGS, **more
    )
    return actions.turn_on(actions.make(wanted, by=by), by=by)


def fetched(feed: Feed) -> Run:
    """The run that comes of the feed being due now."""
    (leased,) = work.lease(8)
    attempt = work.Attempt(leased)
    wanted = attempt.prepare()
    assert wanted is not None
    answer: Fetched | Exception
    more: list[Linked] = []
    try:
        answer = asyncio.run(fetching.fetch(leased, wanted))
        more = asyncio.run(bringing.linked(bringing.wanted(leased, answer)))
    except Failed as fault:
        answer = fault
    attempt.end(answer, more)
    feed.refresh_from_db()
    return Run.objects.filter(of=feed).latest("pk")


def counted(run: Run) -> tuple[str, int, int, int]:
    return run.outcome, run.new, run.same, run.refused


def later(minutes: int) -> Any:
    """Some minutes after noon."""
    return clock.set_to(NOON + timedelta(minutes=minutes))


@pytest.mark.slow
def test_messages_of_a_feed_come_once(ada: Actor, service: Peer) -> None:
    service.says["/cap"] = Said(atom(STORM))
    feed = made(service, ada)
    assert Token.objects.count() == 0, "warnings need no way in for readings"
    assert counted(fetched(feed)) == (Outcome.TAKEN, 1, 0, 0)
    assert "application/cap+xml" in service.heard[-1].headers["accept"]
    with later(6):
        assert fetched(feed).outcome == Outcome.UNCHANGED
    service.says["/cap"] = Said(atom(STORM, update()))
    with later(12):
        assert counted(fetched(feed)) == (Outcome.TAKEN, 1, 1, 0)
    rows = Received.objects.order_by("pk")
    assert [(row.feed_id, row.origin) for row in rows] == [(feed.pk, "Đài KTTV")] * 2
    assert rows[0].replaced_by == rows[1]


@pytest.mark.slow
def test_a_message_alone_at_the_address_is_taken(ada: Actor, service: Peer) -> None:
    service.says["/cap"] = Said(write(STORM), headers={"ETag": '"1"'})
    feed = made(service, ada)
    assert counted(fetched(feed)) == (Outcome.TAKEN, 1, 0, 0)
    assert feed.etag == '"1"'


def test_messages_that_a_feed_only_names_are_fetched_once(ada: Actor, service: Peer) -> None:
    service.says["/cap"] = Said(atom("1.xml", "2.xml", "/elsewhere/3.xml"))
    service.says["/1.xml"] = Said(write(STORM))
    service.says["/2.xml"] = Said(status=503)
    service.says["/elsewhere/3.xml"] = Said(b"<html/>")
    feed = made(service, ada)
    run = fetched(feed)
    assert counted(run) == (Outcome.TAKEN, 1, 0, 0)
    assert run.reasons == {"http_5xx": 1, "no_cap": 1}
    service.says["/2.xml"] = Said(write(update()))
    service.heard.clear()
    with later(6):
        assert counted(fetched(feed)) == (Outcome.TAKEN, 1, 0, 0)
    assert [heard.path for heard in service.heard] == ["/cap", "/2.xml", "/elsewhere/3.xml"]
    assert Received.objects.get(link=service.url("/2.xml")).identifier == update().identifier


def test_secrets_go_to_the_host_of_the_feed_alone(ada: Actor, service: Peer) -> None:
    service.says["/cap"] = Said(atom("1.xml", "http://localhost.example.invalid/2.xml"))
    service.says["/1.xml"] = Said(write(STORM))
    feed = made(service, ada, secrets={"X-Api-Key": SECRET})
    answer = Fetched(status=200, url=service.url("/cap"), body=atom("1.xml", "http://127.0.0.9/2.xml"))
    own, other = (asked for _url, asked in bringing.wanted(feed, answer))
    assert (own.secrets, other.secrets) == ({"X-Api-Key": SECRET}, {})
    fetched(feed)
    assert service.heard[-1].headers["x-api-key"] == SECRET


def test_a_message_out_of_reach_is_told_and_the_others_come(ada: Actor, service: Peer) -> None:
    service.says["/cap"] = Said(atom("http://127.0.0.9/1.xml", "file:///etc/passwd", "2.xml"))
    service.says["/2.xml"] = Said(write(STORM))
    run = fetched(made(service, ada))
    assert counted(run) == (Outcome.TAKEN, 1, 0, 0)
    assert run.reasons == {"denied": 1, "bad_scheme": 1}


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (Said(b"<html><body>Sign in</body></html>"), "no_cap"),
        (Said(b""), "no_cap"),
        (Said(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), "no_cap"),
        (Said(write(STORM)[:200]), "no_cap"),
        (Said(status=404), "http_404"),
    ],
)
def test_what_is_no_cap_fails_with_a_reason_and_is_tried_again(
    ada: Actor, service: Peer, said: Said, fault: str
) -> None:
    service.says["/cap"] = said
    feed = made(service, ada)
    run = fetched(feed)
    assert (run.outcome, run.fault, feed.failures) == (Outcome.FAILED, fault, 1)
    assert feed.next_at is not None
    assert NOON < feed.next_at <= NOON + timedelta(minutes=7)
    service.says["/cap"] = Said(write(STORM))
    with later(8):
        assert counted(fetched(feed)) == (Outcome.TAKEN, 1, 0, 0)
    assert feed.failures == 0


def test_a_message_that_came_hours_late_says_so(ada: Actor, service: Peer) -> None:
    service.says["/cap"] = Said(write(STORM))
    feed = made(service, ada)
    with later(4 * 60):
        fetched(feed)
    row = Received.objects.get()
    assert [tag.text for tag in queries.tags(row, clock.now())] == ["Đến muộn"]


def test_deleting_the_feed_leaves_what_it_brought(ada: Actor, service: Peer) -> None:
    service.says["/cap"] = Said(write(STORM))
    feed = made(service, ada)
    fetched(feed)
    actions.delete(feed, by=ada)
    assert Received.objects.get().origin == "Đài KTTV"


@pytest.mark.slow
def test_the_form_makes_a_feed_of_warnings_that_is_on_at_once(
    city: City, service: Peer, client: Client
) -> None:
    client.force_login(person("eve", None, people.ADMINISTRATOR))
    text = client.get("/console/feeds/new/?brings=warnings").content.decode()
    assert 'value="warnings" checked' in text
    typed = {"name": "KTTV", "url": service.url("/cap"), "schedule": "*/5 * * * *", "quiet": "0"}
    answer = client.post("/console/feeds/new/", {**typed, "brings": "warnings"}, follow=True)
    feed = Feed.objects.get()
    assert (feed.brings, feed.is_on) == ("warnings", True)
    assert "Bản tin nhận được" in answer.content.decode()
    answer = client.post("/console/feeds/new/", {**typed, "name": "x", "brings": "songs"})
    assert answer.status_code == 422
