"""Serves a folder of finished pages from memory: no database, no thread, nothing that a crowd could use up.

The pages stand as long as their files do, whatever becomes of the rest of the program. Their writer replaces
each file in one step; here a file is looked at again a second after it was last asked for.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

from toancanh.kernel.runtime.edge import Receive, Scope, Send
from toancanh.kernel.runtime.web import POLICY

LOOK_AGAIN = 1.0
PATH = re.compile(r"/(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*(?:[A-Za-z0-9_-][A-Za-z0-9._-]*)?")
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".xml": "application/xml; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
Headers = list[tuple[bytes, bytes]]
SHORT = b"public, max-age=10"
"""Short enough that an all-clear is seen at once, long enough for whatever stands between."""
FOR_EVER = b"public, max-age=31536000, immutable"
"""For names that hold a hash of the content."""
GUARDS: Headers = [
    (b"content-security-policy", POLICY.replace(" 'nonce-{nonce}'", "").encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(self)"),
    (b"vary", b"Accept-Encoding"),
]


class _File:
    """One file as it was last seen, with its compressed twins."""

    def __init__(self, path: Path, stamp: tuple[int, int], cache: bytes) -> None:
        self.stamp = stamp
        self.plain = path.read_bytes()
        self.packed: list[tuple[bytes, bytes]] = []
        """Ways of packing, the smallest first, and what they make of it."""
        brotli, twin = path.with_name(f"{path.name}.br"), path.with_name(f"{path.name}.gz")
        if brotli.is_file():
            self.packed.append((b"br", brotli.read_bytes()))
        packed = twin.read_bytes() if twin.is_file() else b""
        # A twin of another moment says something else than the page: then the page goes out as it is.
        if packed and _unpacked(packed) == self.plain:
            self.packed.append((b"gzip", packed))
        digest = hashlib.sha256(self.plain).hexdigest()[:20]
        kind = KINDS[path.suffix]
        shared = [(b"content-type", kind.encode()), (b"cache-control", cache), *GUARDS]
        self.tag = f'W/"{digest}"'.encode()
        self.headers: Headers = [*shared, (b"etag", self.tag)]
        self.seen = time.monotonic()


def _unpacked(packed: bytes) -> bytes | None:
    try:
        return gzip.decompress(packed)
    except (OSError, EOFError, zlib.error):
        return None


class Standing:
    """ASGI over the folder; `takes` says which requests it can answer, all others belong to the pages."""

    def __init__(self, folder: Path, prefixes: Sequence[str], cache: bytes = SHORT) -> None:
        self._folder = folder
        self._cache = cache
        self._prefixes = tuple(prefixes)
        self._files: dict[str, _File] = {}

    def takes(self, scope: Scope) -> bool:
        """Whether there is a file for what is asked."""
        path: str = scope["path"]
        if scope["method"] not in ("GET", "HEAD") or not path.startswith(self._prefixes):
            return False
        return self._find(path) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._files[scope["path"]]
        asked = {
            name: value for name, value in scope["headers"] if name in (b"if-none-match", b"accept-encoding")
        }
        if found.tag.removeprefix(b"W/") in asked.get(b"if-none-match", b""):
            await send({"type": "http.response.start", "status": 304, "headers": found.headers})
            return await send({"type": "http.response.body", "body": b"", "more_body": False})
        body, headers = found.plain, found.headers
        accepted = asked.get(b"accept-encoding", b"")
        for way, packed in found.packed:
            if way in accepted:
                body, headers = packed, [*headers, (b"content-encoding", way)]
                break
        headers = [*headers, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def _find(self, path: str) -> _File | None:
        known = self._files.get(path)
        now = time.monotonic()
        if known is not None and now - known.seen < LOOK_AGAIN:
            return known
        file = self._file(path)
        try:
            told = os.stat(file) if file is not None else None
            if told is None or file is None:
                return None
            stamp = (told.st_mtime_ns, told.st_size)
            if known is not None and known.stamp == stamp:
                known.seen = now
                return known
            self._files[path] = _File(file, stamp, self._cache)
            return self._files[path]
        except OSError:
            self._files.pop(path, None)
            return None

    def _file(self, path: str) -> Path | None:
        """Names that begin with a letter or figure, of known kinds: nothing above, nothing hidden."""
        if not PATH.fullmatch(path):
            return None
        file = self._folder / (path[1:] + ("index.html" if path.endswith("/") else ""))
        return file if file.suffix in KINDS else None
