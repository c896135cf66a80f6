"""Files given to child processes, one after another; what a file does to its reader, it does not do to us."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from typing import BinaryIO, cast

import msgspec

from toancanh.kernel.files.messages import Answer, Bad, Job, read_answer, receive, send

CHILD = "toancanh.kernel.files.child"
MOST = 2
"""Children at once: each may take its share of memory."""
FILES = 100
"""After so many a child gives place to a fresh one."""
IDLE = 30.0
SECONDS = 120.0
"""For one file, on a busy machine; of the processor itself the child has less."""


PASSED = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")


class Broken(Exception):
    """The child ended over the file (too slow, too large, the decoder fell), or none could be started."""


class Workshop:
    """A few children, started when somebody asks and let go when nobody does for a while."""

    def __init__(self, most: int = MOST) -> None:
        self._turn = threading.Semaphore(most)
        self._lock = threading.Lock()
        self._resting: list[_Child] = []
        self._letting_go: threading.Timer | None = None

    def do(self, job: Job) -> Answer:
        """The child's answer; raises Broken where it gave none."""
        with self._turn:
            try:
                child = self._take()
            except OSError as fault:
                raise Broken from fault
            try:
                answer = child.ask(job)
            except (OSError, EOFError, msgspec.DecodeError) as fault:
                child.end()
                raise Broken from fault
            self._give_back(child)
            return answer

    def close(self) -> None:
        """End the children that rest."""
        with self._lock:
            resting, self._resting = self._resting, []
            if self._letting_go is not None:
                self._letting_go.cancel()
        for child in resting:
            child.end()

    def _take(self) -> _Child:
        with self._lock:
            if self._letting_go is not None:
                self._letting_go.cancel()
            while self._resting:
                child = self._resting.pop()
                if child.is_living:
                    return child
        return _Child()

    def _give_back(self, child: _Child) -> None:
        if child.done >= FILES:
            return child.end()
        with self._lock:
            self._resting.append(child)
            if self._letting_go is not None:
                self._letting_go.cancel()
            self._letting_go = threading.Timer(IDLE, self.close)
            self._letting_go.daemon = True
            self._letting_go.start()


class _Child:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", CHILD],
            # Not ours: it holds passwords.
            env={name: os.environ[name] for name in PASSED if name in os.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.done = 0

    @property
    def is_living(self) -> bool:
        return self._process.poll() is None

    def ask(self, job: Job) -> Answer:
        # Ended by its own clock, a child that hangs closes the pipe on which we wait.
        late = threading.Timer(SECONDS, self._process.kill)
        late.start()
        try:
            send(job, cast(BinaryIO, self._process.stdin))
            said = receive(cast(BinaryIO, self._process.stdout))
        finally:
            late.cancel()
        if not said:
            raise EOFError
        self.done += 1
        return read_answer.decode(said)

    def end(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                cast(BinaryIO, pipe).close()
        self._process.wait()


workshop = Workshop()
"""That of this process."""


def asked(job: Job) -> Answer:
    """The answer of a child of this process; one that broke is told as a fault of the file."""
    try:
        return workshop.do(job)
    except Broken:
        return Bad("broken")
