"""What is said of a contact, checked: the same rules for the form of one and for a file of thousands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from toancanh.kernel.contacts.models import Channel, Contact, Ground, Kind, Neighbourhood
from toancanh.kernel.contacts.sealing import Reachable
from toancanh.kernel.territory.models import Unit
from toancanh.kernel.territory.queries import today
from toancanh.lib import phones
from toancanh.lib.errors import Refused
from toancanh.lib.fold import fold

MOST_ADDRESSES = 8
EARLIEST = date(1990, 1, 1)
ZALO = re.compile(r"[0-9A-Za-z_-]{3,40}\Z", re.ASCII)
LANGUAGES = ("vi", "en")
OFFICIAL = re.compile(
    r"\b(chu tich|bi thu|chi huy|cong an|quan su|can bo|cong chuc|vien chuc|ubnd|van phong)\b"
)
HEAD = re.compile(r"\b(thon|to dan pho|tdp|ban|lang|khom|ap|khu pho|buon|to truong|xom|soc|phum|ban to)\b")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that is said of one contact."""

    kind: str
    name: str
    post: str
    unit: Unit
    neighbourhood: Neighbourhood | None = None
    addresses: tuple[Reachable, ...] = ()
    language: str = "vi"
    ground: str = Ground.DUTY
    ground_note: str = ""
    takes_part: bool = True
    valid_from: date | None = None

    def check(self) -> None:
        """Refuse what cannot be kept, with what to do about it."""
        _check_line(self.name, 100, _("a name"))
        if not any(letter.isalpha() for letter in self.name) or any(letter.isdigit() for letter in self.name):
            told = _("“%(name)s” is no name of a person: letters alone, the family name first.")
            raise Refused(told % {"name": self.name}, "bad_name")
        _check_line(self.post, 120, _("a post"))
        if self.kind not in Kind.values or self.language not in LANGUAGES or self.ground not in Ground.values:
            raise Refused(_("Choose one of what is offered."), "bad_choice")
        if self.kind == Kind.HEAD and self.neighbourhood is None:
            raise Refused(_("Say of which village or neighbourhood this person is the head."), "no_place")
        if self.ground == Ground.CONSENT and not self.ground_note.strip():
            raise Refused(_("Say how and when the person gave consent."), "no_consent")
        if len(self.ground_note) > 300:
            raise Refused(_("The legal basis has at most 300 characters."), "bad_basis")
        if len(self.addresses) > MOST_ADDRESSES:
            raise Refused(
                _("A person has at most %(most)s numbers and addresses.") % {"most": MOST_ADDRESSES}
            )
        if self.valid_from is not None and not EARLIEST <= self.valid_from <= today():
            raise Refused(_("In the post since: a day between 1990 and today."), "bad_day")

    def columns(self) -> dict[str, object]:
        """As the row has them."""
        return {
            "kind": self.kind,
            "name": self.name,
            "folded": fold(self.name)[:120],
            "post": self.post,
            "unit": self.unit,
            "neighbourhood": self.neighbourhood,
            "language": self.language,
            "ground": self.ground,
            "ground_note": self.ground_note.strip(),
            "takes_part": self.takes_part,
        }


def of(contact: Contact, addresses: tuple[Reachable, ...]) -> Facts:
    """What is said of a contact now."""
    return Facts(
        kind=contact.kind,
        name=contact.name,
        post=contact.post,
        unit=contact.unit,
        neighbourhood=contact.neighbourhood,
        addresses=addresses,
        language=contact.language,
        ground=contact.ground,
        ground_note=contact.ground_note,
        takes_part=contact.takes_part,
        valid_from=contact.valid_from,
    )


def addresses(telephones: object, emails: str, zalo: str) -> tuple[Reachable, ...]:
    """Numbers and addresses as typed into a form or a cell. Raises Refused at the first that is none."""
    found: list[Reachable] = []
    try:
        for phone in phones.read_all(telephones, today()):
            found.append(Reachable(Channel.PHONE, phone.e164, phone.kind != "fixed"))
    except phones.BadPhone as fault:
        told = _(
            "“%(text)s” holds no telephone number: 10 digits for mobiles, 11 for landlines with area code."
        )
        raise Refused(told % {"text": str(telephones)[:60]}, "bad_phone") from fault
    for email in re.split(r"[;,\s]+", emails.strip()):
        if not email:
            continue
        try:
            validate_email(email)
        except ValidationError as fault:
            raise Refused(
                _("“%(text)s” is no e-mail address.") % {"text": email[:60]}, "bad_email"
            ) from fault
        found.append(Reachable(Channel.EMAIL, email[:200].lower()))
    if zalo.strip():
        if not ZALO.match(zalo.strip()):
            raise Refused(_("“%(text)s” is no Zalo identifier.") % {"text": zalo.strip()[:60]}, "bad_zalo")
        found.append(Reachable(Channel.ZALO, zalo.strip()))
    return tuple(dict.fromkeys(found))


def kind_of(post: str, has_place: bool) -> str:
    """Whether a post is that of a head of a village or neighbourhood, as far as its words say."""
    folded = fold(post)
    if OFFICIAL.search(folded) and not folded.startswith(("truong thon", "to truong")):
        return Kind.OFFICIAL
    return Kind.HEAD if has_place or HEAD.search(folded) else Kind.OFFICIAL


def tidy_name(text: str) -> str:
    """A name as it is written: single spaces; what is all small or all capitals gets its capitals."""
    name = " ".join(text.split())
    if name and (name.islower() or name.isupper()):
        name = " ".join(word[:1].upper() + word[1:].lower() for word in name.split())
    return name


def _check_line(text: str, most: int, what: str) -> None:
    if not text.strip() or len(text) > most or not text.isprintable():
        told = _("%(what)s has 1 to %(most)s characters that can be printed.")
        raise Refused(told % {"what": what[:1].upper() + what[1:], "most": most}, "bad_name")
