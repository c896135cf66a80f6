"""What goes over an MQTT connection, whichever of the two levels of the protocol it speaks."""

from __future__ import annotations

from enum import IntEnum

import msgspec


class Reason(IntEnum):
    """Reason codes of MQTT 5; level 4 turns those it can tell into its own few."""

    SUCCESS = 0x00
    NO_SUBSCRIPTION = 0x11
    UNSPECIFIED = 0x80
    MALFORMED = 0x81
    PROTOCOL_ERROR = 0x82
    NOT_ACCEPTED = 0x83
    UNSUPPORTED_LEVEL = 0x84
    BAD_CLIENT_ID = 0x85
    BAD_CREDENTIALS = 0x86
    NOT_AUTHORIZED = 0x87
    UNAVAILABLE = 0x88
    BUSY = 0x89
    SHUTTING_DOWN = 0x8B
    BAD_METHOD = 0x8C
    KEEP_ALIVE = 0x8D
    TAKEN_OVER = 0x8E
    BAD_FILTER = 0x8F
    BAD_TOPIC = 0x90
    TOO_MANY_IN_FLIGHT = 0x93
    BAD_ALIAS = 0x94
    TOO_LARGE = 0x95
    QUOTA = 0x97
    REVOKED = 0x98
    BAD_QOS = 0x9B
    SHARED_UNSUPPORTED = 0x9E
    SUBSCRIPTION_ID_UNSUPPORTED = 0xA1


class Fault(Exception):
    """The peer broke the protocol: its connection ends with this reason and touches nothing else."""

    def __init__(self, reason: Reason, what: str) -> None:
        super().__init__(what)
        self.reason = reason
        self.what = what


class Will(msgspec.Struct, gc=False):
    """What is to be published for a device that falls silent."""

    topic: str
    payload: bytes
    qos: int
    delay: int = 0


class Connect(msgspec.Struct, gc=False):
    """A device asks to be let in; numbers are as level 5 means them (an expiry in seconds)."""

    client_id: str
    name: str | None
    secret: bytes | None
    clean_start: bool
    keep_alive: int
    will: Will | None = None
    session_expiry: int = 0
    receive_max: int = 65535
    max_packet: int | None = None
    wants_reasons: bool = True
    method: str | None = None


class Publish(msgspec.Struct, gc=False):
    """A message; `packet_id` is 0 at QoS 0, `topic` is empty where an alias stands for it."""

    topic: str
    payload: bytes
    qos: int
    packet_id: int
    alias: int = 0


class PubAck(msgspec.Struct, gc=False):
    """The device has got a message of ours (or says why not)."""

    packet_id: int
    reason: int


class Subscribe(msgspec.Struct, gc=False):
    """Filters with the QoS that is wished for each."""

    packet_id: int
    filters: list[tuple[str, int]]
    has_id: bool = False


class Unsubscribe(msgspec.Struct, gc=False):
    """Filters that are of no interest any more."""

    packet_id: int
    filters: list[str]


class PingReq(msgspec.Struct, gc=False):
    """The device lives."""


class Disconnect(msgspec.Struct, gc=False):
    """A proper goodbye; `with_will` asks that the will be published all the same."""

    with_will: bool = False
    session_expiry: int | None = None


Packet = Connect | Publish | PubAck | Subscribe | Unsubscribe | PingReq | Disconnect


class ConnAck(msgspec.Struct, gc=False):
    """What a device is told that was let in, or why it was not."""

    reason: Reason
    session_present: bool = False
    session_expiry: int | None = None
    client_id: str = ""
    said: str = ""
