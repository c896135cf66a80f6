"""A crowd of gateways that each send the next post as soon as they have an answer, whatever it says.

It is a process of its own: were its threads those of the interpreter in which the officer waits for pages,
their bodies of half a million characters would take his turns. It ends with its input, printing its ledger.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.faults.senders import SECOND, rfc3339
from tests.running import ROOT
from toancanh.kernel.runtime.clock import to_us

FIRST, THINGS, MOMENTS = 101, 100, 100
"""Each post brings so many moments of the things t101, t102 …"""


@dataclass
class Book:
    """What a crowd was told: answers by status, what may never be, and moments that were acknowledged."""

    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)


@contextmanager
def pressing(port: int, token: str, members: int) -> Iterator[Book]:
    """The crowd at work; afterwards the book is filled."""
    book = Book()
    crowd = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.crowd", str(port), token, str(members)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield book
        said, _nothing = crowd.communicate(timeout=120)
    finally:
        crowd.kill()
        crowd.wait(30)
    told = json.loads(said)
    book.answers.update(told["answers"])
    book.wrong += told["wrong"]
    book.acknowledged += told["acknowledged"]


class Member(threading.Thread):
    """One connection."""

    def __init__(self, port: int, token: str, number: int, is_ending: threading.Event) -> None:
        super().__init__(daemon=True)
        self.book = Book()
        self._is_ending = is_ending
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}"}
        # A day of its own.
        self._moment = to_us(datetime.now(UTC).replace(microsecond=0) - timedelta(days=10 + number))
        row = '{"thing":"t%d","series":"level","time":"@","value":%s}'
        self._form = ",".join(row % (n, n / 8) for n in range(FIRST, FIRST + THINGS))

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        while not self._is_ending.is_set():
            moments = [self._moment + n * SECOND for n in range(MOMENTS)]
            self._moment += MOMENTS * SECOND
            body = "[" + ",".join(self._form.replace("@", rfc3339(moment)) for moment in moments) + "]"
            try:
                connection.request("POST", "/api/v1/observations", body, self._headers)
                answer = connection.getresponse()
                said = answer.read()
            except (OSError, http.client.HTTPException):
                self.book.answers["broken"] += 1
                connection.close()
                continue
            self.book.answers[str(answer.status)] += 1
            if answer.status == 200:
                if b'"rejected":[]' not in said:
                    self.book.wrong.append(said[:200].decode())
                self.book.acknowledged += moments
            elif not (answer.headers.get("Retry-After") or "").isdigit():
                self.book.wrong.append(f"{answer.status} without Retry-After")


def main() -> None:
    port, token, members = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    is_ending = threading.Event()
    crowd = [Member(port, token, number, is_ending) for number in range(members)]
    for member in crowd:
        member.start()
    sys.stdin.read()
    is_ending.set()
    for member in crowd:
        member.join(90)
    books = [member.book for member in crowd]
    told = {
        "answers": sum((book.answers for book in books), Counter()),
        "wrong": [wrong for book in books for wrong in book.wrong],
        "acknowledged": [moment for book in books for moment in book.acknowledged],
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
