"""Making people, organisations, posts and tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.people.models import Grant, Organisation, Person, Post, Purpose, Token, Tree
from toancanh.kernel.runtime import clock, ids, revision
from toancanh.kernel.territory.models import Unit
from toancanh.kernel.territory.queries import today
from toancanh.lib.errors import NotAllowed, NotFound, Refused

STAFF = (
    "console.see",
    "alerts.answer",
    "warnings.draft",
    "contacts.see",
    "contacts.call",
    "cases.see",
    "cases.desk",
    "cases.identity",
)
"""Rights of whoever works in the centre."""
ADMINISTRATOR = (
    *STAFF,
    "people.arrange",
    "territory.arrange",
    "registry.arrange",
    "telemetry.arrange",
    "alerts.arrange",
    "warnings.arrange",
    "notify.arrange",
    "contacts.arrange",
    "duty.arrange",
    "cases.arrange",
    "cases.correct",
    "cases.restricted",
)
LEADER = (*STAFF, "warnings.order", "cases.give", "cases.urge", "cases.restricted")
"""Rights of whoever may order that the public is warned, and gives work to organisations."""
HANDLER = ("console.see", "cases.handle")
"""Rights of whoever works in an organisation on what it is in charge of."""

MOST_BASIS = 300
FASTEST = 1_000_000_000
"""Observations a minute: what the column holds on every database."""


@dataclass(frozen=True)
class MadeToken:
    """A token and its secret, which is shown this once."""

    token: Token
    secret: str


def check(by: Actor) -> None:
    """Only who may arrange people everywhere writes here."""
    if not by.may("people.arrange"):
        raise NotAllowed(_("Accounts and tokens are made by the administrator of this installation."))


def check_name(name: str, most: int) -> None:
    """Refuse what no column holds on every database, and what a line of a list could not show."""
    if not name.strip() or len(name) > most or not name.isprintable():
        text = _("A name has 1 to %(most)s characters that can be printed.") % {"most": most}
        raise Refused(text, "bad_name")


@transaction.atomic
def found_organisation(
    code: str,
    name: str,
    *,
    by: Actor,
    unit: Unit | None = None,
    tree: str = Tree.GOVERNMENT,
    parent: Organisation | None = None,
) -> Organisation:
    """Write an organisation into its tree; one known by its code is returned as it is."""
    check(by)
    organisation, is_new = Organisation.objects.get_or_create(
        code=code, defaults={"name": name, "unit": unit, "tree": tree, "parent": parent}
    )
    if is_new:
        organisation.path = f"{parent.path if parent else ''}{organisation.pk}/"
        organisation.save(update_fields=["path"])
        content = {"name": name, "unit": unit.code if unit else "", "parent": parent.code if parent else ""}
        journal.record("people.organisation_founded", f"organisation:{code}", by=by, content=content)
    return organisation


@transaction.atomic
def cease(organisation: Organisation, successor: Organisation, *, by: Actor, basis: str) -> Organisation:
    """An organisation is no more from now on; its open work goes to the one that follows it.

    Its posts end with it. Whoever holds work hears ``people.organisation_ceased``.
    """
    check(by)
    if not basis.strip() or len(basis) > MOST_BASIS:
        raise Refused(_("Name the decision by which it ceased, in at most 300 characters."), "no_basis")
    row = Organisation.objects.select_for_update(of=("self",)).get(pk=organisation.pk)
    if row.ceased_at is not None:
        raise Refused(_("%(name)s has ceased already.") % {"name": row.name}, "ceased")
    if successor.ceased_at is not None or successor.pk == row.pk:
        raise Refused(_("Its work can only follow to an organisation that stands."), "bad_successor")
    row.ceased_at, row.successor = clock.now(), successor
    row.save(update_fields=["ceased_at", "successor"])
    Post.objects.filter(Q(valid_to=None) | Q(valid_to__gt=today()), organisation=row).update(valid_to=today())
    content = {"successor": successor.code, "basis": basis.strip()}
    journal.record("people.organisation_ceased", f"organisation:{row.code}", by=by, content=content)
    journal.emit("people.organisation_ceased", row.code, {"organisation": row.pk})
    return row


@transaction.atomic
def create_person(username: str, full_name: str, password: str, *, by: Actor, known: bool = False) -> Person:
    """Open an account. ``known`` lets the demo's published password pass the rules."""
    check(by)
    check_name(username, 60)
    check_name(full_name, 100)
    if Person.objects.filter(username=username).exists():
        raise Refused(_("There is an account %(name)s already.") % {"name": username}, "taken")
    person = Person(username=username, full_name=full_name, created=clock.now())
    if not known:
        try:
            validate_password(password, person)
        except ValidationError as fault:
            raise Refused(" ".join(fault.messages), "weak_password") from fault
    person.set_password(password)
    person.save()
    journal.record("people.person_created", f"person:{person.pk}", by=by, content={})
    return person


