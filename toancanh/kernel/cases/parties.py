"""People outside whom a case concerns: how they join, come back by a link, and who reads who they are."""

from __future__ import annotations

import secrets as random
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from toancanh.kernel.cases import past, types
from toancanh.kernel.cases.models import Case, Identity, Party, PartyRole
from toancanh.kernel.contacts import sealing
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.notify.messages import Recipient
from toancanh.kernel.runtime import clock, ids, secrets
from toancanh.lib import phones
from toancanh.lib.errors import NotAllowed, NotFound, Refused

LONGEST_NAME = 100
LONGEST_REASON = 300


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Who somebody is and how he is reached; all of it may be empty."""

    name: str = ""
    phone: str = ""
    email: str = ""
    language: str = "vi"
    account: str = ""
    """Who was signed in when it was sent, in words: read like the rest, and nowhere else."""
    unproven: str = ""
    """A number that nobody has shown to be his: the desk may call it, and no message goes there."""
    unproven_email: str = ""
    """The same of an address."""


@dataclass(frozen=True)
class Joined:
    """A party and the secret of his link: kept sealed, so that messages can bring it again."""

    party: Party
    secret: str


@transaction.atomic
def join(case: Case, role: PartyRole, contact: Contact, *, by: Actor) -> Joined:
    """Let somebody be a party. Whoever is one already, by the same number or address, stays the same party.

    Raises Refused for a number that none can be, and where somebody would follow what has ended meanwhile.
    """
    phone = _phone(contact.phone)
    name = contact.name.strip()
    if len(name) > LONGEST_NAME or (name and not name.isprintable()):
        raise Refused(
            _("A name has 1 to %(most)s characters that can be printed.") % {"most": LONGEST_NAME}, "bad_name"
        )
    email = contact.email.strip()
    mark = _mark(phone, email)
    if not _locked(case.pk).is_open and role == PartyRole.FOLLOWER:
        raise Refused(_("It has ended: nobody works on it any more."), "ended")
    known = standing(case.parties.filter(contact=mark)).first() if mark else None
    if known is not None:
        return Joined(known, _unsealed(known).get("link", ""))
    secret, now = random.token_urlsafe(16), past.moment()
    party = Party.objects.create(
        case=case,
        role=role,
        digest=ids.digest(secret),
        contact=mark,
        language=contact.language if contact.language in ("vi", "en") else "vi",
        joined_at=now,
    )
    said = {"link": secret, "name": name, "phone": phone, "email": email, "account": contact.account}
    # By it nobody is found again either: it may be somebody else's.
    said["unproven"] = _phone(contact.unproven)
    said["unproven_email"] = contact.unproven_email.strip()
    Identity.objects.create(
        party=party, sealed=secrets.seal({key: value for key, value in said.items() if value})
    )
    if role == PartyRole.FOLLOWER:
        _count(case.pk)
    journal.record("cases.joined", f"case:{case.code}", by=by, content={"party": party.pk, "role": str(role)})
    return Joined(party, secret)


def _locked(pk: int) -> Case:
    """The case, held: whoever joins, leaves or merges it at the same time waits."""
    return Case.objects.select_for_update(of=("self",)).get(pk=pk)


def _count(pk: int) -> None:
    """Write how many follow a case that is held."""
    Case.objects.filter(pk=pk).update(followers=following(pk))


def standing(rows: QuerySet[Party]) -> QuerySet[Party]:
    """Those of them who have not left, each person once."""
    return rows.filter(left_at=None, same_as=None)


def following(pk: int) -> int:
    """How many follow a case."""
    return standing(Party.objects.filter(case=pk, role=PartyRole.FOLLOWER)).count()


def move(case: Case, into: Case) -> None:
    """Take the parties of a case that is merged to the other one; both are locked.

    Who is a party to that one by the same number or address is told there once: his link from here leads on.
    """
    there = dict(standing(into.parties.exclude(contact="")).values_list("contact", "pk"))
    here = standing(case.parties.filter(contact__in=there)).values_list("pk", "contact")
    for pk, contact in list(here):
        Party.objects.filter(Q(pk=pk) | Q(same_as=pk)).update(same_as=there[contact])
    case.parties.filter(left_at=None).update(case=into, role=PartyRole.FOLLOWER)


def _phone(typed: str) -> str:
    if not typed.strip():
        return ""
    try:
        return phones.read(typed, clock.now().date()).e164
    except phones.BadPhone as fault:
        told = _("“%(text)s” is no telephone number: type all 10 digits of a mobile.")
        raise Refused(told % {"text": typed[:30]}, "bad_phone") from fault


def _mark(phone: str, email: str) -> str:
    if phone:
        return sealing.Keys().mark("phone", phone)
    return sealing.Keys().mark("email", email) if email else ""


def by_link(secret: str) -> Party:
    """The party whose link holds the secret."""
    found = None
    if secret:
        beside = ("case__unit", "case__organisation", "same_as__case__unit", "same_as__case__organisation")
        rows = Party.objects.select_related(*beside)
        found = rows.filter(digest=ids.digest(secret), left_at=None).first()
    if found is not None and found.same_as is not None and found.same_as.left_at is None:
        return found.same_as
    if found is None:
        raise NotFound(_("This link is not valid. Look at the code that you got, or send your report anew."))
    return found


def actor(party: Party) -> Actor:
    """Who acts when this party does something: no name, so that nobody learns it by what he does."""
    return Actor(name="", key=f"party:{party.pk}")


def of(contact: Contact) -> list[Party]:
    """Everything that somebody with this number or address is a party to, the newest first."""
    phone = _phone(contact.phone)
    mark = _mark(phone, contact.email.strip())
    rows = standing(Party.objects.filter(contact=mark)) if mark else Party.objects.none()
    return list(rows.select_related("case").order_by("-pk")[:200])


@transaction.atomic
def identity(party: Party, *, by: Actor, reason: str) -> Contact:
    """Who the party is. Every reading is in the journal with its reason.

    Raises NotAllowed without the kind's right over the case's unit; Locked where the key is another one.
    """
    case = party.case
    if not by.may(types.by_key(case.version_id).rights.identity, case.unit_path):
        raise NotAllowed(_("Who sent it is read by the reception desk alone."))
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Refused(_("Say in at most 300 characters why you need to know."), "no_reason")
    said = _unsealed(party)
    content = {"party": party.pk, "reason": reason.strip()}
    journal.record("cases.identity_read", f"case:{case.code}", by=by, content=content)
    return Contact(
        name=said.get("name", ""),
        phone=said.get("phone", ""),
        email=said.get("email", ""),
        language=party.language,
        account=said.get("account", ""),
        unproven=said.get("unproven", ""),
        unproven_email=said.get("unproven_email", ""),
    )


def _unsealed(party: Party) -> dict[str, str]:
    row = Identity.objects.filter(party=party).first()
    return {} if row is None else secrets.unseal(row.sealed)


@transaction.atomic
def leave(party: Party, *, by: Actor) -> None:
    """Follow no longer; a reporter stays one."""
    if party.role == PartyRole.REPORTER:
        raise Refused(_("Who sent a report cannot leave it, but can withdraw it."), "reporter")
    held = 0
    while held != party.case_id:
        # Merging takes parties to another case: it is held once both agree.
        held = _locked(party.case_id).pk
        party.refresh_from_db(fields=["case"])
    party.left_at = clock.now()
    party.save(update_fields=["left_at"])
    _count(held)
    journal.record("cases.left", f"case:{party.case.code}", by=by, content={"party": party.pk})


def recipients(case: Case, role: PartyRole, path: str) -> list[Recipient]:
    """Parties of a role on the channels by which they can be reached, each with a link of his own.

    ``path`` holds ``{secret}``. Without the key nobody can be reached: raises Locked, and the message waits.
    """
    return reached(standing(case.parties.filter(role=role)), path)


def reached(rows: QuerySet[Party], path: str) -> list[Recipient]:
    """The same of these parties; who is there twice by one number is told once."""
    found: dict[tuple[str, str], Recipient] = {}
    for party in rows.filter(left_at=None).select_related("identity").order_by("pk"):
        said = secrets.unseal(party.identity.sealed) if hasattr(party, "identity") else {}
        link = path.replace("{secret}", said.get("link", "")) if path else ""
        for channel, address in _reached(said):
            told = Recipient(
                f"party:{party.pk}", channel, address, party.language, said.get("name", ""), link
            )
            found.setdefault((channel, address), told)
    return list(found.values())


def _reached(said: dict[str, str]) -> Iterable[tuple[str, str]]:
    if said.get("phone"):
        yield "sms", said["phone"]
    elif said.get("email"):
        yield "email", said["email"]
