"""The line for SensorThings on the card of a device."""

from __future__ import annotations

import shlex

from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sensorthings import ids
from toancanh.kernel.telemetry.devices.lines import Example, Sender


def example(to: Sender) -> Example | None:
    """One observation from a shell; none where the card names no real series."""
    if to.first.number is None:
        return None
    address = f"{to.reach.base}{ids.PREFIX}/{ids.address('Datastream', to.first.number)}/Observations"
    body = f'{{"result":{to.first.text}}}'
    return Example(
        key="sensorthings",
        title="curl (SensorThings)",
        text=(
            f"curl -sS {shlex.quote(address)} -H {shlex.quote(f'Authorization: Bearer {to.secret}')}"
            f" -H 'Content-Type: application/json' -d {shlex.quote(body)}"
        ),
        note=_(
            "For programs that speak OGC SensorThings; without phenomenonTime it is measured now."
            " The answer names what was kept."
        ),
    )
