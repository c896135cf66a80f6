"""Bytes of an MQTT connection: where one packet ends, and the few types of which all packets are made."""

from __future__ import annotations

from toancanh.kernel.telemetry.mqtt.packets import Fault, Reason

MAX_PACKET = 256 * 1024
"""Bytes of the largest packet that is taken in, fixed header included."""

CONNECT, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = 1, 3, 4, 5, 6, 7
SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT, AUTH = 8, 10, 12, 14, 15
FLAGS = {PUBREL: 2, SUBSCRIBE: 2, UNSUBSCRIBE: 2}
"""Low bits of the first byte; 0 for all others but PUBLISH, whose bits mean something."""


def malformed(what: str) -> Fault:
    """The packet cannot be read."""
    return Fault(Reason.MALFORMED, what)


class Frames:
    """Cuts what arrives into whole packets and never holds more than one that is too small to be refused."""

    __slots__ = ("_at", "_data", "limit")

    def __init__(self, limit: int = MAX_PACKET) -> None:
        self._data: bytes | bytearray = b""
        self._at = 0
        self.limit = limit

    @property
    def waiting(self) -> int:
        """Bytes that came in and were not given out yet."""
        return len(self._data) - self._at

    def feed(self, data: bytes) -> None:
        """Take in what the connection brought."""
        if self._at == len(self._data):
            self._data = data
        elif isinstance(self._data, bytearray):
            # Growing in place: a large packet in single bytes must not be copied at each of them.
            del self._data[: self._at]
            self._data += data
        else:
            self._data = bytearray(memoryview(self._data)[self._at :])
            self._data += data
        self._at = 0

    def next(self) -> bytes | None:
        """The next whole packet, None while there is none; raises Fault for one that cannot become one."""
        data, at = self._data, self._at
        end = len(data)
        length, shift, body = 0, 0, at + 1
        while True:
            if body >= end:
                return None
            byte = data[body]
            body += 1
            length |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 21:
                raise malformed("remaining length of more than four bytes")
        if shift and not byte:
            raise malformed("remaining length in more bytes than it needs")
        stop = body + length
        if stop - at > self.limit:
            raise Fault(Reason.TOO_LARGE, f"a packet of {stop - at} bytes; at most {self.limit} are taken")
        if stop > end:
            return None
        self._at = stop
        return bytes(data[at:stop]) if at or stop < end or isinstance(data, bytearray) else data


def body_at(frame: bytes) -> int:
    """Where the variable header begins in a whole packet."""
    at = 1
    while frame[at] & 0x80:
        at += 1
    return at + 1


class Reader:
    """Reads a packet from left to right; every fault is one of the peer."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at
        self.end = len(data)

    def byte(self) -> int:
        """One byte."""
        at = self.at
        if at >= self.end:
            raise malformed("the packet ends too early")
        self.at = at + 1
        return self.data[at]

    def short(self) -> int:
        """Two bytes, the high one first."""
        at = self.at
        if at + 2 > self.end:
            raise malformed("the packet ends too early")
        self.at = at + 2
        return self.data[at] << 8 | self.data[at + 1]

    def number(self) -> int:
        """A number of one to four bytes of seven bits each."""
        value = 0
        for shift in (0, 7, 14, 21):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if shift and not byte:
                    raise malformed("a number in more bytes than it needs")
                return value
        raise malformed("a number of more than four bytes")

    def skip(self, count: int) -> None:
        """Leave bytes out."""
        if self.at + count > self.end:
            raise malformed("the packet ends too early")
        self.at += count

    def binary(self) -> bytes:
        """Two bytes of length, then that many."""
        length = self.short()
        at = self.at
        self.skip(length)
        return self.data[at : self.at]

    def text(self) -> str:
        """UTF-8 with its length in front: no surrogates, no U+0000."""
        try:
            found = self.binary().decode()
        except UnicodeDecodeError:
            raise malformed("text that is no UTF-8") from None
        if "\0" in found:
            raise malformed("text with U+0000")
        return found

    def packet_id(self) -> int:
        """The number of a packet, which is never 0."""
        found = self.short()
        if not found:
            raise malformed("packet identifier 0")
        return found

    def rest(self) -> bytes:
        """Everything that is left."""
        found = self.data[self.at :]
        self.at = self.end
        return found

    @property
    def is_at_end(self) -> bool:
        """Whether everything was read."""
        return self.at >= self.end

    def finish(self) -> None:
        """Nothing may be left."""
        if self.at != self.end:
            raise malformed("the packet is longer than what is in it")


def check_flags(first: int) -> None:
    """Refuse a first byte whose reserved bits are not as they have to be."""
    kind = first >> 4
    if kind != PUBLISH and first & 0x0F != FLAGS.get(kind, 0):
        raise malformed("reserved bits of the fixed header")


def level_of(frame: bytes) -> int:
    """The level of the protocol that a first packet asks for; raises Fault when it is no CONNECT."""
    if frame[0] >> 4 != CONNECT:
        raise Fault(Reason.PROTOCOL_ERROR, "the first packet was no CONNECT")
    check_flags(frame[0])
    reader = Reader(frame, body_at(frame))
    name, level = reader.binary(), reader.byte()
    if name == b"MQTT" and level in (4, 5):
        return level
    if name in (b"MQTT", b"MQIsdp"):
        raise Fault(Reason.UNSUPPORTED_LEVEL, f"level {level} of the protocol")
    raise Fault(Reason.PROTOCOL_ERROR, "a first packet of another protocol")


def check_publish(first: int) -> int:
    """The QoS in the first byte of a PUBLISH, 0 to 2."""
    qos = first >> 1 & 3
    if qos == 3:
        raise malformed("QoS 3")
    if not qos and first & 8:
        raise malformed("DUP at QoS 0")
    return qos


def check_topic(topic: str) -> None:
    """Refuse what no message can be published to, whatever the level."""
    if "+" in topic or "#" in topic:
        raise malformed("a wildcard in the topic of a message")


def check_filter(pattern: str) -> None:
    """Refuse a filter that is none: `#` stands alone and last, `+` alone in its level."""
    if not pattern:
        raise malformed("an empty topic filter")
    levels = pattern.split("/")
    for level in levels:
        if level not in ("+", "#") and ("+" in level or "#" in level):
            raise malformed("a wildcard that shares its level")
    if "#" in levels[:-1]:
        raise malformed("# before the last level of a filter")
