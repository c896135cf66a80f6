"""Lets devices in: who they are, what they leave behind, and which session is theirs."""

from __future__ import annotations

import secrets
from collections import Counter
from typing import TYPE_CHECKING

from toancanh.kernel.telemetry.devices.tally import SIGN_IN
from toancanh.kernel.telemetry.directory import TokenInfo
from toancanh.kernel.telemetry.mqtt.connection import Connection
from toancanh.kernel.telemetry.mqtt.packets import ConnAck, Connect, Reason, Will
from toancanh.kernel.telemetry.mqtt.session import Session
from toancanh.kernel.telemetry.mqtt.signin import SignIn
from toancanh.kernel.telemetry.mqtt.topics import Data, meaning

if TYPE_CHECKING:
    from toancanh.kernel.telemetry.mqtt.door import MqttDoor

PER_TOKEN = 1_000
"""Connections of one token: a locality may well give one gateway's token to all its gauges."""
CLIENT_ID = 200
"""Characters of the longest client identifier."""
_WHY_NOT = {
    Reason.BAD_CREDENTIALS: "no token has this name and this secret",
    Reason.NOT_AUTHORIZED: "sign in with the name of a token that is in force, and its secret as password",
    Reason.UNAVAILABLE: "the database is away; come back in a few seconds",
}


class Reception:
    """Works for one door; `connected` counts the connections of each token."""

    def __init__(self, door: MqttDoor, sign_in: SignIn) -> None:
        self._door = door
        self._sign_in = sign_in
        self.connected: Counter[int] = Counter()

    def sign_in(self, connection: Connection, packet: Connect) -> None:
        """Let a device in whose token is known; ask for one that is not, and read nothing meanwhile."""
        if packet.method is not None:
            self._refuse(connection, Reason.BAD_METHOD, "sign in with a name and a password")
            return
        token = self._sign_in.known(packet)
        if token is not None:
            self._let_in(connection, token, packet)
            return
        connection.hold("sign-in")
        self._door.do(self._ask(connection, packet))

    async def _ask(self, connection: Connection, packet: Connect) -> None:
        found = await self._sign_in.ask(packet, connection.address)
        if connection.is_ended:
            return
        if isinstance(found, TokenInfo):
            self._let_in(connection, found, packet)
        else:
            self._note(connection, packet, found)
            self._refuse(connection, found, _WHY_NOT[found])
        connection.release("sign-in")

    def _note(self, connection: Connection, packet: Connect, why: Reason) -> None:
        """Let the people who look after devices see who was turned away."""
        token = self._door.directory.snapshot.named.get(packet.name or "")
        if why is Reason.NOT_AUTHORIZED and token is not None and packet.secret is not None:
            self._door.tally.failed(token.id, SIGN_IN)
        elif why is not Reason.UNAVAILABLE:
            self._door.tally.knocked(packet.name or "", "mqtt", connection.address)

    def left(self, token: TokenInfo) -> None:
        """A connection of the token is no more."""
        self.connected[token.id] -= 1
        if not self.connected[token.id]:
            del self.connected[token.id]

    def _refuse(self, connection: Connection, reason: Reason, said: str) -> None:
        self._door.figures.refused_sign_ins += 1
        self._door.refused(connection, f"sign_in_{reason.name.lower()}", said)
        connection.refuse(reason, said)

    def _let_in(self, connection: Connection, token: TokenInfo, packet: Connect) -> None:
        found = self._why_not(connection, token, packet)
        if found is not None:
            self._refuse(connection, *found)
            return
        client_id = packet.client_id or secrets.token_hex(8)
        before = self._door.sessions.find(token.name, client_id)
        if before is not None and before.line is not None:
            self._take_over(before)
        elif self.connected[token.id] >= PER_TOKEN:
            self._refuse(connection, Reason.QUOTA, f"at most {PER_TOKEN} connections of one token")
            return
        self.connected[token.id] += 1
        session, was_there = self._door.sessions.open(
            token.name, client_id, clean=packet.clean_start, expiry=packet.session_expiry
        )
        told = ConnAck(Reason.SUCCESS, was_there)
        if session.expiry != packet.session_expiry:
            told.session_expiry = session.expiry
        if not packet.client_id:
            told.client_id = client_id
        self._door.half_open.pop(connection, None)
        self._door.figures.signed_in += 1
        connection.let_in(token, packet, session, told)
        self._door.look_for(session.filters)

    def _why_not(
        self, connection: Connection, token: TokenInfo, packet: Connect
    ) -> tuple[Reason, str] | None:
        """What is wrong with a CONNECT whose token is in force."""
        is_level_5 = connection.level.NUMBER == 5
        if not packet.client_id and not is_level_5 and not packet.clean_start:
            return Reason.BAD_CLIENT_ID, "a session that stays needs a client identifier"
        if len(packet.client_id) > CLIENT_ID:
            return Reason.BAD_CLIENT_ID, "the client identifier is too long"
        will: Will | None = packet.will
        if will is not None and not isinstance(meaning(will.topic, token, ()), Data):
            return Reason.NOT_AUTHORIZED, "a will goes where the token may publish observations"
        if will is not None and will.qos == 2 and is_level_5:
            return Reason.BAD_QOS, "QoS 2 is not taken; use QoS 1"
        return None

    def _take_over(self, before: Session) -> None:
        """The newer connection of a client wins: the older one is most often half dead."""
        line = before.line
        assert isinstance(line, Connection)
        self._door.courier.lost(before.told)
        before.told.clear()
        before.line = None
        line.will = None
        line.session = None
        line.end(Reason.TAKEN_OVER, "the same client connected anew")
