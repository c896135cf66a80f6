"""CAP's terms, and what can be wrong with a message, in words for officers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

SEVERITY = {
    "Extreme": lazy("Extreme"),
    "Severe": lazy("Severe"),
    "Moderate": lazy("Moderate"),
    "Minor": lazy("Minor"),
    "Unknown": lazy("Severity unknown"),
}
RANKED = ("Unknown", "Minor", "Moderate", "Severe", "Extreme")
STATUS = {
    "Actual": lazy("Actual"),
    "Exercise": lazy("Exercise"),
    "System": lazy("Message between machines"),
    "Test": lazy("Test"),
    "Draft": lazy("Draft"),
}
MSG_TYPE = {
    "Alert": lazy("First message"),
    "Update": lazy("Update"),
    "Cancel": lazy("Cancellation"),
    "Ack": lazy("Acknowledgement of receipt"),
    "Error": lazy("Refusal of a message"),
}
URGENCY = {
    "Immediate": lazy("act at once"),
    "Expected": lazy("act within the hour"),
    "Future": lazy("act soon"),
    "Past": lazy("nothing more to be done"),
    "Unknown": lazy("urgency unknown"),
}
CERTAINTY = {
    "Observed": lazy("observed"),
    "Likely": lazy("likely"),
    "Possible": lazy("possible"),
    "Unlikely": lazy("unlikely"),
    "Unknown": lazy("certainty unknown"),
}
CATEGORY = {
    "Geo": lazy("Earth: quakes, landslides"),
    "Met": lazy("Weather and floods"),
    "Safety": lazy("Public safety"),
    "Security": lazy("Security"),
    "Rescue": lazy("Search and rescue"),
    "Fire": lazy("Fire"),
    "Health": lazy("Health"),
    "Env": lazy("Environment"),
    "Transport": lazy("Transport"),
    "Infra": lazy("Supply and infrastructure"),
    "CBRNE": lazy("Chemical, biological, nuclear, explosive"),
    "Other": lazy("Other"),
}
RESPONSE = {
    "Shelter": lazy("take shelter"),
    "Evacuate": lazy("leave the place"),
    "Prepare": lazy("prepare"),
    "Execute": lazy("do as planned"),
    "Avoid": lazy("keep away"),
    "Monitor": lazy("follow the news"),
    "Assess": lazy("assess the situation"),
    "AllClear": lazy("all clear"),
    "None": lazy("nothing to do"),
}


def unreadable(code: str, facts: Mapping[str, Any]) -> str:
    """Why a document holds no message, and what to do."""
    told = {
        "empty": _("Nothing is in it."),
        "too_large": _("It is larger than 5 MB: no warning is. Ask the sender for the message alone."),
        "too_deep": _("Its elements lie within each other deeper than any message needs."),
        "too_many_elements": _("It holds more elements than any list of warnings needs."),
        "doctype": _(
            "It brings a document type of its own, as attacks do and no CAP message needs. Tell the sender."
        ),
        "bad_encoding": _("It is written in an encoding that cannot be read. Ask the sender for UTF-8."),
        "not_xml": _("It is cut off or no XML (line %(line)s, column %(column)s: %(fault)s)."),
        "version": _("It is CAP of a version that is not read (%(said)s); versions 1.1 and 1.2 are."),
        "no_cap": _("It is no CAP message and no feed of them (it begins with %(said)s)."),
    }
    return told[code] % facts if facts else told[code]


def remark(row: Mapping[str, Any]) -> str:
    """What is to be said about one place in a message."""
    told = {
        "missing": _("%(at)s is missing"),
        "twice": _("%(at)s stands there more than once"),
        "unknown": _("%(at)s is no element of CAP here"),
        "out_of_order": _("%(at)s stands at the wrong place"),
        "stray_text": _("%(at)s holds text where only elements belong"),
        "attribute": _("%(at)s has an attribute that CAP does not know"),
        "value": _("%(at)s has a value that CAP does not know: “%(said)s”"),
        "empty_value": _("%(at)s is empty, though it needs a value"),
        "empty": _("%(at)s is there and empty"),
        "very_likely": _("certainty “Very Likely” is of an older version; read as likely"),
        "bad_polygon": _("a polygon cannot be drawn and is left out"),
        "open_polygon": _("a polygon does not end where it begins; closed by us"),
        "bad_circle": _("a circle cannot be drawn and is left out"),
        "bad_reference": _("it speaks of an earlier message in a way that cannot be read"),
        "too_long": _("its name is longer than any name is"),
        "unfit": _("%(at)s holds spaces, commas or signs that no other message can refer to"),
        "no_references": _("it updates or cancels without saying which message"),
        "no_restriction": _("it is restricted without saying to whom"),
        "no_addresses": _("it is private without saying for whom"),
        "no_info": _("it says nothing: no block of information"),
        "no_area": _("it names no area"),
        "no_expires": _("it names no end"),
        "ends_first": _("it ends before it begins (%(said)s)"),
        "long_headline": _("its headline is longer than 160 characters"),
    }
    line = row.get("line")
    where = _(" (line %(line)s)") % {"line": line} if line else ""
    said: str = told.get(row["code"], row["code"])
    return said % row + where
