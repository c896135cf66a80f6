"""Messages and their copies as pages show them, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toancanh.kernel.declare import Actor
from toancanh.kernel.notify import queries, reasons, registry, setups
from toancanh.kernel.notify.models import Delivery, Notice, State
from toancanh.kernel.notify.queries import Counts, Progress
from toancanh.lib.errors import NotFound

SIGHT = "console.see"
LENGTH = 50
STATES: dict[str, str | Promise] = {
    State.WAITING.value: gettext_lazy("Waits"),
    State.HANDED.value: gettext_lazy("Handed over"),
    State.RECEIVED.value: gettext_lazy("Received"),
    State.FAILED.value: gettext_lazy("Failed"),
    State.EXPIRED.value: gettext_lazy("Too late"),
    State.CANCELLED.value: gettext_lazy("Recalled"),
}
COLOURS = {"waiting": "draft", "handed": "well", "received": "well", "failed": "bad", "expired": "bad"}


def number(text: str) -> int | None:
    """A row's number as an address has it; None for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


@dataclass(frozen=True)
class ShownNotice:
    """A message and how far it has come."""

    row: Notice
    progress: Progress


def notices(before: str) -> tuple[list[ShownNotice], str]:
    """Messages, the newest first, and where the next page begins. Three queries."""
    found = Notice.objects.order_by("-pk")
    at = number(before)
    if at is not None:
        found = found.filter(pk__lt=at)
    rows = list(found[: LENGTH + 1])
    told = queries.of_many([row.key for row in rows[:LENGTH]])
    more = f"?before={rows[LENGTH - 1].pk}" if len(rows) > LENGTH else ""
    return [ShownNotice(row, told[row.key]) for row in rows[:LENGTH]], more


def notice(pk: int) -> Notice:
    """The message of that number; raises NotFound."""
    found = Notice.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound(_("There is no such message."))
    return found


def may_see_recipients(to: Actor, of: Notice) -> bool:
    """Whoever stands over all that the message is about, or arranges channels, sees whom it went to."""
    return to.may(SIGHT, of.unit_path) or to.may(setups.RIGHT)


@dataclass(frozen=True)
class Wish:
    """Which copies somebody wants to see, as the address says it."""

    state: str = ""
    channel: str = ""
    after: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Wish:
        """From the parameters of an address; what cannot be understood is passed over."""
        state, channel = asked.get("state", ""), asked.get("channel", "")
        return cls(
            state=state if state in STATES else "",
            channel=channel if channel in registry.channels() else "",
            after=asked.get("after", ""),
        )

    def query(self, **other: object) -> str:
        """The same wish as the parameters of an address, with some of it changed."""
        said: dict[str, object] = {"state": self.state, "channel": self.channel, **other}
        return "?" + urlencode({name: value for name, value in said.items() if value})


@dataclass(frozen=True)
class ShownDelivery:
    """One copy in words."""

    row: Delivery
    channel: str
    address: str
    state: str
    colour: str
    reason: str


def deliveries(of: Notice, wish: Wish) -> tuple[list[ShownDelivery], str]:
    """One page of copies. One query."""
    found = Delivery.objects.filter(notice=of).order_by("pk")
    if wish.state:
        found = found.filter(state=wish.state)
    if wish.channel:
        found = found.filter(channel=wish.channel)
    at = number(wish.after)
    if at is not None:
        found = found.filter(pk__gt=at)
    rows = list(found[: LENGTH + 1])
    more = wish.query(after=rows[LENGTH - 1].pk) if len(rows) > LENGTH else ""
    return [_shown(row) for row in rows[:LENGTH]], more


def _shown(row: Delivery) -> ShownDelivery:
    channel = registry.channels().get(row.channel)
    return ShownDelivery(
        row,
        str(channel.title) if channel else row.channel,
        channel.shown(row.address) if channel and row.address else row.address,
        str(STATES[row.state]),
        COLOURS.get(row.state, "paused"),
        reasons.words(row.reason, row.said) if row.reason else "",
    )


def by_channel(progress: Progress) -> list[tuple[str, Counts]]:
    """Counts under the titles of channels."""
    known = registry.channels()
    return [
        (str(known[name].title) if name in known else name, counts)
        for name, counts in progress.channels.items()
    ]
