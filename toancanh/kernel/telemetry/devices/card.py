"""What the card of one device or gateway shows: how it connects, what came lately, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.people.models import Token
from toancanh.kernel.registry import queries as registry
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.devices import queries
from toancanh.kernel.telemetry.devices.lines import Sender, Topic, harmless
from toancanh.kernel.telemetry.devices.queries import Device
from toancanh.kernel.telemetry.devices.reach import Reach
from toancanh.kernel.telemetry.devices.tally import SIGN_IN
from toancanh.kernel.telemetry.models import Gap, Letter
from toancanh.kernel.telemetry.queries import Measured, measured
from toancanh.lib.errors import NotFound

MOST_THINGS = 50
MOST_READINGS = 12
MOST_LETTERS = 5
LATELY = timedelta(hours=1)
MOST_GAPS = 20


@dataclass(frozen=True, kw_only=True)
class Came:
    """What has come of late, as an installer waits for it."""

    device: Device
    readings: list[Measured]
    letters: list[Letter]

    @property
    def has_arrived(self) -> bool:
        """Whether anything has come since the token was made."""
        since = self.device.token.created
        seen = self.device.seen
        own = self.device.token.things is not None
        return (seen is not None and seen >= since) or (
            own and any(one.time is not None and one.time >= since for one in self.readings)
        )

    @property
    def failed(self) -> int:
        """Sign-ins with a wrong or ended secret within a day."""
        return self.device.faults.get(SIGN_IN, 0)

    @property
    def renew_s(self) -> int:
        """Seconds after which the page asks again."""
        return 15 if self.has_arrived else 3


def token(name: str, to: Actor) -> Token:
    """The token of that name; its card is shown also once it is revoked."""
    found = queries.visible(to).filter(name=name).first()
    if found is None:
        raise NotFound(_("There is no device or gateway of this name."))
    return found


def things(of: Token, to: Actor) -> list[Thing]:
    """The first of the things that it may write, as far as the actor may see them."""
    seen = registry.visible(to).order_by("code")
    if of.things is not None:
        seen = seen.filter(code__in=of.things[:1000])
    return list(seen[:MOST_THINGS])


def came(of: Token, own: Sequence[Thing], to: Actor) -> Came:
    """What has come lately; of a gateway for everything its counts alone: readings do not name senders."""
    now = clock.now()
    device = queries.living([of], now)[0]
    readings = [] if of.things is None else measured(own, now)
    newest = sorted(
        readings, key=lambda one: (one.reading is None, -(one.reading.time if one.reading else 0))
    )
    refused = Letter.objects.filter(source=of.name, at__gt=now - LATELY, settled_at=None)
    if not to.may("telemetry.arrange"):
        refused = refused.filter(thing__in=[thing.code for thing in own])
    letters = list(refused.order_by("-at", "-pk")[:MOST_LETTERS])
    return Came(device=device, readings=newest[:MOST_READINGS], letters=letters)


def example(own: Sequence[Thing]) -> list[Measured]:
    """What the first of the things that measures anything measures."""
    found = measured(own)
    return [one for one in found if one.thing.pk == found[0].thing.pk]


def sender(of: Token, secret: str, reach: Reach, readings: Sequence[Measured]) -> Sender:
    """Who sends where and what, for the example lines."""
    topics = [
        Topic(
            thing=one.thing.code,
            series=one.series.name,
            value=harmless(one.series.low, one.series.high),
            number=one.series.pk,
        )
        for one in readings
    ]
    unknown = Topic(thing=_("STATION-CODE"), series=_("QUANTITY"))
    return Sender(reach=reach, name=of.name, secret=secret or _("ACCESS-TOKEN"), topics=topics or [unknown])


def gaps(own: Sequence[Thing]) -> list[Gap]:
    """Numbers that its things gave and that have not come, the newest first."""
    missing = Gap.objects.filter(
        thing__in=[thing.code for thing in own], filled_at=None, told_at__isnull=False
    )
    return list(missing.order_by("-noticed_at", "-pk")[:MOST_GAPS])
