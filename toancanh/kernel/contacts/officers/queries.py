"""By what somebody with an account is reached, for whoever has to tell him something."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from toancanh.kernel.contacts.models import Channel
from toancanh.kernel.contacts.officers.models import Reach
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


def ways() -> dict[str, tuple[str, bool]]:
    """Channels that reach single persons here: which address each takes, and whether of a mobile."""
    return {name: WAYS[name] for name in registry.channels() if name in WAYS}


def recipients(people: Iterable[Person]) -> list[Recipient]:
    """Each on every channel that he chose; who said nothing has the account's e-mail address. Two queries.

    Who chose only what is not turned on here has his e-mail address as well; who chose nothing has nothing.
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
    return found


def has_one_on(person: Person) -> bool:
    """Whether a channel that he chose, or the e-mail of who said nothing, is turned on here."""
    row = Reach.objects.filter(person=person).first()
    return not set_up().isdisjoint(row.channels if row is not None else ["email"])


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
    """Everybody whose duty the actor arranges, by name. Two queries."""
    posts = [post for post in access.posts() if by.may(RIGHT, _path(post))]
    reached = {
        row.person_id: row for row in Reach.objects.filter(person__in=[one.person_id for one in posts])
    }
    posts.sort(key=lambda post: (post.person.full_name, post.person_id))
    return [Row(post.person, post, _tags(post.person, reached.get(post.person_id))) for post in posts]


def _tags(person: Person, row: Reach | None) -> list[tuple[str, str, str]]:
    known = registry.channels()
    if row is None:
        shown = known["email"].shown(person.email) if person.email and "email" in known else ""
        return [(known["email"].icon, str(known["email"].title), shown)] if shown else []
    hints: Mapping[str, str] = row.hints
    return [
        (known[name].icon, str(known[name].title), hints.get(kind, ""))
        for name, (kind, _mobile) in ways().items()
        if name in row.channels
    ]


def set_up() -> set[str]:
    """Channels that are turned on here."""
    return set(Setup.objects.filter(is_on=True).values_list("channel", flat=True))
