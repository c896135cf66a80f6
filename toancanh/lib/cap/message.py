"""A CAP message as frozen data: names and order are those of the standard, in the spelling of Python."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

CAP_12 = "urn:oasis:names:tc:emergency:cap:1.2"
CAP_11 = "urn:oasis:names:tc:emergency:cap:1.1"

STATUS = ("Actual", "Exercise", "System", "Test", "Draft")
MSG_TYPE = ("Alert", "Update", "Cancel", "Ack", "Error")
SCOPE = ("Public", "Restricted", "Private")
CATEGORY = (
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE",
    "Other",
)  # fmt: skip
RESPONSE = (
    "Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None",
)  # fmt: skip
URGENCY = ("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITY = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
"""The worst first."""
CERTAINTY = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")
LANGUAGE = "en-US"
"""Of a block that names none."""

Pair = tuple[str, str]
"""A valueName and its value."""
Point = tuple[float, float]
"""Latitude and longitude, as CAP writes them."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Another message, by what makes it one of its kind."""

    sender: str
    identifier: str
    sent: datetime


@dataclass(frozen=True, kw_only=True)
class Circle:
    """A point and the kilometres around it."""

    center: Point
    radius_km: float


@dataclass(frozen=True, kw_only=True)
class Area:
    """A place that a message is about."""

    area_desc: str
    polygons: tuple[tuple[Point, ...], ...] = ()
    """Closed: the last point is the first."""
    circles: tuple[Circle, ...] = ()
    geocodes: tuple[Pair, ...] = ()
    altitude: float | None = None
    """In feet above sea level, as `ceiling`."""
    ceiling: float | None = None


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A file that goes with a message."""

    resource_desc: str
    mime_type: str = ""
    size: int | None = None
    uri: str = ""
    deref_uri: str = ""
    digest: str = ""


@dataclass(frozen=True, kw_only=True)
class Info:
    """What a message says in one language."""

    categories: tuple[str, ...]
    event: str
    urgency: str
    severity: str
    certainty: str
    language: str = LANGUAGE
    response_types: tuple[str, ...] = ()
    audience: str = ""
    event_codes: tuple[Pair, ...] = ()
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    contact: str = ""
    parameters: tuple[Pair, ...] = ()
    resources: tuple[Resource, ...] = ()
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One message. Sender, identifier and sent make it one of its kind."""

    identifier: str
    sender: str
    sent: datetime
    status: str
    msg_type: str
    scope: str
    source: str = ""
    restriction: str = ""
    addresses: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    note: str = ""
    references: tuple[Reference, ...] = ()
    incidents: tuple[str, ...] = ()
    infos: tuple[Info, ...] = ()

    @property
    def expires(self) -> datetime | None:
        """When the last block ends; None where one of them names no end."""
        ends = [info.expires for info in self.infos]
        known = [end for end in ends if end is not None]
        return max(known) if known and len(known) == len(ends) else None

    def info(self, language: str) -> Info | None:
        """The block in that language (``vi``), else the first there is."""
        spoken = (info for info in self.infos if info.language.lower().split("-")[0] == language)
        return next(spoken, self.infos[0] if self.infos else None)


def as_reference(alert: Alert) -> Reference:
    """How another message refers to this one."""
    return Reference(sender=alert.sender, identifier=alert.identifier, sent=alert.sent)
