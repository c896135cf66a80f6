"""What the worker makes of peers that behave and of peers that do not; every reading counted in the store."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.city import NOON, City, actor, measure
from tests.web_peer import Heard, Peer, Said, canary
from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange import taking
from toancanh.kernel.exchange.feeds import actions, fetching, schedule, work
from toancanh.kernel.exchange.feeds.models import Feed, Outcome, Run
from toancanh.kernel.exchange.feeds.tests.conftest import LONG, answer, drive, fetched, made
from toancanh.kernel.exchange.sheets import reading
from toancanh.kernel.exchange.sheets.mapping import Mapping
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Token
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.egress import Limits
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.models import Letter
from toancanh.kernel.telemetry.store import CORRECTED, StoreUnavailable

RIVER = Path("tests/fixtures/river/Y0634020_2020-01.csv")


def rows(*values: object, code: str = "gauge") -> bytes:
    """An answer with a reading an hour, the last of them at eleven."""
    count = len(values)
    data = [
        {"code": code, "t": f"2026-11-21T{11 - count + n + 1:02}:00:00+07:00", "v": value}
        for n, value in enumerate(values)
    ]
    return json.dumps({"data": data}).encode()


def stored(city: City) -> list[float]:
    """What the gauge has, oldest first."""
    found = engine.store().range(city.level.pk, 0, clock.to_us(NOON) * 2, limit=10_000)
    return [row.value for row in found]


def counted(run: Run) -> tuple[str, int, int, int]:
    """What became of a run."""
    return run.outcome, run.new, run.same, run.refused


@pytest.mark.child
@pytest.mark.slow
def test_windows_that_overlap_bring_each_reading_once(city: City, ada: Actor, service: Peer) -> None:
    """A recorded flood, served as Hub'Eau does: the last readings of a station, whatever was asked before."""
    lines = RIVER.read_text(encoding="utf-8").splitlines()[1:121]
    recorded = [(time, float(level)) for time, level in (line.split(",")[:2] for line in lines)]

    def window(heard: Heard) -> Said:
        last = recorded[: min(len(recorded), 20 * (len(service.heard)))][-30:]
        data = [{"code_station": "Y06", "date_obs": time, "resultat_obs": level} for time, level in last]
        return Said(json.dumps({"count": len(data), "data": list(reversed(data))}).encode())

    service.says["/v1/observations"] = window
    hubeau = Mapping(sheet="$.data", time="date_obs", thing="code_station", things={"Y06": "gauge"},
                     fixed_series="level", value="resultat_obs", scale=0.001)  # fmt: skip
    feed = made(service, ada, "/v1/observations", hubeau)
    now = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
    for number in range(6):
        with clock.set_to(now + timedelta(minutes=6 * number)):
            run = fetched(feed)
        assert run.refused == 0
        assert run.same == (0 if number == 0 else 10)
    assert stored(city) == [round(level * 0.001, 9) for _time, level in recorded]
    assert feed.failures == 0
    assert Letter.objects.count() == 0