@transaction.atomic
def set_active(person: Person, active: bool, *, by: Actor) -> None:
    """Open or close an account; a closed one signs in nowhere, and its open sessions show nothing more."""
    check(by)
    person.is_active = active
    person.save(update_fields=["is_active"])
    verb = "people.person_opened" if active else "people.person_closed"
    journal.record(verb, f"person:{person.pk}", by=by, content={"username": person.username})


@transaction.atomic
def appoint(
    person: Person,
    organisation: Organisation,
    title: str,
    rights: Sequence[str],
    *,
    by: Actor,
    unit: Unit | None = None,
) -> Post:
    """Give a person a post and its rights over ``unit`` and below (everywhere without unit)."""
    check(by)
    post = Post.objects.create(
        person=person, organisation=organisation, title=title, valid_from=today(), valid_to=None
    )
    Grant.objects.bulk_create([Grant(post=post, right=right, unit=unit) for right in rights])
    content = {"post": title, "organisation": organisation.code, "rights": list(rights)}
    content["unit"] = unit.code if unit else ""
    journal.record("people.appointed", f"person:{person.pk}", by=by, content=content)
    return post


@transaction.atomic
def create_token(
    name: str,
    *,
    by: Actor,
    things: Iterable[str] | None = None,
    rate: int | None = None,
    expires_at: datetime | None = None,
    is_program: bool = False,
    purpose: Purpose = Purpose.DEVICES,
) -> MadeToken:
    """Make a token; a device's or gateway's may write every thing unless ``things`` narrows it.

    That of a program which brings reports writes none.
    """
    check(by)
    check_name(name, 100)
    if Token.objects.filter(name=name, revoked_at=None).exists():
        text = _("There is a token named %(name)s already; revoke it first or choose another name.")
        raise Refused(text % {"name": name}, "taken")
    Token.objects.filter(name=name).delete()
    secret = ids.new_secret()
    token = Token(
        name=name, digest=ids.digest(secret), created=clock.now(), is_program=is_program, purpose=purpose
    )
    _limit(token, things if purpose == Purpose.DEVICES else (), rate, expires_at)
    token.save(force_insert=True)
    _changed("people.token_created", token, by)
    return MadeToken(token, secret)


@transaction.atomic
def narrow_token(
    name: str, *, by: Actor, things: Iterable[str] | None, rate: int | None, expires_at: datetime | None
) -> Token:
    """Say anew what a token may write, how fast and until when; who is connected is judged by it at once."""
    check(by)
    token = _in_force(name)
    _limit(token, things, rate, expires_at)
    token.save(update_fields=["things", "rate", "expires_at"])
    _changed("people.token_narrowed", token, by)
    return token


@transaction.atomic
def renew_token(name: str, *, by: Actor) -> MadeToken:
    """Give a token a new secret; the old one is refused from the next request on."""
    check(by)
    token = _in_force(name)
    if token.is_program:
        raise Refused(
            _("%(name)s belongs to the program: nobody uses its secret.") % {"name": name}, "program"
        )
    secret = ids.new_secret()
    token.digest = ids.digest(secret)
    token.save(update_fields=["digest"])
    _changed("people.token_renewed", token, by)
    return MadeToken(token, secret)


@transaction.atomic
def revoke_token(name: str, *, by: Actor) -> Token:
    """End a token: the next request that carries it is refused."""
    check(by)
    token = _in_force(name)
    token.revoked_at = clock.now()
    token.save(update_fields=["revoked_at"])
    _changed("people.token_revoked", token, by)
    return token


def _in_force(name: str) -> Token:
    token = Token.objects.select_for_update().filter(name=name, revoked_at=None).first()
    if token is None:
        raise NotFound(_("There is no token %(name)s in force.") % {"name": name})
    return token


def _limit(token: Token, things: Iterable[str] | None, rate: int | None, expires_at: datetime | None) -> None:
    if rate is not None and not 0 < rate <= FASTEST:
        raise Refused(_("A rate is a number a minute above 0."), "bad_rate")
    token.things = sorted(set(things)) if things is not None else None
    token.rate = rate
    token.expires_at = expires_at


def _changed(action: str, token: Token, by: Actor) -> None:
    """Write what a token may do from now on into the journal, and let every door look anew."""
    until = token.expires_at.isoformat() if token.expires_at else ""
    content = {"things": token.things, "rate": token.rate, "expires_at": until, "purpose": token.purpose}
    journal.record(action, f"token:{token.pk} {token.name}", by=by, content=content)
    revision.bump("directory")
