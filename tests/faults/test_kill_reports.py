"""Killed between a photo and its report: what was acknowledged is there once, with photo and sender."""

from __future__ import annotations

import http.client
import io
import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest
from PIL import Image

from tests.faults.measure import seed, tell, times, whole
from tests.faults.town import Town
from tests.running import SLOWER, Program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.faults,
    pytest.mark.timeout(3600),
    pytest.mark.xdist_group("kill reports"),
]
KILLS = times(3, 50)
CITIZENS = 4
PATIENCE = 120.0 * SLOWER
JSON = {"Accept": "application/json"}
FORM = {**JSON, "Content-Type": "application/x-www-form-urlencoded"}
KEPT = """SELECT c.code, c.facts,
        count(DISTINCT p.id), count(DISTINCT s.id), count(DISTINCT e.id), count(DISTINCT f.id)
    FROM cases_case c
    LEFT JOIN cases_party p ON p.case_id = c.id
    LEFT JOIN reports_sending s ON s.case_id = c.id
    LEFT JOIN cases_event e ON e.case_id = c.id AND e.kind = 'opened'
    LEFT JOIN files_file f ON f.subject = 'case:' || c.id
    GROUP BY c.id, c.code"""
JOURNAL = "SELECT count(*), count(DISTINCT subject) FROM journal_entry WHERE action = 'cases.opened'"
FILES = "SELECT count(*), count(DISTINCT sha256) FROM files_file WHERE subject <> ''"


def multipart(key: str, content: bytes) -> tuple[bytes, dict[str, str]]:
    """A photo under its key, as a browser posts it."""
    edge = uuid.uuid4().hex
    parts = f'--{edge}\r\nContent-Disposition: form-data; name="key"\r\n\r\n{key}\r\n--{edge}\r\n'
    parts += (
        'Content-Disposition: form-data; name="photo"; filename="anh.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    )
    body = parts.encode() + content + f"\r\n--{edge}--\r\n".encode()
    return body, {**JSON, "Content-Type": f"multipart/form-data; boundary={edge}"}


@dataclass
class Book:
    """What citizens know: keys that they were told of as kept, with the code."""

    kept: dict[str, str] = field(default_factory=dict)
    between: int = 0
    """Killings that some citizen saw after his photo was acknowledged and before his report was."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, key: str, code: str, *, is_between: bool) -> None:
        with self._lock:
            self.kept[key] = code
            self.between += is_between


@dataclass
class Citizen:
    """Sends one report after the other, each as often as needed until it is acknowledged."""

    port: int
    number: int
    book: Book
    is_over: Callable[[], bool]
    fault: str = ""

    def run(self) -> None:
        """Until everything is over; a report that was begun is brought to its end."""
        sent = 0
        while not self.is_over() and not self.fault:
            sent += 1
            self.report(sent)

    def report(self, sent: int) -> None:
        drawn = io.BytesIO()
        Image.new("RGB", (24, 24), "red").save(drawn, "JPEG", comment=f"{self.number}-{sent}".encode())
        key, photo = str(uuid.uuid4()), str(uuid.uuid4())
        head = {"Cookie": self.until("GET", "/reports/new/", b"", {})[1].get("set-cookie", "").split(";")[0]}
        body, kind = multipart(photo, drawn.getvalue())
        self.until("POST", "/reports/photos/", body, {**head, **kind})
        said = {"key": key, "words": f"Nắp cống vỡ {self.number}-{sent}", "category": "water.drain"}
        text = urlencode({**said, "lon": "107.56", "lat": "16.457", "photos": photo}).encode()
        lost: list[object] = []
        answer, _head = self.until("POST", "/reports/new/", text, {**head, **FORM}, lost)
        self.book.note(key, str(answer["code"]), is_between=bool(lost))

    def until(
        self, method: str, path: str, body: bytes, head: Mapping[str, str], lost: list[object] | None = None
    ) -> tuple[dict[str, object], dict[str, str]]:
        """The answer of the first try that gets one; what was tried in vain is noted in ``lost``."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                line.request(method, path, body, dict(head))
                answer = line.getresponse()
                said, told = answer.read(), {key.lower(): value for key, value in answer.getheaders()}
            except (OSError, http.client.HTTPException) as fault:
                if lost is not None:
                    lost.append(fault)
                time.sleep(0.05)
                continue
            if answer.status == 200:
                return json.loads(said) if method == "POST" else {}, told
            # Busy or starting: again. Anything else is a fault of the product.
            if answer.status not in (429, 503):
                self.fault = f"{method} {path}: {answer.status} {said[:300]!r}"
                raise AssertionError(self.fault)
            time.sleep(0.2)
        self.fault = f"{method} {path}: no answer in time"
        raise AssertionError(self.fault)


def killed(program: Program, book: Book, chance: random.Random) -> None:
    """Kill it, half of the times as soon as something is acknowledged, and start it again."""
    for _turn in range(KILLS):
        had, end = len(book.kept), time.monotonic() + PATIENCE
        while len(book.kept) == had and time.monotonic() < end:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.3))
        program.kill()
        program.start()


@pytest.mark.parametrize(
    "where", ["town", pytest.param("town_on_postgres", marks=(pytest.mark.postgres, whole))]
)
def test_reports_with_photos_are_kept_once_wherever_it_is_killed(
    request: pytest.FixtureRequest, where: str
) -> None:
    town: Town = request.getfixturevalue(where)
    chosen = seed()
    (program,) = town.start("")
    book, over = Book(), threading.Event()
    citizens = [Citizen(program.port, n, book, over.is_set) for n in range(CITIZENS)]
    threads = [threading.Thread(target=one.run) for one in citizens]
    for thread in threads:
        thread.start()
    try:
        killed(program, book, random.Random(chosen))
    finally:
        over.set()
        for thread in threads:
            thread.join(PATIENCE)
    assert [one.fault for one in citizens if one.fault] == []
    rows = {code: (facts, rest) for code, facts, *rest in town.ask(KEPT)}
    assert set(rows) == set(book.kept.values())
    assert len(book.kept) == len(rows)
    for code, (facts, counts) in rows.items():
        # One sender, one sending, one beginning, one photo.
        assert counts == [1, 1, 1, 1], code
        pictures = (json.loads(facts) if isinstance(facts, str) else facts)["pictures"]
        assert len(pictures) == 1, code
    assert town.ask(JOURNAL) == [(len(rows), len(rows))]
    assert town.ask(FILES) == [(len(rows), len(rows))]
    assert len(rows) >= KILLS
    tell("kill while reports come", seed=chosen, kills=KILLS, reports=len(rows), lost=0, twice=0)
