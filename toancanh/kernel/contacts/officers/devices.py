"""Browsers in which somebody is told by push: switched on there by himself, tried, switched off."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.contacts.officers import actions, queries
from toancanh.kernel.contacts.officers.models import Device
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.notify import actions as notify
from toancanh.kernel.notify import subscriptions
from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, Refused

MOST = 10
BROWSERS = (
    ("Edge", r"Edg"),
    ("Opera", r"OPR/"),
    ("Cốc Cốc", r"coc_coc"),
    ("Samsung Internet", r"SamsungBrowser"),
    ("Firefox", r"Firefox|FxiOS"),
    ("Chrome", r"Chrome|CriOS"),
    ("Safari", r"Safari"),
)
SYSTEMS = (
    ("Android", r"Android"),
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux"),
)
"""What a browser says of itself (`User-Agent`), the first that fits."""


@dataclass(frozen=True)
class Browser:
    """A browser as it subscribed."""

    endpoint: str
    p256dh: str
    auth: str


def named(agent: str) -> str:
    """Browser and system, as far as the browser tells them."""
    found = (
        next((name for name, pattern in known if re.search(pattern, agent)), "")
        for known in (BROWSERS, SYSTEMS)
    )
    return " · ".join(name for name in found if name) or _("Browser")


def of_browser(endpoint: str) -> Device | None:
    """Whose browser it is, where somebody is told in it."""
    found = Device.objects.filter(subscription__endpoint=endpoint[:600])
    return found.select_related("person", "subscription").first()


@transaction.atomic
def switch_on(person: Person, browser: Browser, *, by: Actor, name: str, replaces: str = "") -> Device:
    """Tell somebody in this browser, too. Only he himself does that, in the browser.

    ``replaces``: endpoint of the same browser before it was renewed. A browser tells one person:
    who switches it on last.
    """
    if by.key != f"person:{person.pk}":
        raise NotAllowed(_("Everybody switches this on himself, in the browser that he wants to be told in."))
    own = Device.objects.select_for_update().select_related("subscription")
    before = own.filter(person=person, subscription__endpoint=replaces[:600]).first() if replaces else None
    if before is not None and replaces != browser.endpoint:
        subscription = before.subscription
        before.delete()
        subscriptions.forget(subscription)
    kept = subscriptions.remember(browser.endpoint, browser.p256dh, browser.auth, "vi")
    device, _is_new = Device.objects.update_or_create(
        subscription=kept, defaults={"person": person, "name": name[:60], "made_at": clock.now()}
    )
    if Device.objects.filter(person=person).count() > MOST:
        told = _("You are told in %(most)s browsers already: switch one of them off first.")
        raise Refused(told % {"most": MOST}, "too_many")
    journal.record(
        "contacts.device_on", f"person:{person.pk}", by=by, content={"device": device.pk, "name": device.name}
    )
    return device


@transaction.atomic
def switch_off(device: Device, *, by: Actor) -> None:
    """Tell nobody there any more."""
    actions.check(device.person, by)
    journal.record(
        "contacts.device_off",
        f"person:{device.person_id}",
        by=by,
        content={"device": device.pk, "name": device.name},
    )
    subscription = device.subscription
    device.delete()
    subscriptions.forget(subscription)


@transaction.atomic
def trial(device: Device, *, by: Actor) -> int:
    """Send a trial to this browser alone, once a minute; returns how many copies that makes."""
    actions.check(device.person, by)
    if "webpush" not in queries.set_up():
        told = _("Web Push is switched off here: ask the administrator to set it up.")
        raise Refused(told, "none_on")
    key = f"contacts.trial:{device.person_id}:{device.pk}:{clock.now():%Y%m%d%H%M}"
    return notify.send(actions.trial_message(device.person, key), [queries.pushed(device)], by=by).new
