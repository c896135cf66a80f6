"""Who listens to which topics."""

from __future__ import annotations

from collections import Counter

from toancanh.kernel.telemetry.mqtt.session import Session
from toancanh.kernel.telemetry.mqtt.topics import RESERVED, ROOT, matches

EVERYTHING = "+"


class Audience:
    """Subscriptions of all sessions, by topic where a filter has no wildcard."""

    def __init__(self) -> None:
        self._exact: dict[str, dict[Session, int]] = {}
        self._wild: dict[str, tuple[list[str], dict[Session, int]]] = {}
        self._roots: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._roots.total()

    def add(self, session: Session, pattern: str, qos: int) -> None:
        """Let the session hear what the filter matches."""
        if pattern not in session.filters:
            self._roots[pattern.split("/", 1)[0]] += 1
        session.filters[pattern] = qos
        if "+" in pattern or "#" in pattern:
            self._wild.setdefault(pattern, (pattern.split("/"), {}))[1][session] = qos
        else:
            self._exact.setdefault(pattern, {})[session] = qos

    def remove(self, session: Session, pattern: str) -> bool:
        """The session hears it no more; False where it did not."""
        if session.filters.pop(pattern, None) is None:
            return False
        self._roots[pattern.split("/", 1)[0]] -= 1
        if pattern in self._exact:
            listeners = self._exact[pattern]
            del listeners[session]
            if not listeners:
                del self._exact[pattern]
        else:
            listeners = self._wild[pattern][1]
            del listeners[session]
            if not listeners:
                del self._wild[pattern]
        return True

    def remove_all(self, session: Session) -> None:
        """The session hears nothing more."""
        for pattern in list(session.filters):
            self.remove(session, pattern)

    def of(self, topic: str) -> dict[Session, int]:
        """Who hears a message to this topic, once each, at the highest QoS granted."""
        found = dict(self._exact.get(topic, ()))
        if self._wild:
            parts = topic.split("/")
            for pattern, listeners in self._wild.values():
                if matches(pattern, parts):
                    for session, qos in listeners.items():
                        found[session] = max(qos, found.get(session, 0))
        return found

    def wants(self, prefix: str) -> bool:
        """Whether anybody listens to a topic that begins like this; a filter may say more than there is."""
        if not self._roots[prefix.split("/", 1)[0]]:
            return False
        return any(topic.startswith(prefix) for topic in (*self._exact, *self._wild))

    def things(self, last: str) -> set[str]:
        """Codes of things whose ``ack`` or ``cmd`` somebody hears; EVERYTHING among them: of all."""
        assert last in RESERVED
        patterns = (pattern.split("/") for pattern in (*self._exact, *self._wild))
        return {parts[1] for parts in patterns if len(parts) == 3 and parts[0] == ROOT and parts[2] == last}
