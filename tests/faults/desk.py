"""Officers who answer alerts and issue warnings at the product's own pages, whatever is killed meanwhile."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.faults.officer import Officer
from tests.faults.town import Town
from tests.faults.townsfolk import HEADLINE
from tests.running import SLOWER
from toancanh.kernel.runtime.clock import VIETNAM

PATIENCE = 240.0 * SLOWER
"""Seconds without any step of a warning after which it counts as stuck."""


def words(number: int, units: Sequence[str]) -> dict[str, str | list[str]]:
    """What an officer types for the warning of that number."""
    until = datetime.now(UTC) + timedelta(hours=6)
    return {
        "event": "flood.river",
        "level": "3",
        "units": list(units),
        "channels": ["webpush", "sms"],
        "valid_until": until.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M"),
        "headline_vi": HEADLINE.format(number),
        "what_vi": "Nước sông Hương vượt báo động 3.",
        "instruction_vi": "Di chuyển đến nơi cao.",
        "version": "0",
    }


@dataclass
class Desk:
    """An officer and a leader, both signed in; they look at what is there and do what is left to do."""

    town: Town
    officer: Officer
    leader: Officer
    done: int = 0
    """Steps that the product said it has done."""

    def alert(self, thing: str) -> int:
        """The alert of a gauge, once it rings."""
        asked = "SELECT a.id, t.code FROM alerts_alert a JOIN registry_thing t ON t.id = a.thing_id"
        end = time.monotonic() + PATIENCE
        while (found := {code: pk for pk, code in self.town.ask(asked)}.get(thing)) is None:
            assert time.monotonic() < end, f"{thing} does not ring: {self.town.log[-3000:]}"
            time.sleep(0.1)
        return int(found)

    def acknowledge(self, alert: int) -> None:
        """Take an alert up; done whether the answer came or not."""
        asked = "SELECT id, state FROM alerts_alert"
        self._until(
            lambda: dict(self.town.ask(asked))[alert] != "open",
            lambda: self.officer.post(f"/console/alerts/{alert}/", do="acknowledge"),
        )

    def warn(self, number: int, units: Sequence[str], alert: int) -> None:
        """Draft it from an alert, submit it, and have it approved by the other person."""
        self.draft(number, units, f"?alert={alert}")
        self.approve(number)

    def draft(self, number: int, units: Sequence[str], begin: str = "") -> None:
        """Write a warning and submit it; ``begin`` is what the address says of what it begins with."""
        typed = words(number, units)
        self._until(
            lambda: self._state(number) is not None,
            lambda: self.officer.post(f"/console/warnings/new/{begin}", **typed, then="submit"),
        )
        self._until(
            lambda: self.there(number)[1] != "draft",
            lambda: self.officer.post(self.page(number), do="submit", version=str(self.there(number)[2])),
        )

    def approve(self, number: int) -> None:
        """The leader orders what waits."""
        self._until(
            lambda: self.there(number)[1] == "approved",
            lambda: self.leader.post(self.page(number), do="approve", version=str(self.there(number)[2])),
        )

    def page(self, number: int) -> str:
        """Where the warning stands."""
        return f"/console/warnings/{self.there(number)[0]}/"

    def there(self, number: int) -> tuple[int, str, int]:
        """Number of the row, state and version of a warning that was drafted."""
        found = self._state(number)
        assert found is not None
        return found

    def _state(self, number: int) -> tuple[int, str, int] | None:
        """The same; None before it was."""
        rows = self.town.ask("SELECT headline_vi, id, state, version FROM warnings_warning ORDER BY id")
        return {headline: (pk, state, version) for headline, pk, state, version in rows}.get(
            HEADLINE.format(number)
        )

    def _until(self, is_done: Callable[[], bool], do: Callable[[], int]) -> None:
        end = time.monotonic() + PATIENCE
        while not is_done():
            assert time.monotonic() < end, self.town.log[-3000:]
            try:
                self.done += do() == 302
            except (OSError, http.client.HTTPException):
                # Nobody knows whether it was done: they look again, as people would.
                time.sleep(0.3)
