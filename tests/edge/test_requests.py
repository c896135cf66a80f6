"""Whatever comes over the wire is answered with a stated status, and honest callers notice nothing."""

from __future__ import annotations

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.edge.conftest import House
from tests.edge.wire import Answer, ask, connect, memory_mb, open_temporary, pour, read, send, until, wait

pytestmark = [pytest.mark.xdist_group("edge"), pytest.mark.slow]
MB = 1_000_000


def healthy(house: House) -> None:
    """The program still answers at once."""
    start = time.monotonic()
    assert ask(house.port, "/healthz").status == 200
    assert time.monotonic() - start < 2


def head(path: str, length: int | None, method: str = "POST", **headers: str) -> bytes:
    """A request's head; chunked where no length is given."""
    told = {"Host": "localhost", **{k.replace("_", "-"): v for k, v in headers.items()}}
    told["Transfer-Encoding" if length is None else "Content-Length"] = (
        "chunked" if length is None else str(length)
    )
    return (
        f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in told.items()) + "\r\n"
    ).encode()


def test_400_mb_for_nowhere_are_refused_unread(house: House) -> None:
    before = memory_mb(house.pid)
    held: list[str] = []
    most = [before]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            held.extend(open_temporary(house.pid))
            most.append(memory_mb(house.pid))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        answer, written = pour(house.port, head("/nowhere", 400 * MB), 400 * MB)
    finally:
        done.set()
        watcher.join(10)
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert held == []
    assert max(most) - before < 30
    assert written >= 100 * MB
    healthy(house)


def test_endless_get_body_is_refused(house: House) -> None:
    answer, _ = pour(house.port, head("/", 50 * MB, "GET"), 50 * MB)
    assert answer.status == 400


@pytest.mark.parametrize(
    ("path", "status"), [("/sign-in/", 413), ("/language/", 413), ("/api/v1/observations", 413)]
)
def test_100_mb_are_told_as_too_much(house: House, path: str, status: int) -> None:
    before = memory_mb(house.pid)
    auth = {"Authorization": f"Bearer {house.token}"}
    answer, _ = pour(house.port, head(path, 100 * MB, **auth), 100 * MB)
    assert answer.status == status
    assert memory_mb(house.pid) - before < 40
    healthy(house)


@pytest.mark.parametrize("path", ["/sign-in/", "/api/v1/observations"])
def test_endless_chunks_are_told_as_too_much(house: House, path: str) -> None:
    before = memory_mb(house.pid)
    chunk = b"40000\r\n" + b"x" * 0x40000 + b"\r\n"
    with connect(house.port, 30) as wire:
        wire.sendall(head(path, None, Authorization=f"Bearer {house.token}"))
        try:
            for _ in range(200):
                wire.sendall(chunk)
        except (ConnectionResetError, BrokenPipeError):
            pass
        answer = read(wire)
    assert answer.status == 413
    assert memory_mb(house.pid) - before < 60


def slow_body(house: House, path: str = "/api/v1/observations") -> None:
    """It is told after ten seconds that it is too slow."""
    start = time.monotonic()
    with connect(house.port, 30) as wire:
        wire.sendall(head(path, 1000, Authorization=f"Bearer {house.token}") + b"x")
        wire.settimeout(1.0)
        answer = Answer(0, {}, b"")
        while time.monotonic() - start < 20 and answer.status == 0:
            try:
                wire.sendall(b"x")
            except OSError:
                break
            answer = read(wire)
    assert answer.status == 408
    assert 8 < time.monotonic() - start < 14


def slow_form(house: House) -> None:
    """So is a form."""
    slow_body(house, "/sign-in/")


