"""Browsers that want warnings of some communes: subscribing, leaving, and who they are."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.notify.channels.encrypting import are_keys
from toancanh.kernel.notify.messages import Recipient
from toancanh.kernel.notify.models import Subscription, Wanted
from toancanh.kernel.runtime import clock, egress
from toancanh.kernel.territory import queries as territory
from toancanh.kernel.territory.models import Lineage, Unit
from toancanh.lib.errors import NotFound, Refused

KEYS = ("pk", "endpoint", "p256dh", "auth")
MOST_UNITS = 50
MOST_A_WHILE, WHILE = 600, 600
"""Subscriptions from one address in so many seconds: a whole town may sit behind the same one."""
SOURCE = "notify.subscribers"
HOSTS = (
    "fcm.googleapis.com", "updates.push.services.mozilla.com", "push.services.mozilla.com",
    "web.push.apple.com", "push.apple.com", "notify.windows.com",
)  # fmt: skip
"""Push services of the browsers there are, with whatever stands before their names."""


@transaction.atomic
def subscribe(
    endpoint: str,
    p256dh: str,
    auth: str,
    units: Collection[str],
    language: str = "vi",
    *,
    by: Actor,
    caller: str = "",
) -> Subscription:
    """Remember a browser and the communes it asks for; the same browser again changes its mind.

    Whoever has the endpoint is the browser: it is a secret address. ``by`` is whoever asks, usually nobody;
    ``caller`` the address that the request came from, of which only so many may subscribe in a while.
    """
    _check_caller(caller)
    wanted = _units(units)
    found = remember(endpoint, p256dh, auth, language)
    _want(found, wanted)
    content = {"units": sorted(unit.code for unit in wanted)}
    journal.record("notify.subscribed", f"subscription:{found.pk}", by=by, content=content)
    return found


def remember(endpoint: str, p256dh: str, auth: str, language: str) -> Subscription:
    """Keep where a browser is reached and its keys, in the caller's transaction; known ones are renewed."""
    _check_endpoint(endpoint)
    if not are_keys(p256dh, auth):
        raise Refused(_("The browser sent keys that are none; load the page anew and try again."), "bad_keys")
    now = clock.now()
    said = {"p256dh": p256dh, "auth": auth, "language": "en" if language == "en" else "vi", "changed_at": now}
    found, _is_new = Subscription.objects.update_or_create(
        endpoint=endpoint, defaults=said, create_defaults={**said, "created": now}
    )
    return found


def forget(found: Subscription) -> None:
    """Let a remembered browser go, unless it asks for warnings of communes as well."""
    if not found.wanted.exists():
        found.delete()


@transaction.atomic
def change(endpoint: str, units: Collection[str], language: str | None = None, *, by: Actor) -> Subscription:
    """Ask for other communes; raises NotFound where the browser is not known."""
    found = Subscription.objects.select_for_update().filter(endpoint=endpoint[:600]).first()
    if found is None:
        raise NotFound(_("This browser is not subscribed."))
    found.changed_at = clock.now()
    if language:
        found.language = "en" if language == "en" else "vi"
    found.save(update_fields=["changed_at", "language"])
    wanted = _units(units)
    _want(found, wanted)
    content = {"units": sorted(unit.code for unit in wanted)}
    journal.record("notify.subscribed", f"subscription:{found.pk}", by=by, content=content)
    return found


@transaction.atomic
def unsubscribe(endpoint: str, *, by: Actor) -> bool:
    """Forget a browser; false where it was not known."""
    found = Subscription.objects.select_for_update().filter(endpoint=endpoint[:600]).first()
    if found is None:
        return False
    journal.record("notify.unsubscribed", f"subscription:{found.pk}", by=by, content={})
    found.delete()
    return True


