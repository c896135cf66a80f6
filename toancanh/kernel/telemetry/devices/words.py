"""How devices, doors and reasons are called on the pages."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from toancanh.kernel.people.models import Token
from toancanh.kernel.telemetry.devices.queries import Device

DOORS = {
    "http": "HTTP",
    "mqtt": "MQTT",
    "broker": gettext_lazy("Outside broker"),
    "sheet": gettext_lazy("File"),
    "folder": gettext_lazy("Watched folder"),
    "feed": gettext_lazy("Feed"),
    "sensorthings": "SensorThings",
    "replay": gettext_lazy("Taken in later"),
}

STATES = {
    "revoked": gettext_lazy("Revoked"),
    "expired": gettext_lazy("Expired"),
    "new": gettext_lazy("Nothing sent yet"),
    "silent": gettext_lazy("No signal"),
    "well": gettext_lazy("Sending"),
}

COMMANDS = {
    "waiting": gettext_lazy("waits for the device"),
    "sent": gettext_lazy("sent"),
    "delivered": gettext_lazy("delivered"),
    "answered": gettext_lazy("answered"),
    "expired": gettext_lazy("no answer"),
    "withdrawn": gettext_lazy("withdrawn"),
}


@dataclass(frozen=True)
class Reason:
    """Why something was refused: in a word, what it means, and what mends it."""

    short: object
    meaning: object
    mend: object
    can_replay: bool = True


REASONS = {
    "unknown_thing": Reason(
        gettext_lazy("Unknown station"),
        gettext_lazy("No station or device here bears the code that was sent."),
        gettext_lazy("Take the device in from the waiting room, or set its right code in the device."),
    ),
    "unknown_series": Reason(
        gettext_lazy("Unknown quantity"),
        gettext_lazy("The station is known, but it measures nothing of the name that was sent."),
        gettext_lazy("Add the quantity from the waiting room, or set its right name in the device."),
    ),
    "forbidden": Reason(
        gettext_lazy("Not its own station"),
        gettext_lazy("The token may not write for this station."),
        gettext_lazy("If it should: open the device and add the station to what it may write."),
    ),
    "future": Reason(
        gettext_lazy("Time in the future"),
        gettext_lazy(
            "The time of measurement lay more than 5 minutes ahead: the clock of the device is wrong."
        ),
        gettext_lazy("Set the clock of the device. What has meanwhile become past can be taken in again."),
    ),
    "too_old": Reason(
        gettext_lazy("Too old"),
        gettext_lazy("The time of measurement lies more than 20 years back: the device has lost its clock."),
        gettext_lazy("Set the clock of the device. These rows have no true time and stay here."),
    ),
    "conflict": Reason(
        gettext_lazy("Another value is kept"),
        gettext_lazy("For the same station, quantity and time another value was kept before."),
        gettext_lazy(
            "See that no two devices send for one station; to correct a value, send it as a correction."
        ),
    ),
    "malformed": Reason(
        gettext_lazy("Cannot be read"),
        gettext_lazy("What came was neither a number nor the agreed form."),
        gettext_lazy(
            "Compare with the example lines on the card of the device; the row itself cannot be saved."
        ),
        can_replay=False,
    ),
}
OTHER = {
    "sign_in": gettext_lazy("Failed sign-ins"),
    "too_many": gettext_lazy("Faster than allowed"),
}


def reason(code: str) -> str:
    """The reason in a word."""
    known = REASONS.get(code)
    return str(known.short if known else OTHER.get(code, code))


def explained(code: str) -> Reason:
    """The reason with its explanation; one that is not known here is told by its code."""
    return REASONS.get(code) or Reason(code, "", "")


def command(state: str) -> str:
    """How far a command has come."""
    return str(COMMANDS.get(state, state))


def door(name: str) -> str:
    """By which way something came."""
    return str(DOORS.get(name, name))


def state(device: Device) -> str:
    """How a device does."""
    return str(STATES[device.state])


def scope(token: Token) -> str:
    """What it may write, in few words."""
    if token.things is None:
        return _("every station")
    if len(token.things) == 1:
        return str(token.things[0])
    return ngettext("%(n)s station", "%(n)s stations", len(token.things)) % {"n": len(token.things)}
