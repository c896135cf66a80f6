"""Secrets of feeds: sealed where they lie, sent to one host, shown nowhere."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.city import City
from tests.web_peer import Peer, Said, peer
from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.feeds import actions
from toancanh.kernel.exchange.feeds.actions import Said as Told
from toancanh.kernel.exchange.feeds.models import Feed, Run
from toancanh.kernel.exchange.feeds.tests.conftest import OPEN, fetched, made
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.runtime import secrets
from toancanh.lib.errors import Refused

WORD = "s3cr3t-không".replace("ô", "o")
ANSWER = b'{"data": [{"code": "gauge", "t": "2026-11-21 11:00", "v": 1.5}]}'


def test_sealed_words_are_opened_by_the_key_alone(tmp_path: Path) -> None:
    assert secrets.seal({}) == ""
    assert secrets.unseal("") == {}
    assert not secrets.path().exists(), "no key before there is a secret"
    sealed = secrets.seal({"X-Key": WORD})
    assert WORD not in sealed
    assert secrets.path().stat().st_mode & 0o777 == 0o600
    assert secrets.unseal(sealed) == {"X-Key": WORD}
    old = secrets.path().read_text()
    secrets.path().unlink()
    with pytest.raises(secrets.Locked):
        secrets.unseal(sealed)
    newer = secrets.seal({"X-Key": "another"})
    with pytest.raises(secrets.Locked):
        secrets.unseal(sealed)
    secrets.path().write_text(f"{secrets.path().read_text()}\n{old}\n")
    assert secrets.unseal(sealed) == {"X-Key": WORD}, "an old key beside the new one still opens"
    assert secrets.unseal(newer) == {"X-Key": "another"}
    secrets.path().write_text("no key\n")
    for call in (lambda: secrets.seal({"a": "b"}), lambda: secrets.unseal(sealed)):
        with pytest.raises(secrets.Locked) as told:
            call()
        assert "credentials.key" in told.value.message


def everything(caplog: pytest.LogCaptureFixture) -> str:
    """All that the product wrote anywhere."""
    rows = [*Feed.objects.values(), *Run.objects.values(), *Entry.objects.values("content", "subject")]
    return json.dumps(rows, default=str, ensure_ascii=False) + caplog.text


@pytest.mark.slow
def test_secrets_go_to_one_host_and_nowhere_else(
    city: City, ada: Actor, service: Peer, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    settings.EGRESS_ALLOW = [f"{OPEN}/32", "127.0.0.8/32"]
    with peer("127.0.0.8") as other:
        service.says["/levels"] = Said(status=302, headers={"Location": other.url("/levels")})
        other.says["/levels"] = Said(ANSWER)
        feed = made(service, ada, secrets={"X-Key": WORD, "?appid": f"{WORD}-2"}, headers={"X-Plain": "seen"})
        assert fetched(feed).new == 1
        assert service.heard[-1].headers["x-key"] == WORD
        assert service.heard[-1].path == f"/levels?appid={WORD}-2"
        assert "x-key" not in other.heard[-1].headers
        assert WORD not in other.heard[-1].path
    service.says["/levels"] = Said(status=500, body=WORD.encode())
    actions.fetch_now(feed, by=ada)
    assert fetched(feed).fault == "http_5xx"
    service.says["/levels"] = Said(WORD.encode() + b"[")
    actions.fetch_now(feed, by=ada)
    assert fetched(feed).outcome == "failed"
    assert WORD not in everything(caplog)
    assert "X-Key" in everything(caplog), "that there is one is no secret"


def test_secret_stays_until_the_address_leads_elsewhere(city: City, ada: Actor, service: Peer) -> None:
    url = service.url("/levels")
    feed = made(service, ada, secrets={"X-Key": WORD})
    kept = Told(name=feed.name, url=f"{url}?n=5", schedule="0 * * * *", secrets={"X-Key": ""})
    feed = actions.change(feed, kept, by=ada)
    assert secrets.unseal(feed.sealed) == {"X-Key": WORD}
    for moved in (f"http://{OPEN}:1/levels", "https://example.vn/levels", url.replace("http:", "https:")):
        with pytest.raises(Refused) as told:
            actions.change(
                feed, Told(name="x", url=moved, schedule="0 * * * *", secrets={"X-Key": ""}), by=ada
            )
        assert told.value.code == "no_secret"
    secrets.path().unlink()
    actions.turn_on(feed, by=ada)
    run = fetched(feed)
    assert (run.fault, service.heard) == ("locked", []), "it does not ask without its key"


def test_keys_in_an_address_become_secrets(city: City, ada: Actor, service: Peer) -> None:
    feed = made(service, ada, f"/levels?station=1&apiKey={WORD}&x=%20a", mapping=None)
    assert feed.url == service.url("/levels?station=1&x=%20a")
    assert feed.secret_names == ["?apiKey"]
    assert actions.apart("https://a.vn/?monkey=1&page_token=2&q=token") == (
        "https://a.vn/?monkey=1&q=token",
        {"?page_token": "2"},
    )


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"headers": {"Host": "x"}}, "bad_header"),
        ({"headers": {"X Y": "x"}}, "bad_header"),
        ({"headers": {"X": "a\r\nHost: b"}}, "bad_header"),
        ({"secrets": {"X": "khóa"}}, "bad_header"),
        ({"secrets": {"X": ""}}, "no_secret"),
        ({"headers": {f"X{n}": "1" for n in range(11)}}, "too_many_headers"),
        ({"url": "ftp://example.vn/"}, "bad_scheme"),
        ({"url": "https://me:pw@example.vn/"}, "userinfo"),
        ({"url": "trạm"}, "bad_scheme"),
        ({"schedule": "always"}, "bad_schedule"),
        ({"name": " "}, "bad_name"),
        ({"quiet": -1}, "bad_quiet"),
    ],
)
def test_what_no_feed_can_be_is_refused(
    city: City, ada: Actor, service: Peer, said: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refused) as told:
        made(service, ada, mapping=None, **said)
    assert told.value.code == code
    assert Feed.objects.count() == 0
