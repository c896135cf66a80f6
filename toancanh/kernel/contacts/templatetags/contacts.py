"""How contacts are said on pages."""

from __future__ import annotations

from django import template
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel.contacts import words
from toancanh.kernel.contacts.actions import RIGHT
from toancanh.kernel.contacts.board import Reached
from toancanh.kernel.contacts.models import Address, Channel, Contact, Notice
from toancanh.kernel.contacts.sealing import Reachable
from toancanh.kernel.people.web import of
from toancanh.kernel.territory.models import Unit

register = template.Library()
ICONS = {Channel.PHONE: "phone", Channel.EMAIL: "mail", Channel.ZALO: "message-2"}


@register.filter
def arranges(request: HttpRequest) -> bool:
    """Whether the reader takes lists in somewhere: pages that he may not open are not offered."""
    return bool(of(request).paths(RIGHT))


@register.filter
def person(contact: Contact) -> str:
    """The name, or that there is none any more."""
    return contact.name or _("(erased)")


@register.filter
def channel(address: Address | Reachable) -> str:
    """What sort of address it is."""
    if address.channel == Channel.PHONE:
        return _("mobile") if address.is_mobile else _("landline")
    return _("e-mail") if address.channel == Channel.EMAIL else "Zalo"


@register.filter
def channel_icon(address: Address | Reachable) -> str:
    """The drawing beside it."""
    return ICONS[Channel(address.channel)]


@register.filter
def unit_name(unit: Unit) -> str:
    """In the reader's language."""
    return unit.full_name_en if get_language() == "en" else unit.full_name


@register.filter
def reached_state(one: Reached) -> str:
    """How far it came with somebody who was told."""
    return words.state(one)


@register.filter
def outcome(code: str) -> str:
    """What came of a call."""
    return words.outcome(code)


@register.filter
def notice_title(notice: Notice) -> str:
    """In the reader's language."""
    return notice.title_en if get_language() == "en" else notice.title
