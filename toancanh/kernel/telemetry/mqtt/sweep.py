"""Once a second: ends connections whose time is over or whose token is no longer what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toancanh.kernel.telemetry.directory import Directory, TokenInfo
from toancanh.kernel.telemetry.mqtt.connection import CLOSE_WITHIN, CONNECT_WITHIN, DRAIN_WITHIN, Connection
from toancanh.kernel.telemetry.mqtt.packets import Reason

if TYPE_CHECKING:
    from toancanh.kernel.telemetry.mqtt.door import MqttDoor


class Sweep:
    """Looks at every connection; cheaper than a timer for each that every packet would have to set anew."""

    def __init__(self, door: MqttDoor) -> None:
        self._door = door

    async def times(self, now: float) -> None:
        """End what has waited too long; `now` is the time of the event loop."""
        for connection in list(self._door.connections):
            self._time(connection, now)
        self._door.sessions.expire(now)

    async def tokens(self, _: float) -> None:
        """End what a token no longer allows; waits for the writer, which may be waiting for its disk."""
        door = self._door
        if door.connections and await door.ingest.check():
            self._tokens(door.directory.snapshot)

    def _time(self, connection: Connection, now: float) -> None:
        if connection.is_ended:
            if now - connection.ended > CLOSE_WITHIN:
                connection.transport.abort()
        elif not connection.is_in:
            if now - connection.began > CONNECT_WITHIN:
                self._door.figures.ended["connect"] += 1
                connection.close()
        elif connection.full_since and now - connection.full_since > DRAIN_WITHIN:
            self._door.figures.ended["unread"] += 1
            connection.close()
            connection.transport.abort()
        elif connection.is_held:
            # It is us who do not read: its sign of life may be waiting.
            connection.heard = now
        elif connection.keep_alive and now - connection.heard > connection.keep_alive:
            connection.end(Reason.KEEP_ALIVE, "nothing was heard for one and a half times the keep-alive")

    def _tokens(self, snapshot: Directory) -> None:
        door = self._door
        time = door.now()
        for connection in list(door.connections):
            if connection.is_in and not connection.is_ended:
                token = snapshot.named.get(connection.token.name)
                if token is not connection.token or not token.is_valid(time):
                    self._judge(connection, token, time)

    def _judge(self, connection: Connection, token: TokenInfo | None, time: int) -> None:
        before = connection.token
        is_same = token is not None and (token.id, token.digest) == (before.id, before.digest)
        if token is None or not is_same or not token.is_valid(time):
            said = "the token was revoked, renewed or has expired"
        elif token.things is not None and (before.things is None or not before.things <= token.things):
            said = "the token may write less than before"
        else:
            connection.token = token
            return
        connection.will = None
        connection.end(Reason.REVOKED, said)
        if connection.session is not None:
            self._door.sessions.forget(connection.session)
        self._door.sessions.forget_of(before.name)
