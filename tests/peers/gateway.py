"""A gateway for texts and calls: receipts come late, early, twice or never, and it fails at will."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.peers.web import Asked, Said, web

Tell = Callable[[dict[str, Any]], None]


@dataclass
class Gateway:
    """A running gateway and what reached it."""

    port: int = 0
    taken: Counter[str] = field(default_factory=Counter)
    """Copies by our reference: more than one is a second copy."""
    texts: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: int = 0
    how: Callable[[dict[str, Any]], Said | None] = lambda _said: None
    """What it answers instead of taking a copy."""
    tell: Tell | None = None
    """Called with a receipt before the answer leaves."""
    states: dict[str, str] = field(default_factory=dict)
    """What it says to whoever asks, by its own number."""
    answers: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Where texts are handed in."""
        return f"http://127.0.0.1:{self.port}/send"

    @property
    def poll_url(self) -> str:
        """Where it is asked for receipts."""
        return f"http://127.0.0.1:{self.port}/state?number={{peer_id}}"

    def answer(self, asked: Asked) -> Said:
        """Take a text, or say what became of one."""
        if asked.path.startswith("/state"):
            return Said(body={"state": self.states.get(asked.path.partition("number=")[2], "sent")})
        said = asked.json
        with self._lock:
            self.asked += 1
            instead = self.how(said)
            if instead is not None and not instead.hangs_up:
                return instead
            self.taken[said["id"]] += 1
            self.texts[said["id"]] = {**said, "headers": asked.headers}
            number = f"sms-{len(self.taken)}"
        if self.tell is not None:
            self.tell({"id": said["id"], "number": number, "state": "DELIVRD"})
        return instead or Said(body={"code": 0, "data": {"number": number}})

    def answered(self, number: str, text: str) -> dict[str, str]:
        """What it passes on when the owner of a number sends something back."""
        with self._lock:
            self.answers += 1
            return {"sender": number, "content": text, "number": f"mo-{self.answers}"}


@contextmanager
def gateway(port: int = 0) -> Iterator[Gateway]:
    """A gateway on a free port of this machine."""
    made = Gateway()
    with web(lambda asked: made.answer(asked), port) as found:
        made.port = found
        yield made


MAPPING = {
    "format": "json",
    "method": "POST",
    "body": '{"to": "{phone84}", "text": "{text}", "id": "{id}", "from": "{sender}"}',
    "headers": "Authorization: Bearer {secret}",
    "sender": "UBND HUE",
    "secret": "một-khóa".encode("ascii", "ignore").decode(),
    "ok_path": "code",
    "ok_words": "0",
    "final_words": "7",
    "error_path": "message",
    "id_path": "data.number",
    "hook_id": "ours",
    "hook_id_path": "id",
    "hook_path": "state",
    "received_words": "DELIVRD, seen",
    "failed_words": "UNDELIV",
    "reply_number_path": "sender",
    "reply_text_path": "content",
    "reply_id_path": "number",
    "per_second": "500",
}
"""How this gateway is spoken to."""
