"""What can be wrong between us and the broker, in words that say what to do."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable
from typing import NamedTuple

from django.utils.translation import gettext as _
from gmqtt.mqtt.handler import MQTTConnectError

HUNG_UP = "hung_up"
"""So does a broker that does not speak this level of MQTT, sometimes with a word: the other is tried next."""
LEVEL_4_REFUSALS = {1: HUNG_UP, 2: "client", 3: "busy", 4: "refused", 5: "refused"}
"""CONNACK codes of MQTT 3.1.1; those of 5 begin at 128."""
LEVEL_5_REFUSALS = {
    0x84: HUNG_UP,
    0x85: "client",
    0x86: "refused",
    0x87: "refused",
    0x88: "busy",
    0x89: "busy",
    0x8A: "refused",
    0x97: "busy",
    0x9F: "busy",
}
UNSTEADY = "unsteady"
TAKEN_OVER = 0x8E
NO_SHARING = 0x9E


class Trouble(Exception):
    """Why nothing comes from the broker: a code of `WORDS`, and what was said by whom it came from."""

    def __init__(self, code: str, said: str = "") -> None:
        super().__init__(f"{code}: {said}" if said else code)
        self.code = code
        self.said = said


def of(error: Exception, is_tls: bool = False) -> Trouble:
    """The trouble behind what an attempt to connect raised."""
    if isinstance(error, Trouble):
        return error
    if isinstance(error, MQTTConnectError):
        number = error._code
        code = LEVEL_4_REFUSALS.get(number) or LEVEL_5_REFUSALS.get(number) or "odd"
        return Trouble(code, str(error))
    if isinstance(error, ssl.SSLCertVerificationError):
        return Trouble("certificate", error.verify_message)
    if isinstance(error, ssl.SSLError):
        return Trouble("tls", error.reason or str(error))
    if is_tls and isinstance(error, ConnectionError) and not isinstance(error, ConnectionRefusedError):
        return Trouble("tls", error.strerror or "")
    if isinstance(error, socket.gaierror):
        return Trouble("unreachable", error.strerror or str(error))
    if isinstance(error, OSError):
        # asyncio puts the address where the system's words belong.
        said = os.strerror(error.errno) if error.errno else str(error)
        return Trouble("unreachable", said.partition("\n")[0])
    return Trouble("odd", f"{type(error).__name__}: {error}")


def refused_filter(code: int) -> Trouble:
    """The broker did not grant our subscription."""
    return Trouble("no_sharing" if code == NO_SHARING else "acl", f"SUBACK 0x{code:02x}")


def lost(reason: int) -> Trouble:
    """The broker ended a connection that stood, with this reason; 0 where it gave none, or broke."""
    if reason == TAKEN_OVER:
        return Trouble(UNSTEADY, "DISCONNECT 0x8e")
    return Trouble("lost", f"DISCONNECT 0x{reason:02x}" if reason else "")


class Said(NamedTuple):
    """A trouble in words."""

    what: str
    mend: str


WORDS: dict[str, Callable[[], tuple[str, str]]] = {
    "unreachable": lambda: (
        _("The broker %(address)s cannot be reached."),
        _("See that it runs, that no firewall is between, and that BROKER_URL names it rightly."),
    ),
    "odd": lambda: (
        _("What answers at %(address)s is no MQTT broker that we understand."),
        _("See that BROKER_URL names the right port, and mqtts:// where the broker wants TLS."),
    ),
    "certificate": lambda: (
        _("The certificate of the broker %(address)s is not trusted."),
        _(
            "Set BROKER_CA to the file of the authority that signed it, and let BROKER_URL bear the name that"
            " is in the certificate."
        ),
    ),
    "tls": lambda: (
        _("TLS with the broker %(address)s fails."),
        _("See that this port speaks TLS; else let BROKER_URL begin with mqtt://"),
    ),
    "refused": lambda: (
        _("The broker %(address)s does not let %(user)s in."),
        _(
            "Set user name and password in BROKER_URL as the broker knows them; the account must be allowed"
            " to connect."
        ),
    ),
    "client": lambda: (
        _("The broker %(address)s does not take our client name %(client)s."),
        _("Allow that name at the broker."),
    ),
    "busy": lambda: (
        _("The broker %(address)s is busy or shutting down."),
        _("It is tried again by itself; if this lasts, look at the broker's log."),
    ),
    HUNG_UP: lambda: (
        _("The broker %(address)s hangs up when we sign in."),
        _(
            "It may be full, speak neither MQTT 5 nor 3.1.1, or want TLS on this port (mqtts:// in"
            " BROKER_URL): its log says which."
        ),
    ),
    "acl": lambda: (
        _("The broker %(address)s hands nothing to %(user)s."),
        _(
            "Let its access list allow this user to read toancanh/+/+ and toancanh/+/cmd/ack and to write"
            " toancanh/+/ack and toancanh/+/cmd."
        ),
    ),
    "no_sharing": lambda: (
        _("The broker %(address)s knows no shared subscriptions."),
        _("Leave BROKER_SHARE empty."),
    ),
    UNSTEADY: lambda: (
        _("The broker %(address)s ends our connection again and again."),
        _(
            "It does so when another program signs in as %(client)s: see that no second installation runs on"
            " a copy of this one's database. The broker's log says more."
        ),
    ),
    "lost": lambda: (
        _("The connection to the broker %(address)s broke."),
        _("It is made anew by itself; if this lasts, see that the broker runs."),
    ),
    "token": lambda: (
        _("The token %(token)s is revoked or has expired, so nothing is taken from the broker %(address)s."),
        _("Make it anew: toancanh token create %(token)s"),
    ),
    "kept_out": lambda: (
        _("What comes from the broker %(address)s cannot be kept just now; the broker holds it meanwhile."),
        _("See that the database runs and has room: toancanh doctor"),
    ),
}


def words(code: str, said: str = "", **facts: str) -> Said:
    """A trouble as sentences; `facts` are address, user, client and token."""
    known = {"user": "?", "client": "?", "token": "?", "address": "?", **facts}
    what, mend = (text % known for text in WORDS.get(code, WORDS["odd"])())
    return Said(f"{what} ({said})" if said else what, mend)