def half_open_heads(house: House) -> None:
    """A hundred are closed, and good requests stay fast."""
    start = time.monotonic()
    wires = [connect(house.port, 30) for _ in range(100)]
    for number, wire in enumerate(wires):
        wire.sendall(b"" if number % 2 else b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    slowest = 0.0
    for _ in range(20):
        asked = time.monotonic()
        assert ask(house.port, "/healthz").status == 200
        slowest = max(slowest, time.monotonic() - asked)
        time.sleep(0.1)
    assert slowest < 1
    for wire in wires:
        wire.settimeout(max(0.1, 14 - (time.monotonic() - start)))
        try:
            while wire.recv(4096):
                pass
        except ConnectionResetError:
            pass
        wire.close()
    assert time.monotonic() - start < 14


def dripping_head(house: House) -> None:
    """A head that grows line by line is let go."""
    start = time.monotonic()
    with connect(house.port, 1) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        while time.monotonic() - start < 20:
            try:
                wire.sendall(b"X-Drip: 1\r\n")
                wire.settimeout(0.5)
                if wire.recv(100) is not None:
                    break
            except TimeoutError:
                continue
            except OSError:
                break
    assert 8 < time.monotonic() - start < 14


def second_request(house: House) -> None:
    """The second request of a connection has the same deadline."""
    with connect(house.port, 20) as wire:
        wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read(wire).status == 200
        start = time.monotonic()
        wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: loc")
        while wire.recv(4096):
            pass
    assert 8 < time.monotonic() - start < 14


def test_whoever_is_slow_is_let_go_after_ten_seconds(house: House) -> None:
    slow = (slow_body, slow_form, half_open_heads, dripping_head, second_request)
    # All at once: each of them waits for its deadline.
    with ThreadPoolExecutor(len(slow)) as pool:
        for done in [pool.submit(client, house) for client in slow]:
            done.result()
    healthy(house)


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n"
        + b"".join(b"X-%d: 1\r\n" % n for n in range(20_000))
        + b"\r\n",
        b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
    ids=["one long header", "many headers", "long address"],
)
def test_bomb_of_a_head_is_refused(house: House, raw: bytes) -> None:
    before = memory_mb(house.pid)
    answer = send(house.port, raw)
    assert answer.status == 431
    assert memory_mb(house.pid) - before < 20
    healthy(house)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40,
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"nonsense nonsense nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon here\r\n\r\n",
        b"POST /sign-in/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: ten\r\n\r\n",
        b"POST /sign-in/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /sign-in/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /sign-in/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /sign-in/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n\r\n",
    ],
)
def test_garbage_is_answered_400(house: House, raw: bytes) -> None:
    assert send(house.port, raw).status == 400
    healthy(house)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/%00", 400),
        ("/things/%00/", 400),
        ("/%", 404),
        ("/%zz", 404),
        ("/%c0%ae%c0%ae/", 404),
        ("/../../etc/passwd", 404),
        ("/static/../../../etc/passwd", 404),
        ("/static/%2e%2e/%2e%2e/settings.py", 404),
        ("/static//etc/passwd", 404),
        ("/static/web/nothing.js", 404),
        ("//evil.example/", 404),
        ("/things/" + "a" * 5000 + "/", 404),
        ("/search?q=%00", 200),
        ("/search?q=%ff%fe", 200),
        ("/search?q=%F0%9F%8C%8A", 200),
        ("/?" + "a=1&" * 5000, 400),
    ],
)
def test_odd_address_has_its_answer(house: House, path: str, status: int) -> None:
    answer = ask(house.port, path)
    assert answer.status == status
    assert b"root:" not in answer.body
    assert b"SECRET" not in answer.body


