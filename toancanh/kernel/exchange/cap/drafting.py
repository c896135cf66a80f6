"""A warning of ours begun from a message of another centre: it quotes it, an officer writes the rest."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.cap import queries
from toancanh.kernel.exchange.cap.intake import alert_of
from toancanh.kernel.exchange.cap.models import Received
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.queries import today
from toancanh.kernel.warnings import actions, reach
from toancanh.kernel.warnings.content import Content
from toancanh.kernel.warnings.keeping import DRAFT
from toancanh.kernel.warnings.models import Warning
from toancanh.kernel.warnings.texts import Quote
from toancanh.lib.cap.message import Alert
from toancanh.lib.errors import Refused

RIGHT = DRAFT
LONGEST = 1_000
"""Characters of a quotation."""


@transaction.atomic
def draft(row: Received, *, by: Actor) -> Warning:
    """Begin a draft for the communes that the message's areas touch and the officer answers for.

    Nobody is told before the draft goes the way of every warning; an exercise stays one.
    """
    alert = alert_of(row)
    if alert is None or not alert.infos:
        raise Refused(_("This message says nothing that could be quoted."), "nothing_to_quote")
    now = clock.now()
    content = Content(
        event=_event(alert),
        quotes=(_quote(alert),),
        units=tuple(_units(row, by)),
        valid_until=alert.expires if alert.expires is not None and alert.expires > now else None,
    )
    made = actions.draft(content, by=by, is_exercise=alert.status != "Actual")
    journal.record("exchange.message_drafted", f"received:{row.pk}", by=by, content={"warning": made.pk})
    return made


def _event(alert: Alert) -> str:
    """The event of ours nearest to it, which the officer changes where it is another."""
    events = catalogue.warning_events()
    said = {category for info in alert.infos for category in info.categories}
    fitting = [key for key, event in events.items() if event.category in said]
    found = next(iter([*fitting, *events]), None)
    if found is None:
        raise Refused(_("No domain here warns the public of anything."), "no_event")
    return found


def _quote(alert: Alert) -> Quote:
    info = alert.info("vi")
    assert info is not None
    parts = (info.headline, info.description, info.instruction)
    said = "\n".join(part for part in parts if part) or info.event
    return Quote(
        issuer=(info.sender_name or alert.sender)[:200],
        number=alert.identifier[:200],
        at=alert.sent,
        link=info.web if info.web.startswith(("http://", "https://")) and " " not in info.web else "",
        words=said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…",
    )


def _units(row: Received, by: Actor) -> list[str]:
    """Codes of the communes touched; of a place that no area draws, none."""
    found: set[str] = set()
    for feature in queries.areas(row)["features"]:
        found |= {
            unit.code for unit in reach.within(feature["geometry"], today()) if by.may(RIGHT, unit.path)
        }
    return sorted(found)
