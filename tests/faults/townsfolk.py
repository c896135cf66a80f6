"""Who is warned in a town, and what reached them: browsers by push, heads of villages by text message.

As a program it arranges them in a town's store: `python -m tests.faults.townsfolk JSON`.
"""

from __future__ import annotations

import http.client
import json
import queue
import random
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import django
from cryptography.hazmat.primitives.asymmetric import ec

from tests.faults.teller import BROWSER, subscribe
from tests.peers.gateway import MAPPING, Gateway, gateway
from tests.peers.push import CURVE, Keys, PushService, push_service
from tests.running import ROOT, SLOWER, Program

HEADLINE = "Lũ lên số {}"
NUMBER = re.compile(r"Lũ lên số (\d+)\b")
"""By which a copy tells of which warning it is, whatever carries it."""
WIRE = 5.0 * SLOWER
"""Seconds for which a copy may have been on its way, or its arrival not noted, when its sender died."""


@dataclass(frozen=True)
class Folk:
    """Whom the town has: codes of units, and for each so many browsers and heads."""

    units: Sequence[str]
    browsers: int
    heads: int

    def of(self, units: Sequence[str]) -> set[str]:
        """Everybody whom a warning for these units must reach, once on each channel."""
        found = set()
        for at in (self.units.index(code) for code in units):
            found |= {f"/ok/{at * self.browsers + n}" for n in range(self.browsers)}
            found |= {phone(at * self.heads + n) for n in range(self.heads)}
        return found


def phone(number: int) -> str:
    """The telephone of a head, as the gateway hears it."""
    return f"84914{number:06}"


@dataclass
class Received:
    """The ledger on the receiving side."""

    push: PushService
    sms: Gateway
    copies: dict[tuple[str, int], list[tuple[float, str]]] = field(default_factory=lambda: defaultdict(list))
    """By who and which warning: when each copy came, and under which key."""
    receipts: queue.Queue[dict[str, Any]] = field(default_factory=queue.Queue)
    strange: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.push.keys_of = lambda _path: BROWSERS
        self.push.heard = lambda path, text, headers: self._note(path, text["title"], headers["topic"])
        self.sms.tell = self._texted

    def _texted(self, said: dict[str, Any]) -> None:
        text = self.sms.texts[said["id"]]
        self._note(text["to"], text["text"], said["id"])
        self.receipts.put(said)

    def _note(self, who: str, text: str, key: str) -> None:
        number = NUMBER.search(text)
        if number is None:
            self.strange.append(text)
        else:
            self.copies[who, int(number[1])].append((time.monotonic(), key))

    @property
    def count(self) -> int:
        """Copies that came so far."""
        return sum(len(came) for came in list(self.copies.values()))

    @property
    def second(self) -> int:
        """How many of them were second ones."""
        return self.count - len(self.copies)

    def unexplained(self, kills: Sequence[tuple[float, float]]) -> list[tuple[str, int]]:
        """Who got a copy under another key, or a second one although nobody was killed since the first."""
        wrong = []
        for whom, came in self.copies.items():
            times = sorted(at for at, _key in came)
            explained = all(
                any(first - WIRE <= over and begun <= then for begun, over in kills)
                for first, then in pairwise(times)
            )
            if len({key for _at, key in came}) > 1 or not explained:
                wrong.append(whom)
        return wrong


BROWSERS = Keys(ec.derive_private_key(BROWSER, CURVE), bytes(16))


@contextmanager
def receiving() -> Iterator[Received]:
    """Both peers on free ports."""
    with push_service() as push, gateway() as sms:
        yield Received(push, sms)


def variables(received: Received) -> dict[str, str]:
    """With which a program may reach the peers."""
    return {"EGRESS_ALLOW": "127.0.0.0/8", "PUSH_HOSTS": f"127.0.0.1:{received.push.port}"}


@contextmanager
def receipts_told(received: Received, port: int, secret: str, chance: random.Random) -> Iterator[None]:
    """The gateway tells the web role of that port what became of its texts: until it is heard, some twice."""
    over = threading.Event()

    def tell() -> None:
        url = f"http://127.0.0.1:{port}/hooks/messages/sms/{secret}"
        while not over.is_set():
            try:
                said = received.receipts.get(timeout=0.2)
            except queue.Empty:
                continue
            body, head = json.dumps(said).encode(), {"Content-Type": "application/json"}
            for _ in range(chance.choice((1, 1, 2))):
                while not over.is_set():
                    try:
                        urllib.request.urlopen(urllib.request.Request(url, body, head), timeout=20).close()
                        break
                    except (OSError, http.client.HTTPException):
                        time.sleep(0.1)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(30)


def arrange(program: Program, received: Received, folk: Folk, **more: str) -> str:
    """Set channels up and write the folk down in a program's store; the secret of the gateway's receipts."""
    said: dict[str, Any] = {"push": str(received.push.port), "units": list(folk.units)}
    said |= {"browsers": folk.browsers, "heads": folk.heads}
    said |= {"sms": {**MAPPING, "url": received.sms.url, **more}}
    return run(program, "tests.faults.townsfolk", json.dumps(said)).split()[-1]


def run(program: Program, module: str, *words: str) -> str:
    """A module as a program on the store of another; what it printed."""
    env = {**program.environment, "DJANGO_SETTINGS_MODULE": "toancanh.site.settings"}
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=300 * SLOWER)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _arrange(said: Mapping[str, Any]) -> None:
    from tests.city import BY
    from toancanh.kernel.contacts import actions
    from toancanh.kernel.contacts.facts import Facts, addresses
    from toancanh.kernel.contacts.models import Kind
    from toancanh.kernel.notify import setups
    from toancanh.kernel.territory import queries as territory

    setups.change("webpush", {"contact": "it@hue.gov.vn"}, is_on=True, by=BY)
    sms = setups.change("sms", said["sms"], is_on=True, by=BY)
    for at, code in enumerate(said["units"]):
        unit = territory.in_force().get(code=code)
        first = at * said["browsers"]
        subscribe(said["push"], range(first, first + said["browsers"]), code)
        for n in range(at * said["heads"], (at + 1) * said["heads"]):
            facts = Facts(
                kind=Kind.HEAD,
                name="Nguyễn Văn " + "".join("abcdefghij"[int(digit)] for digit in str(n)).title(),
                post="Trưởng thôn",
                unit=unit,
                neighbourhood=actions.found(unit, f"Thôn {n}", by=BY),
                addresses=addresses(f"+{phone(n)}", "", ""),
            )
            actions.add(facts, by=BY)
    print(setups.values(sms)["hook_secret"])


if __name__ == "__main__":
    django.setup()
    _arrange(json.loads(sys.argv[1]))
