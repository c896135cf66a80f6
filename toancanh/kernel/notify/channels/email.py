"""E-mail through a server that takes it (SMTP): one connection for a slice, each mail with its own name.

A mail that is sent again after a kill has the same Message-ID, by which mailboxes know it for the same.
"""

from __future__ import annotations

import asyncio
import smtplib
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import format_datetime, formataddr

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from toancanh.kernel.notify import texts
from toancanh.kernel.notify.channels import (
    HANDED,
    Aside,
    Channel,
    Field,
    NotReady,
    Outcome,
    Parcel,
    failed,
    later,
)
from toancanh.kernel.runtime import clock, egress
from toancanh.kernel.runtime.egress import TRIED, Stopped
from toancanh.kernel.runtime.reach import Address
from toancanh.lib.errors import Refused

SECONDS = 20.0
TLS, STARTTLS, PLAIN = "tls", "starttls", "plain"
PORTS = {TLS: 465, STARTTLS: 587, PLAIN: 25}


class _Smtp(smtplib.SMTP):
    """Connects to one of the addresses that the egress door has judged, under the name they stand for."""

    def __init__(self, judged: Sequence[Address], host: str, port: int) -> None:
        self._judged = judged
        super().__init__(host, port, timeout=SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _wire(self._judged, port, timeout)


class _SmtpTls(smtplib.SMTP_SSL):
    """The same, encrypted from the first byte."""

    def __init__(self, judged: Sequence[Address], host: str, port: int) -> None:
        self._judged, self._trust = judged, egress.door().trusted()
        super().__init__(host, port, timeout=SECONDS, context=self._trust)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._trust.wrap_socket(_wire(self._judged, port, timeout), server_hostname=host)


def _wire(judged: Sequence[Address], port: int, timeout: float) -> socket.socket:
    for address in judged[: TRIED - 1]:
        with suppress(OSError):
            return socket.create_connection((str(address), port), timeout)
    return socket.create_connection((str(judged[-1]), port), timeout)


class Mail:
    """Hands mails to the server."""

    def __init__(self, values: Mapping[str, str]) -> None:
        if not values.get("host") or not values.get("sender"):
            raise NotReady(_("The mail server and the sender's address are missing."))
        self._values = values
        self._mode = values.get("mode") or STARTTLS
        self._port = int(values.get("port") or PORTS[self._mode])

    async def hand(self, parcels: Sequence[Parcel], aside: Aside) -> list[Outcome]:
        """One after the other over one connection, in a thread that waits."""
        try:
            addresses = await egress.door().judged(self._values["host"], self._port)
        except Stopped as fault:
            reason = "denied" if fault.code == "denied" else "unreachable"
            return [later(reason, fault.message, whole=True, tried=False)] * len(parcels)
        return await asyncio.to_thread(self._over, addresses, parcels)

    async def ask(self, parcels: Sequence[Parcel], aside: Aside) -> list[Outcome | None]:
        """Mail servers tell nothing more."""
        return [None] * len(parcels)

    async def close(self) -> None:
        """Nothing is kept open."""

    def _over(self, addresses: Sequence[Address], parcels: Sequence[Parcel]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        try:
            with self._connected(addresses) as server:
                for parcel in parcels:
                    outcomes.append(self._one(server, parcel))
        except smtplib.SMTPAuthenticationError as fault:
            return self._rest(outcomes, parcels, later("forbidden", _told(fault), whole=True, tried=False))
        except smtplib.SMTPResponseException as fault:
            return self._rest(outcomes, parcels, later("busy", _told(fault), whole=True, tried=False))
        except smtplib.SMTPNotSupportedError as fault:
            return self._rest(outcomes, parcels, later("forbidden", str(fault), whole=True, tried=False))
        except (OSError, smtplib.SMTPException) as fault:
            said = str(fault)[:200] or type(fault).__name__
            return self._rest(outcomes, parcels, later("unreachable", said, whole=True, tried=False))
        return outcomes

    def _rest(self, done: list[Outcome], parcels: Sequence[Parcel], same: Outcome) -> list[Outcome]:
        return [*done, *[same] * (len(parcels) - len(done))]

    @contextmanager
    def _connected(self, addresses: Sequence[Address]) -> Iterator[smtplib.SMTP]:
        host = self._values["host"]
        made = _SmtpTls if self._mode == TLS else _Smtp
        server: smtplib.SMTP = made(addresses, host, self._port)
        try:
            if self._mode == STARTTLS:
                server.starttls(context=egress.door().trusted())
            if self._values.get("user"):
                server.login(self._values["user"], self._values.get("password", ""))
            yield server
        finally:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()

    def _one(self, server: smtplib.SMTP, parcel: Parcel) -> Outcome:
        try:
            server.send_message(self.mail(parcel), self._values["sender"], [parcel.address])
        except smtplib.SMTPRecipientsRefused as fault:
            code, said = next(iter(fault.recipients.values()))
            return _judged(code, said)
        except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as fault:
            if isinstance(fault, smtplib.SMTPSenderRefused) and 500 <= fault.smtp_code < 600:
                return later("forbidden", _told(fault), whole=True)
            return _judged(fault.smtp_code, fault.smtp_error)
        return HANDED

    def mail(self, parcel: Parcel) -> EmailMessage:
        """The mail as it leaves."""
        made = EmailMessage()
        sender = self._values["sender"]
        made["From"] = formataddr((self._values.get("name", ""), sender))
        made["To"] = formataddr((parcel.name, parcel.address)) if parcel.name else parcel.address
        made["Subject"] = parcel.title
        made["Date"] = format_datetime(parcel.notice.made_at)
        made["Message-ID"] = f"<{parcel.reference.replace('=', '')}@{sender.rpartition('@')[2]}>"
        made["Auto-Submitted"] = "auto-generated"
        made["Content-Language"] = parcel.language
        if parcel.notice.urgency == "high":
            made["Importance"] = "high"
        with override(parcel.language):
            ends = parcel.notice.expires_at.astimezone(clock.VIETNAM)
            until = _("In force until %(moment)s.") % {"moment": f"{ends:%H:%M %d/%m/%Y}"}
        parts = (parcel.title, parcel.body, texts.link(parcel.link), until)
        made.set_content("\n\n".join(part for part in parts if part) + "\n")
        return made


def _judged(code: int, said: bytes | str) -> Outcome:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    told = f"{code} {' '.join(text.split())}"
    if 400 <= code < 500:
        return later("busy", told)
    return failed("bad_address" if code in (550, 551, 553) else "refused", told)


def _told(fault: smtplib.SMTPResponseException) -> str:
    error = fault.smtp_error
    said = error.decode("utf-8", "replace") if isinstance(error, bytes) else str(error)
    return f"{fault.smtp_code} {' '.join(said.split())}"


def address(text: str) -> str:
    """An e-mail address; raises Refused for what is none."""
    plain = text.strip()
    name, at, host = plain.rpartition("@")
    is_one = at and name and "." in host and plain.isprintable() and not set(plain) & set(' ,;<>"()')
    if not is_one or len(plain) > 250 or not plain.isascii():
        raise Refused(_("“%(text)s” is no e-mail address.") % {"text": text[:60]}, "bad_address")
    return plain


def check(values: Mapping[str, str]) -> dict[str, str]:
    """Raise Refused for a sender or a port that can't be."""
    if values.get("sender"):
        address(values["sender"])
    if values.get("port") and not 0 < int(values["port"]) < 65536:
        raise Refused(_("A port is a number from 1 to 65535."), "bad_port")
    if not values.get("name", "").isprintable():
        raise Refused(
            _("A name has 1 to %(most)s characters that can be printed.") % {"most": 100}, "bad_name"
        )
    return dict(values)


CHANNEL = Channel(
    name="email",
    title=gettext_lazy("E-mail"),
    icon="mail",
    fields=(
        Field(name="host", title=gettext_lazy("Mail server"), required=True, hint="smtp.hue.gov.vn"),
        Field(
            name="mode",
            title=gettext_lazy("Encryption"),
            kind="choice",
            choices=(
                (STARTTLS, gettext_lazy("STARTTLS (port 587)")),
                (TLS, gettext_lazy("TLS from the start (port 465)")),
                (PLAIN, gettext_lazy("none (only within the office)")),
            ),
            default=STARTTLS,
        ),
        Field(name="port", title=gettext_lazy("Port, where it is another one"), kind="number", most=5),
        Field(name="sender", title=gettext_lazy("Sender's address"), required=True),
        Field(name="name", title=gettext_lazy("Sender's name"), most=100),
        Field(name="user", title=gettext_lazy("Account")),
        Field(name="password", title=gettext_lazy("Password"), kind="secret"),
    ),
    open=Mail,
    check=check,
    address=address,
    shown=texts.masked,
    slice=50,
)