def test_address_with_raw_letters_beyond_ascii_is_answered(house: House) -> None:
    for raw in ("GET /search?q=Dương HTTP/1.1", "GET /phường HTTP/1.1"):
        status = send(house.port, raw.encode() + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n").status
        assert 200 <= status < 500


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/", "/api/v1/things", "/live", "/live/poll", "/healthz", "/console/"])
def test_method_outside_the_door_is_405(house: House, method: str, path: str) -> None:
    answer = ask(house.port, path, method)
    assert answer.status == 405
    assert answer.headers["allow"] == "get, head"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_observations_take_post_alone(house: House, method: str) -> None:
    answer = ask(house.port, "/api/v1/observations", method)
    assert (answer.status, answer.headers["allow"]) == (405, "post")


@pytest.mark.parametrize("path", ["/", "/api/v1/things", "/healthz", "/live/poll", "/boundaries/46.json"])
def test_head_has_no_body(house: House, path: str) -> None:
    with connect(house.port) as wire:
        wire.sendall(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        data = b""
        while part := wire.recv(65536):
            data += part
    top, _, body = data.partition(b"\r\n\r\n")
    assert top.startswith(b"HTTP/1.1 200")
    assert body == b""


@pytest.mark.parametrize("path", ["/live"])
def test_head_of_the_stream_ends(house: House, path: str) -> None:
    start = time.monotonic()
    assert ask(house.port, path, "HEAD").status == 200
    assert time.monotonic() - start < 2


def test_client_that_waits_for_100_is_told_to_go_on(house: House) -> None:
    body = b"[]"
    raw = head(
        "/api/v1/observations", len(body), Authorization=f"Bearer {house.token}", Expect="100-continue"
    )
    with connect(house.port, 5) as wire:
        wire.sendall(raw)
        assert wire.recv(100).startswith(b"HTTP/1.1 100")
        wire.sendall(body)
        assert read(wire).json == {"accepted": 0, "rejected": []}


def test_host_that_is_not_ours_is_refused(house: House) -> None:
    answer = send(house.port, b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
    assert answer.status in (400, 421)
    assert b"evil.example" not in answer.body


def observed(value: float, minutes: int = 0) -> bytes:
    """One reading of Kim Long."""
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=minutes)
    return json.dumps(
        [{"thing": "hue-kim-long", "series": "level", "time": at.isoformat(), "value": value}]
    ).encode()


def test_token_revoked_by_another_process_is_refused_at_once(house: House) -> None:
    token = house.program.token("to be revoked")
    auth = {"Authorization": f"Bearer {token}"}
    assert ask(house.port, "/api/v1/observations", "POST", observed(0.5, 3), **auth).status == 200
    house.program.do("token", "revoke", "to be revoked")
    answer = ask(house.port, "/api/v1/observations", "POST", observed(0.6, 4), **auth)
    assert (answer.status, answer.json["code"]) == (401, "unauthorized")


def test_reading_is_told_on_the_stream_and_read_back(house: House) -> None:
    with connect(house.port, 10) as wire:
        wire.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(wire, rb"retry: 3000")
        auth = {"Authorization": f"Bearer {house.token}"}
        answer = ask(house.port, "/api/v1/observations", "POST", observed(2.22), **auth)
        assert answer.json == {"accepted": 1, "rejected": []}
        told = rb'data: ({"cursor":.*"hue-kim-long".*})\n\n'
        found = re.search(told, until(wire, told))
    assert found is not None
    said = json.loads(found[1])
    assert [(r[0], r[3], r[5]) for r in said["readings"]] == [("hue-kim-long", 2.22, 2)]
    latest = ask(house.port, "/api/v1/things/hue-kim-long").json["latest"]["level"]
    assert (latest["value"], latest["quality"]) == (2.22, "good")


def test_streams_that_were_left_are_let_go(house: House) -> None:
    def held() -> int:
        return len(list(Path(f"/proc/{house.pid}/fd").iterdir()))

    before = held()
    for _ in range(30):
        wire = connect(house.port, 5)
        wire.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wire.recv(100)
        wire.close()

    assert wait(lambda: held() < before + 15, 12)
    healthy(house)


def test_program_wrote_no_fault_of_its_own(house: House) -> None:
    """Last of the module: whatever was sent above, nothing was our own fault."""
    log = (house.program.folder / "log.txt").read_text()
    assert "Traceback" not in log


def test_file_of_a_stranger_is_refused_unread(house: House) -> None:
    before = memory_mb(house.pid)
    upload = head("/console/imports/upload", 20 * MB, Content_Type="multipart/form-data; boundary=x")
    answer, _ = pour(house.port, upload, 20 * MB)
    assert (answer.status, answer.headers["location"]) == (303, "/sign-in/?next=/console/")
    forged = ask(house.port, "/console/imports/upload", "POST", b"x" * 1000, Cookie="toancanh_session=abc")
    assert forged.status == 303
    larger, _ = pour(house.port, head("/console/imports/upload", 30 * MB), 30 * MB)
    assert larger.status == 303
    assert memory_mb(house.pid) - before < 30
    healthy(house)
