"""Zalo: tokens that are good once and soon over, messages, templates, signed events."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.peers.web import Asked, Said, web

APP, APP_SECRET, OA_SECRET = "4012", "app-secret", "oa-secret"


@dataclass
class ZaloPeer:
    """A running Zalo and what reached it."""

    port: int = 0
    access: str = "access-0"
    refresh: str = "refresh-0"
    renewed: int = 0
    followers: Counter[str] = field(default_factory=Counter)
    numbers: Counter[str] = field(default_factory=Counter)
    told: list[dict[str, Any]] = field(default_factory=list)
    error: Callable[[dict[str, Any]], int] = lambda _said: 0

    def url(self, path: str) -> str:
        """The address of a path here."""
        return f"http://127.0.0.1:{self.port}{path}"

    def answer(self, asked: Asked) -> Said:
        """What Zalo says: always with status 200."""
        if asked.path == "/token":
            form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
            is_known = form == {"refresh_token": self.refresh, "app_id": APP, "grant_type": "refresh_token"}
            if not is_known or asked.headers.get("secret_key") != APP_SECRET:
                return Said(body={"error": -14014, "error_description": "Invalid refresh token"})
            self.renewed += 1
            self.access, self.refresh = f"access-{self.renewed}", f"refresh-{self.renewed}"
            tokens = {"access_token": self.access, "refresh_token": self.refresh, "expires_in": "90000"}
            return Said(body=tokens)
        is_template = asked.path == "/template"
        if asked.headers.get("access_token") != self.access:
            return Said(body={"error": -124 if is_template else -216, "message": "Access token is invalid"})
        said = asked.json
        code = self.error(said)
        if code:
            return Said(body={"error": code, "message": "no"})
        self.told.append(said)
        if is_template:
            self.numbers[said["tracking_id"]] += 1
            return Said(body={"error": 0, "message": "Success", "data": {"msg_id": f"zns-{len(self.told)}"}})
        self.followers[said["recipient"]["user_id"]] += 1
        return Said(body={"error": 0, "message": "Success", "data": {"message_id": f"oa-{len(self.told)}"}})


def event(
    message: dict[str, str], name: str = "user_received_message", secret: str = OA_SECRET
) -> tuple[bytes, str]:
    """Body and signature of an event as Zalo sends it."""
    body = json.dumps(
        {"app_id": APP, "event_name": name, "message": message, "timestamp": "1795412345678"}
    ).encode()
    mac = hashlib.sha256(APP.encode() + body + b"1795412345678" + secret.encode()).hexdigest()
    return body, f"mac={mac}"


@contextmanager
def zalo() -> Iterator[ZaloPeer]:
    """Zalo on a free port of this machine."""
    made = ZaloPeer()
    with web(lambda asked: made.answer(asked)) as port:
        made.port = port
        yield made
