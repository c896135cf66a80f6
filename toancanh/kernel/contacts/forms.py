"""The form of one contact: what was typed is kept on the page until it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from toancanh.kernel.contacts import actions, queries
from toancanh.kernel.contacts.facts import Facts, addresses, tidy_name
from toancanh.kernel.contacts.models import Channel, Contact, Ground, Kind, Neighbourhood
from toancanh.kernel.contacts.sealing import Reachable
from toancanh.kernel.declare import Actor
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import Refused
from toancanh.web import formats

NEW = "new"
"""In place of a neighbourhood's number: the one that is named beside it."""


@dataclass
class Typed:
    """The fields as people see them."""

    name: str = ""
    kind: str = Kind.HEAD
    post: str = ""
    place: str = ""
    place_name: str = ""
    phones: str = ""
    emails: str = ""
    zalo: str = ""
    language: str = "vi"
    ground: str = Ground.DUTY
    ground_note: str = ""
    takes_part: bool = True
    valid_from: str = ""

    @staticmethod
    def of(post: Mapping[str, str]) -> Typed:
        """What a form brought."""
        made = Typed(takes_part=bool(post.get("takes_part")))
        for name in ("name", "kind", "post", "place", "place_name", "phones", "emails", "zalo", "language"):
            setattr(made, name, post.get(name, "").strip()[:400])
        for name in ("ground", "ground_note", "valid_from"):
            setattr(made, name, post.get(name, "").strip()[:400])
        return made

    @staticmethod
    def shown(contact: Contact, reachable: list[Reachable]) -> Typed:
        """What is known of a contact."""
        by = {
            channel: [one.shown for one in reachable if one.channel == channel] for channel in Channel.values
        }
        return Typed(
            name=contact.name,
            kind=contact.kind,
            post=contact.post,
            place=str(contact.neighbourhood_id or ""),
            phones="; ".join(by[Channel.PHONE]),
            emails="; ".join(by[Channel.EMAIL]),
            zalo="; ".join(by[Channel.ZALO]),
            language=contact.language,
            ground=contact.ground,
            ground_note=contact.ground_note,
            takes_part=contact.takes_part,
            valid_from=f"{contact.valid_from:%d/%m/%Y}",
        )

    def facts(self, unit: Unit, *, by: Actor) -> Facts:
        """What was typed, as it is to be kept; a place that is named newly is founded. In a transaction."""
        started = _day(self.valid_from)
        reachable = addresses(self.phones, self.emails, self.zalo)
        return Facts(
            kind=self.kind,
            name=tidy_name(self.name),
            post=" ".join(self.post.split()),
            unit=unit,
            neighbourhood=self._place(unit, by) if self.kind == Kind.HEAD else None,
            addresses=reachable,
            language=self.language,
            ground=self.ground,
            ground_note=self.ground_note,
            takes_part=self.takes_part,
            valid_from=started,
        )

    def _place(self, unit: Unit, by: Actor) -> Neighbourhood | None:
        if self.place == NEW and self.place_name:
            return actions.found(unit, self.place_name, by=by)
        known = {str(one.pk): one for one in queries.places_of(unit)}
        return known.get(self.place)


def shown(typed: Typed, unit: Unit) -> dict[str, Any]:
    """What the form offers."""
    return {
        "typed": typed,
        "unit": unit,
        "places": queries.places_of(unit),
        "kinds": [
            (Kind.HEAD, _("Head of a village or neighbourhood")),
            (Kind.OFFICIAL, _("Official by post")),
        ],
        "grounds": grounds(),
        "languages": [("vi", _("Vietnamese")), ("en", _("English"))],
        "posts": posts(),
        "new": NEW,
    }


def grounds() -> list[tuple[str, str]]:
    """By what right numbers are kept, in words."""
    return [
        (Ground.DUTY, _("Duty of the post (decision or assignment)")),
        (Ground.CONSENT, _("Consent of the person")),
    ]


def posts() -> tuple[str, ...]:
    """Offered to begin with; any other may be typed."""
    return (
        "Trưởng thôn",
        "Tổ trưởng tổ dân phố",
        "Chủ tịch UBND",
        "Phó Chủ tịch UBND",
        "Chỉ huy trưởng Ban Chỉ huy quân sự",
        "Trưởng Công an",
        "Công chức phụ trách phòng thủ dân sự",
        "Văn phòng HĐND và UBND",
    )


def _day(text: str) -> date | None:
    if not text:
        return None
    found = formats.read_day(text)
    if found is None:
        raise Refused(_("In the post since: a day between 1990 and today, as 31/12/2026."), "bad_day")
    return found