def wanted(endpoint: str) -> list[str] | None:
    """Codes of the units in force that a browser asks for; None where it is not known."""
    found = Subscription.objects.filter(endpoint=endpoint[:600]).first()
    if found is None:
        return None
    pks = set(Wanted.objects.filter(subscription=found).values_list("unit_id", flat=True))
    return sorted(territory.in_force().filter(pk__in=_onward(pks)).values_list("code", flat=True))


def _want(found: Subscription, units: Sequence[Unit]) -> None:
    Wanted.objects.filter(subscription=found).delete()
    Wanted.objects.bulk_create(Wanted(subscription=found, unit=unit) for unit in units)


def _units(codes: Collection[str]) -> list[Unit]:
    asked = {code.strip() for code in codes}
    if not asked or len(asked) > MOST_UNITS:
        raise Refused(_("Choose 1 to %(most)s communes.") % {"most": MOST_UNITS}, "bad_units")
    found = list(territory.in_force().filter(code__in=asked))
    if len(found) < len(asked):
        missing = ", ".join(sorted(asked - {unit.code for unit in found}))[:60]
        raise Refused(_("There is no unit with the code %(codes)s today.") % {"codes": missing}, "bad_units")
    return found


def _check_caller(caller: str) -> None:
    if not caller:
        return
    # Not a record of who subscribed: a number in memory that is gone after a while.
    key = f"subscribing:{hashlib.sha256(caller.encode()).hexdigest()[:32]}"
    cache.add(key, 0, WHILE)
    if cache.incr(key) > MOST_A_WHILE:
        told = _("Too many subscriptions came from this network just now; try again in ten minutes.")
        raise Refused(told, "too_many")


def _check_endpoint(endpoint: str) -> None:
    if len(endpoint) > 600 or not endpoint.isascii():
        raise Refused(_("The browser names a push service that cannot be reached."), "bad_endpoint")
    url = egress.parsed(endpoint)
    host = urlsplit(endpoint).hostname or ""
    extra: Sequence[str] = settings.PUSH_HOSTS
    if any(host == own or host.endswith(f".{own}") for own in HOSTS) and url.scheme == "https":
        return
    if any(url.netloc.decode("ascii") == own for own in extra):
        return
    told = _("The push service of this browser (%(host)s) is not known here; tell your administrator.")
    raise Refused(told % {"host": host[:100]}, "bad_endpoint")


# --- whom to tell


def recipients(args: Mapping[str, Any], after: str, most: int) -> list[Recipient]:
    """Browsers that ask for one of ``args["units"]`` (codes), each once, or for what these were before."""
    pks = [unit.pk for unit in territory.in_force().filter(code__in=list(args["units"]))]
    number = int(after.rpartition(":")[2] or 0)
    rows = Subscription.objects.filter(
        pk__in=Wanted.objects.filter(unit__in=_backward(pks), subscription__gt=number).values("subscription"),
        pk__gt=number,
    )
    found = rows.order_by("pk").values_list("pk", "language")[:most]
    return [Recipient(f"subscription:{pk}", "webpush", str(pk), language) for pk, language in found]


def count(units: Collection[str]) -> int:
    """How many browsers ask for one of these units (codes)."""
    pks = [unit.pk for unit in territory.in_force().filter(code__in=list(units))]
    return Wanted.objects.filter(unit__in=_backward(pks)).values("subscription").distinct().count()


def _backward(pks: Collection[int]) -> set[int]:
    """These units and all that they were made of: who asked before a merger is still told."""
    return _reached(pks, "successor_id", "predecessor_id")


def _onward(pks: Collection[int]) -> set[int]:
    """These units and all that became of them."""
    return _reached(pks, "predecessor_id", "successor_id")


def _reached(pks: Collection[int], of: str, to: str) -> set[int]:
    seen, edge = set(pks), set(pks)
    while edge:
        rows = Lineage.objects.filter(**{f"{of}__in": list(edge)}).values_list(to, flat=True)
        edge = set(rows) - seen
        seen |= edge
    return seen
