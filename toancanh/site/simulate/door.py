"""The client's side of the public door: one connection kept open, and a clear word on what may be retried."""

import hashlib
import http.client
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Row = Mapping[str, Any]

_TRY_LATER = frozenset({408, 425, 429, 500, 502, 503, 504, 507})
_ANSWER_LIMIT = 64 * 1024 * 1024


class Unreachable(Exception):
    """Nothing was acknowledged: the same request is to be sent again, not before ``after`` seconds."""

    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


class TurnedAway(Exception):
    """The door answered, and asking again would change nothing."""

    def __init__(self, status: int, answer: str) -> None:
        super().__init__(f"HTTP {status}: {answer}")
        self.status = status


@dataclass(frozen=True)
class Receipt:
    """What became of the rows of one acknowledged batch."""

    accepted: int
    rejected: Sequence[Mapping[str, Any]]


class Door:
    """A token, an address and the connection to it."""

    def __init__(self, url: str, token: str, timeout_s: float = 15.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{url} is no http address.")
        self._parts = parts
        self._token = token
        self._timeout_s = timeout_s
        self._connection: http.client.HTTPConnection | None = None

    def things(self) -> list[dict[str, Any]]:
        """Everything the public may read, all pages."""
        items: list[dict[str, Any]] = []
        path: str | None = "/api/v1/things"
        while path:
            page = self._ask("GET", path, None, {})
            if not isinstance(page, dict) or not isinstance(page.get("items"), list):
                raise TurnedAway(200, f"{path} is not a page of things")
            items += page["items"]
            path = page.get("next")
        return items

    def observe(self, rows: Sequence[Row]) -> Receipt:
        """Hand in a batch. The key follows from the content: the same batch again is the same request."""
        body = json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self._token}",
            "Idempotency-Key": hashlib.sha256(body).hexdigest()[:32],
        }
        answer = self._ask("POST", "/api/v1/observations", body, headers)
        if not isinstance(answer, dict) or not isinstance(answer.get("accepted"), int):
            raise Unreachable("the acknowledgement cannot be read")
        return Receipt(answer["accepted"], answer.get("rejected") or [])

    def close(self) -> None:
        """Drop the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> object:
        kept_open = self._connection is not None
        try:
            return self._exchange(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if not kept_open or isinstance(error, TimeoutError):
                raise Unreachable(f"{type(error).__name__}: {error}") from error
        # A server may close an idle connection at any time: that alone is no reason to wait.
        try:
            return self._exchange(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unreachable(f"{type(error).__name__}: {error}") from error

    def _exchange(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> object:
        connection = self._connection or self._connect()
        connection.request(method, self._parts.path.rstrip("/") + path, body, dict(headers))
        response = connection.getresponse()
        answer = response.read(_ANSWER_LIMIT)
        if response.will_close:
            self.close()
        if response.status == 200:
            try:
                content: object = json.loads(answer)
            except ValueError as error:
                raise Unreachable("the answer is not JSON") from error
            return content
        if response.status in _TRY_LATER:
            after = response.headers.get("Retry-After", "0")
            raise Unreachable(f"HTTP {response.status}", float(after) if after.isdigit() else 0.0)
        raise TurnedAway(response.status, answer[:300].decode("utf-8", "replace"))

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(self._parts.hostname or "", self._parts.port, timeout=self._timeout_s)
        return self._connection
