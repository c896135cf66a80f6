"""A mail server: takes mails with or without STARTTLS and passwords, and refuses whom it is told to."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

USER, PASSWORD = b"toancanh", b"mat-khau"


@dataclass
class MailServer:
    """A running server and what reached it."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    """Answers by address."""
    data: str = ""
    """Answer to a mail, where it is not taken."""
    sessions: int = 0
    was_encrypted: list[bool] = field(default_factory=list)

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        self.sessions += 1
        session.host_name = hostname
        return answers

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.data:
            return self.data
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        self.was_encrypted.append(server.transport.get_extra_info("cipher") is not None)
        return "250 OK"


def _signed_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data.login == USER and data.password == PASSWORD, handled=False)


@contextmanager
def mail_server(tls: ssl.SSLContext | None = None, *, wrapped: bool = False) -> Iterator[MailServer]:
    """A server on a free port of this machine; with TLS it insists on encryption and a password."""
    made = MailServer()
    more: dict[str, Any] = {}
    if tls is not None:
        more = {"auth_required": True, "authenticator": _signed_in, "auth_require_tls": not wrapped}
    if tls is not None and not wrapped:
        more |= {"tls_context": tls, "require_starttls": True}
    loop = asyncio.new_event_loop()
    listening = loop.create_server(
        lambda: SMTP(made, hostname="peer", loop=loop, **more), "127.0.0.1", 0, ssl=tls if wrapped else None
    )
    server = loop.run_until_complete(listening)
    made.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.close()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
