"""How many will be told, by channel: asked before an approval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count

from toancanh.kernel.contacts import queries as contacts
from toancanh.kernel.contacts.models import Address, Channel
from toancanh.kernel.notify import subscriptions
from toancanh.kernel.territory.models import Unit
from toancanh.kernel.territory.queries import ancestry
from toancanh.kernel.warnings.models import Warning

ADDRESSES: dict[str, dict[str, Any]] = {
    "email": {"channel": Channel.EMAIL},
    "sms": {"channel": Channel.PHONE, "is_mobile": True},
    "voice": {"channel": Channel.PHONE},
    "zalo": {"channel": Channel.ZALO},
}
"""Which addresses of officials and heads of villages a channel takes."""


def recipients(warning: Warning, communes: Sequence[Unit]) -> dict[str, int]:
    """By channel how many people it would reach now; channels that count nobody (sirens) are left out."""
    found: dict[str, int] = {}
    if "webpush" in warning.channels:
        codes = [unit.code for unit in communes]
        found["webpush"] = 0 if warning.is_exercise else subscriptions.count(codes)
    people = contacts.standing().filter(unit__in=ancestry(unit.pk for unit in communes))
    if warning.is_exercise:
        people = people.filter(takes_part=True)
    for name, which in ADDRESSES.items():
        if name in warning.channels:
            rows = Address.objects.filter(contact__in=people, **which)
            found[name] = rows.aggregate(n=Count("contact", distinct=True))["n"]
    return found
