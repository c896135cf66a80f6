"""How the connection to the broker stands, as the event loop knows it and the keeper tells it to all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from toancanh.kernel.exchange.broker.troubles import Trouble
from toancanh.kernel.runtime import clock

KEPT_OUT = "kept_out"


@dataclass
class Standing:
    """Since when it stands, what came over it, and what is wrong."""

    connected_at: datetime | None = None
    connections: int = 0
    level: int = 5
    trouble: Trouble | None = None
    trouble_at: datetime | None = None
    messages: int = 0
    dropped: int = 0
    in_flight: int = 0
    receipts: int = 0
    """Things that were told up to where everything of theirs is kept."""

    def connected(self, level: int) -> None:
        """A connection stands."""
        self.connected_at = clock.now()
        self.connections += 1
        self.level = level

    def troubled(self, trouble: Trouble) -> None:
        """Something is wrong; what was wrong before is so no longer."""
        if self.trouble is None or self.trouble.code != trouble.code:
            self.trouble_at = clock.now()
        self.trouble = trouble

    def recovered(self) -> None:
        """Nothing is wrong any more, unless it is what comes that cannot be kept."""
        if self.trouble is not None and self.trouble.code != KEPT_OUT:
            self.trouble = None

    def well(self, code: str) -> None:
        """This trouble is over."""
        if self.trouble is not None and self.trouble.code == code:
            self.trouble = None

    def figures(self) -> dict[str, float]:
        """What this process tells of it."""
        return {
            "broker_connected": int(self.connected_at is not None),
            "broker_messages": self.messages,
            "broker_receipts": self.receipts,
            "broker_dropped": self.dropped,
            "broker_reconnects": max(0, self.connections - 1),
        }

    @property
    def gist(self) -> tuple[object, ...]:
        """What others want to know at once; counts may wait."""
        return self.connected_at, self.trouble and (self.trouble.code, self.trouble.said)