@pytest.mark.slow
def test_unchanged_answers_cost_nothing(
    city: City, ada: Actor, service: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tagged(heard: Heard) -> Said:
        if heard.headers.get("if-none-match") == '"a1"':
            return Said(status=304, headers={"ETag": '"a1"'})
        return Said(rows(1.5), headers={"ETag": '"a1"', "Last-Modified": "Sat, 21 Nov 2026 04:00:00 GMT"})

    service.says["/levels"] = tagged
    feed = made(service, ada)
    assert counted(fetched(feed)) == (Outcome.TAKEN, 1, 0, 0)
    opened: list[object] = []
    monkeypatch.setattr(reading, "read", lambda *said: opened.append(said))
    with clock.set_to(NOON + timedelta(minutes=6)):
        run = fetched(feed)
    assert (run.outcome, run.status, run.size) == (Outcome.UNCHANGED, 304, 0)
    assert service.heard[-1].headers["if-modified-since"] == "Sat, 21 Nov 2026 04:00:00 GMT"
    service.says["/levels"] = Said(rows(1.5))
    with clock.set_to(NOON + timedelta(minutes=12)):
        run = fetched(feed)
    assert (run.outcome, run.status, opened) == (Outcome.UNCHANGED, 200, [])
    monkeypatch.undo()
    service.says["/levels"] = tagged
    people.create_token("another", by=taking.BY)
    with clock.set_to(NOON + timedelta(minutes=18)):
        assert fetched(feed).outcome == Outcome.NOTHING, "the directory has changed"
    assert "if-none-match" not in service.heard[-1].headers


def test_changed_values_are_conflicts_unless_corrections_are_allowed(
    city: City, ada: Actor, service: Peer
) -> None:
    measure(city.gauge, datetime(2026, 11, 21, 4, 0, tzinfo=UTC), 1.0)
    service.says["/levels"] = Said(rows(1.4, 1.5))
    feed = made(service, ada)
    run = fetched(feed)
    assert counted(run) == (Outcome.TAKEN, 1, 0, 1)
    assert run.reasons == {"conflict": 1}
    letter = Letter.objects.get()
    assert (letter.code, letter.door, letter.source, letter.value) == ("conflict", "feed", feed.way, 1.5)
    other = made(service, ada, name="Có sửa", replaces=True)
    run = fetched(other)
    assert (run.new, run.corrected, run.same, run.refused) == (0, 1, 1, 0)
    found = engine.store().range(city.level.pk, 0, clock.to_us(NOON), limit=9)
    assert [(row.value, row.quality) for row in found] == [(1.4, 0), (1.5, CORRECTED)]


def test_rows_that_cannot_be_are_dead_letters(city: City, ada: Actor, service: Peer) -> None:
    data = [
        {"code": "gauge", "t": "2026-11-21 07:00", "v": "1,25"},
        {"code": "gauge", "t": "21/11/2026 08:00", "v": 1.5},
        {"code": "gauge", "t": 1795224000, "v": None},
        {"code": "gauge", "t": "hôm qua", "v": 1.5},
        {"code": "gauge", "t": "2026-11-21 09:00", "v": "lỗi"},
        {"code": "elsewhere", "t": "2026-11-21 09:00", "v": 1},
        {"code": "gauge", "t": "2027-11-21 09:00", "v": 1},
    ]
    service.says["/levels"] = Said(json.dumps({"data": data}).encode())
    feed = made(service, ada)
    run = fetched(feed)
    assert (run.new, run.refused) == (2, 4)
    assert run.reasons == {"bad_time": 1, "bad_value": 1, "unknown_thing": 1, "future": 1}
    assert stored(city) == [1.25, 1.5]
    assert engine.store().range(city.level.pk, 0, clock.to_us(NOON), limit=1)[0].time == clock.to_us(
        datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
    ), "times without a zone are of Việt Nam"
    assert sorted(Letter.objects.values_list("code", flat=True)) == [
        "future", "malformed", "malformed", "unknown_thing"]  # fmt: skip
    assert feed.digest == "", "what lies ahead is looked at again"
    quiet = made(service, ada, name="Chỉ trạm của mình", passes_over=True)
    run = fetched(quiet)
    assert (run.same, run.refused, run.passed_over) == (2, 3, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("said", "code", "status"),
    [
        (Said(status=500), "http_5xx", 500),
        (Said(status=429, headers={"Retry-After": "1800"}), "http_429", 429),
        (Said(status=403), "http_401", 403),
        (Said(status=404), "http_404", 404),
        (Said(status=302, headers={"Location": "http://127.0.0.1:{trap}/"}), "denied", 0),
        (Said(status=302, headers={"Location": "file:///etc/passwd"}), "bad_scheme", 0),
        (Said(b"<!doctype html><html>Sign in</html>"), "markup", 200),
        (Said(b'{"data": [{"code": "ga'), "bad_json", 200),
        (Said(b'{"data": [{"station": "gauge", "when": "2026-11-21", "v": 1}]}'), "changed", 200),
        (Said(b'{"error": "no"}'), "changed", 200),
        (Said(gzip.compress(b" " * 50_000_000, 1), headers={"Content-Encoding": "gzip"}), "too_large", 0),
        (Said(gzip.compress(rows(1.0))[:-9], headers={"Content-Encoding": "gzip"}), "bad_answer", 0),
        (Said(rows(1.0), headers={"Content-Length": "100000"}), "unreachable", 0),
        (Said(late=5.0), "too_slow", 0),
        (Said(b"x", pause=0.2, repeat=50), "too_slow", 0),
        (Said(raw=b"SSH-2.0-OpenSSH_9.2\r\n"), "unreachable", 0),
    ],
)  # fmt: skip
def test_peers_that_misbehave_are_told_and_left_alone_for_a_while(
    city: City,
    ada: Actor,
    service: Peer,
    monkeypatch: pytest.MonkeyPatch,
    said: Said,
    code: str,
    status: int,
) -> None:
    limits = Limits(bytes=2_000_000, seconds=0.6 if code == "too_slow" else 20)
    monkeypatch.setattr(fetching.fetch, "__defaults__", (limits,))
    with canary() as trap:
        said.headers = {name: text.replace("{trap}", str(trap.port)) for name, text in said.headers.items()}
        service.says["/levels"] = said
        feed = made(service, ada)
        run = fetched(feed)
        assert trap.came == 0
    assert (run.outcome, run.fault, run.status, run.new) == (Outcome.FAILED, code, status, 0)
    assert (feed.failures, feed.fault, feed.failing_since) == (1, code, NOON)
    assert feed.next_at is not None
    least = timedelta(minutes=30 if code == "http_429" else 5)
    assert NOON + least <= feed.next_at <= NOON + least * 1.2
    assert drive() == []
    service.says["/levels"] = Said(rows(1.5))
    with clock.set_to(feed.next_at):
        assert counted(fetched(feed)) == (Outcome.TAKEN, 1, 0, 0)
    assert (feed.failures, feed.fault, feed.failing_since) == (0, "", None)


def test_missed_times_are_made_up_for_once_and_clocks_may_jump(city: City, ada: Actor, service: Peer) -> None:
    service.says["/levels"] = Said(rows(1.5))
    feed = made(service, ada)
    fetched(feed)
    assert feed.next_at == schedule.planned("*/5 * * * *", feed.pk, NOON)
    ahead = NOON + timedelta(days=2)
    with clock.set_to(ahead):
        assert len(drive()) == 1, "576 times were missed"
        assert drive() == []
    back = NOON - timedelta(hours=6)
    with clock.set_to(back):
        assert len(drive()) == 1, "what is due in two days was planned before the clock was set back"
        assert drive() == []
        feed.refresh_from_db()
        assert feed.next_at == schedule.planned("*/5 * * * *", feed.pk, back)
    with clock.set_to(back + timedelta(minutes=6)):
        assert len(drive()) == 1


def test_kill_in_the_middle_loses_nothing_and_doubles_nothing(
    city: City, ada: Actor, service: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.says["/levels"] = Said(rows(1.1, 1.2, 1.3, 1.4, 1.5, 1.6))
    feed = made(service, ada)
    monkeypatch.setattr(work, "PART", 2)
    whole = taking.bring

    def cut(*said: object, **more: object) -> dict[int, str]:
        found = whole(*said, **more)  # type: ignore[arg-type]
        if len(stored(city)) == 4:
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(taking, "bring", cut)
    with pytest.raises(KeyboardInterrupt):
        drive()
    monkeypatch.setattr(taking, "bring", whole)
    assert (len(stored(city)), Run.objects.count()) == (4, 0)
    assert drive() == [], "another worker waits until the lease is over"
    with clock.set_to(NOON + work.LEASE):
        run = fetched(feed)
    assert counted(run) == (Outcome.TAKEN, 2, 4, 0)
    assert stored(city) == [1.1, 1.2, 1.3, 1.4, 1.5, 1.6]


def test_who_lost_the_lease_writes_nothing_down(city: City, ada: Actor, service: Peer) -> None:
    service.says["/levels"] = Said(rows(1.5))
    feed = made(service, ada)
    (leased,) = work.lease(1)
    attempt = work.Attempt(leased)
    wanted = attempt.prepare()
    assert wanted is not None
    came = answer(leased, wanted)
    Feed.objects.update(holder="somebody else")
    attempt.end(came)
    assert Run.objects.count() == 0
    assert stored(city) == []
    feed.refresh_from_db()
    assert (feed.holder, feed.fetched_at) == ("somebody else", None)


def test_one_lease_at_a_time(city: City, ada: Actor, service: Peer) -> None:
    feeds = [made(service, ada, name=f"Nguồn {n}") for n in range(3)]
    first, second = work.lease(2), work.lease(8)
    assert sorted(feed.pk for feed in first + second) == [feed.pk for feed in feeds]
    assert work.lease(8) == []
    assert not work.is_due()


def test_paused_feeds_rest_and_revoked_ones_say_so(city: City, ada: Actor, service: Peer) -> None:
    service.says["/levels"] = Said(rows(1.5))
    feed = made(service, ada)
    token = Token.objects.get(name=feed.way)
    assert (token.is_program, token.things) == (True, None)
    people.revoke_token(feed.way, by=taking.BY)
    assert (fetched(feed).fault, stored(city)) == ("revoked", [])
    actions.turn_off(feed, by=ada)
    with clock.set_to(NOON + timedelta(days=1)):
        assert drive() == []
        actions.turn_on(feed, by=ada)
        assert counted(fetched(feed)) == (Outcome.TAKEN, 1, 0, 0)


def test_store_that_is_away_is_no_fault_of_the_peer(
    city: City, ada: Actor, service: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.says["/levels"] = Said(rows(1.5))
    feed = made(service, ada)

    def away(*said: object, **more: object) -> dict[int, str]:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(taking, "bring", away)
        assert fetched(feed).fault == "not_kept"
    assert feed.digest == "", "the same answer is taken once it can be kept"
    with clock.set_to(NOON + timedelta(minutes=7)):
        assert counted(fetched(feed)) == (Outcome.TAKEN, 1, 0, 0)


def test_administrator_of_one_commune_fills_his_own_stations(city: City, ada: Actor, service: Peer) -> None:
    eva = actor("eva", city.east, ("telemetry.arrange",))
    service.says["/levels"] = Said(rows(1.5))
    feed = made(service, eva)
    assert Token.objects.get(name=feed.way).things == ["rain"]
    run = fetched(feed)
    assert (run.new, run.reasons) == (0, {"outside": 1})
    assert stored(city) == []


def test_what_a_service_leaves_out_is_named(city: City, ada: Actor, service: Peer) -> None:
    service.says["/levels"] = Said(b'{"t": "2026-11-21 10:00", "w": 1.5}')
    wide = Mapping(form="wide", sheet="$", time="t", columns={"w": "gauge/level", "r": "rain/rain"})
    run = fetched(made(service, ada, mapping=wide))
    assert (run.new, run.lacking) == (1, ["r"])


@pytest.mark.slow
def test_history_is_bounded(city: City, ada: Actor, service: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "RUNS_KEPT", 3)
    service.says["/levels"] = Said(rows(1.5))
    made(service, ada)
    for number in range(6):
        with clock.set_to(NOON + timedelta(minutes=6 * number)):
            drive()
    assert [run.outcome for run in Run.objects.order_by("pk")] == [Outcome.UNCHANGED] * 3


def test_csv_is_read_as_files_are(city: City, ada: Actor, service: Peer) -> None:
    text = "\ufeffThời gian;Trạm;Mực nước (cm)\n21/11/2026 07:00;Cầu Gỗ;1.234,5\n"
    service.says["/levels"] = Said(text.encode(), headers={"Content-Type": "application/octet-stream"})
    said = Mapping(time="Thời gian", thing="Trạm", things={"Cầu Gỗ": "gauge"}, fixed_series="level",
                   value="Mực nước (cm)", scale=0.01)  # fmt: skip
    fetched(made(service, ada, mapping=said))
    assert stored(city) == [12.345]
    assert msgspec.to_builtins(LONG)["sheet"] == "$.data"
