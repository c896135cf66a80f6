"""The server's side of TLS: which certificate it shows, also after another one was put in its place."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from toancanh.site.listening import Listening
from toancanh.site.speech import _

log = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds between two looks at the files."""
Stamp = tuple[tuple[int, int, int], ...]


def certificates(listening: Listening, data: Path) -> Certificates:
    """What the program shows: the certificate that was given, or that of its own authority."""
    if listening.certificate is not None and listening.key is not None:
        return Certificates(listening.certificate, listening.key)
    from toancanh.site import authority  # slow import

    own = authority.Authority(data / authority.FOLDER, listening.names)
    return Certificates(own.server_file, own.server_file, own.keep)


class Certificates:
    """The context for every connection; `look` takes up what was replaced on disk, without a stop.

    What cannot be used is told once in the log, and the certificate before it is shown on.
    """

    def __init__(self, certificate: Path, key: Path, renew: Callable[[], None] | None = None) -> None:
        self._files = (certificate, key)
        self._renew = renew
        if renew is not None:
            renew()
        self._seen = self._stamp()
        self._tried = self._seen
        try:
            self._current = loaded(certificate, key)
            self.context = loaded(certificate, key)
        except (OSError, ssl.SSLError) as fault:
            text = _("TLS_CERT and TLS_KEY are no certificate in PEM with its key: %(fault)s")
            raise SystemExit(text % {"fault": fault}) from fault
        # Called in every handshake, before a certificate is chosen.
        self.context.sni_callback = self._show

    def _show(self, connection: Any, name: str | None, context: ssl.SSLContext) -> None:  # noqa: ANN401
        connection.context = self._current

    def look(self) -> int:
        """A steady duty: renew what is our own, take up what is new."""
        if self._renew is not None:
            self._renew()
        now = self._stamp()
        if now in (self._seen, self._tried):
            return 0
        self._tried = now
        try:
            self._current = loaded(*self._files)
        except (OSError, ssl.SSLError) as fault:
            log.error(
                "the new certificate in %s cannot be used, the old one is shown on: %s",
                *self._files[:1],
                fault,
            )
            return 0
        self._seen = now
        return 0

    def _stamp(self) -> Stamp:
        """Of files that are being replaced this minute one may be missing."""
        found = []
        for file in self._files:
            try:
                told = file.stat()
            except OSError:
                found.append((0, 0, 0))
            else:
                found.append((told.st_mtime_ns, told.st_ino, told.st_size))
        return tuple(found)


def loaded(certificate: Path, key: Path) -> ssl.SSLContext:
    """A context that shows the certificate; raises where it and the key do not belong together."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.load_cert_chain(certificate, key)
    return context
