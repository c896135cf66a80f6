"""By what somebody with an account is reached, for whoever has to tell him something."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import ngettext

from toancanh.kernel.contacts.models import Channel
from toancanh.kernel.contacts.officers.models import Device, Reach
from toancanh.kernel.contacts.telling import OFFICER, WAYS
from toancanh.kernel.declare import Actor
from toancanh.kernel.notify import registry
from toancanh.kernel.notify.messages import Recipient
from toancanh.kernel.notify.models import Setup
from toancanh.kernel.people import access
from toancanh.kernel.people.models import Person, Post
from toancanh.kernel.people.shifts.actions import RIGHT
from toancanh.kernel.runtime import secrets

log = logging.getLogger(__name__)
KIND = OFFICER
"""Of every message to people with accounts: by it numbers in copies are found and let go."""
WEBPUSH = "webpush"


def ways() -> dict[str, tuple[str, bool]]:
    """Channels that reach single persons here: which address each takes, and whether of a mobile."""
    return {name: WAYS[name] for name in registry.channels() if name in WAYS}


def recipients(people: Iterable[Person]) -> list[Recipient]:
    """Each on every channel that he chose, and in every browser in which he switched it on. Three queries.

    Who said nothing has the account's e-mail address. Who chose only what is not turned on here has his
    e-mail address as well, since a browser may be closed. Who chose nothing has nothing.
    """
    asked = {person.pk: person for person in people}
    rows = {row.person_id: row for row in Reach.objects.filter(person__in=asked)}
    on = set_up()
    found = []
    for pk, person in asked.items():
        row = rows.get(pk)
        try:
            addresses, chosen = in_clear(person, row), row.channels if row is not None else ["email"]
        except secrets.Locked as fault:
            # Without the key nobody is silent for it: what is not encrypted is tried.
            log.error("numbers of %s cannot be read: %s", person.username, fault.message)
            addresses, chosen = in_clear(person, None), ["email"]
        if chosen and not on.intersection(chosen):
            chosen = [*chosen, "email"]
            addresses = {Channel.EMAIL.value: person.email, **addresses}
        for channel in (name for name in ways() if name in chosen):
            address = addresses.get(ways()[channel][0])
            if address:
                language = row.language if row is not None else "vi"
                found.append(Recipient(f"person:{pk}", channel, address, language, person.full_name))
    if WEBPUSH in registry.channels():
        devices = Device.objects.filter(person__in=asked).select_related("person__reach").order_by("pk")
        found += [pushed(device) for device in devices]
    return found


def pushed(device: Device) -> Recipient:
    """Somebody in one of his browsers: each is a recipient of its own."""
    person = device.person
    reach = getattr(person, "reach", None)
    language = reach.language if reach is not None else "vi"
    number = str(device.subscription_id)
    return Recipient(f"person:{person.pk}:{number}", WEBPUSH, number, language, person.full_name)


def has_one_on(person: Person) -> bool:
    """Whether a channel that he chose, or the e-mail of who said nothing, is turned on here."""
    row = Reach.objects.filter(person=person).first()
    chosen = list(row.channels) if row is not None else ["email"]
    if Device.objects.filter(person=person).exists():
        chosen.append(WEBPUSH)
    return not set_up().isdisjoint(chosen)


def devices(person: Person) -> list[Device]:
    """Browsers in which he is told, the newest first."""
    return list(person.devices.select_related("subscription").order_by("-made_at", "-pk"))


def in_clear(person: Person, row: Reach | None) -> dict[str, str]:
    """Numbers and addresses by kind. Raises `secrets.Locked`."""
    if row is None:
        return {Channel.EMAIL.value: person.email} if person.email else {}
    return secrets.unseal(row.sealed)


def may(person: Person, by: Actor) -> bool:
    """Whether the actor says how this person is reached."""
    if by.key == f"person:{person.pk}":
        return True
    post = access.post_of(person)
    if post is None:
        return by.may(RIGHT)
    return by.may(RIGHT, _path(post))


def _path(post: Post) -> str:
    return post.organisation.unit.path if post.organisation.unit else ""


@dataclass(frozen=True)
class Row:
    """Somebody and how he is reached, numbers hidden."""

    person: Person
    post: Post
    tags: list[tuple[str, str, str]]
    """Icon, channel in words, and what is shown of the address."""


def arranged(by: Actor) -> list[Row]:
    """Everybody whose duty the actor arranges, by name. Three queries."""
    posts = [post for post in access.posts() if by.may(RIGHT, _path(post))]
    reached = {
        row.person_id: row for row in Reach.objects.filter(person__in=[one.person_id for one in posts])
    }
    counts: Counter[int] = Counter(
        Device.objects.filter(person__in=[one.person_id for one in posts]).values_list("person", flat=True)
    )
    posts.sort(key=lambda post: (post.person.full_name, post.person_id))
    return [
        Row(post.person, post, _tags(post.person, reached.get(post.person_id), counts[post.person_id]))
        for post in posts
    ]


def _tags(person: Person, row: Reach | None, browsers: int) -> list[tuple[str, str, str]]:
    known = registry.channels()
    tags = []
    if browsers and WEBPUSH in known:
        count = ngettext("%(count)s browser", "%(count)s browsers", browsers) % {"count": browsers}
        tags.append((known[WEBPUSH].icon, str(known[WEBPUSH].title), count))
    if row is None:
        shown = known["email"].shown(person.email) if person.email and "email" in known else ""
        return [*tags, *([(known["email"].icon, str(known["email"].title), shown)] if shown else [])]
    hints: Mapping[str, str] = row.hints
    return tags + [
        (known[name].icon, str(known[name].title), hints.get(kind, ""))
        for name, (kind, _mobile) in ways().items()
        if name in row.channels
    ]


def set_up() -> set[str]:
    """Channels that are turned on here."""
    return set(Setup.objects.filter(is_on=True).values_list("channel", flat=True))
