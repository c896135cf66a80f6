"""The discovery file, by which programs find the door and whom to ask for a key."""

from __future__ import annotations

from django.utils.translation import gettext as _

from toancanh.domains.reports import admission
from toancanh.domains.reports.open311.answers import MEDIA, Fact
from toancanh.kernel.exchange.queries import locality

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
"""Clients look for this very text."""
CHANGED = "2026-11-23T00:00:00+07:00"
"""When this door last began to answer otherwise."""


def told(base: str) -> Fact:
    """The file; ``base`` is the address of the site."""
    name, office = locality()["name"], admission.now().office
    return {
        "changeset": CHANGED,
        "contact": f"{name}. {office}" if office else f"{name}: {base}/",
        "key_service": _("The administrator of %(name)s gives keys: %(command)s")
        % {"name": name, "command": "toancanh token create NAME --reports"},
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": f"{base}/open311/v2",
                "changeset": CHANGED,
                "type": "production",
                "formats": [kind.partition(";")[0] for kind in MEDIA.values()],
            }
        ],
    }
