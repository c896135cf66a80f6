"""Remarks beside a case, and how it stands to others: about, caused by."""

from __future__ import annotations

from django.utils.translation import gettext as _

from toancanh.kernel.cases import access
from toancanh.kernel.cases.models import Case, Event, Link, LinkKind
from toancanh.kernel.cases.reasons import written
from toancanh.kernel.cases.writing import Writing, writing
from toancanh.kernel.declare import Actor
from toancanh.lib.errors import NotAllowed, Refused

LONGEST_REMARK = 2000
BY_HAND = (LinkKind.ABOUT, LinkKind.CAUSED_BY)
"""That one says the same as another is what merging says: by that link its code is answered for ever."""
MOST = 50


def note(case: Case, words: str, *, by: Actor, seen: int | None = None) -> Event:
    """Write a remark into the story: staff alone read it."""
    with writing(case, by=by, seen=seen) as on:
        if not access.roles(on.case, on.said, by) and not by.may(on.said.rights.see, on.case.unit_path):
            raise NotAllowed(_("Who has a part in the case writes into its story."))
        return on.tell("noted", {"words": written(words, LONGEST_REMARK, code="no_words")})


def link(case: Case, kind: str, to: Case, *, by: Actor, seen: int | None = None) -> Event:
    """Say how the case stands to another one, which the actor sees as well."""
    with writing(case, by=by, seen=seen) as on:
        _check(on, by)
        if kind not in BY_HAND:
            raise Refused(_("Choose how both stand to each other."), "no_kind")
        if to.pk == on.case.pk:
            raise Refused(_("A case does not stand beside itself."), "itself")
        if on.case.links.count() >= MOST:
            raise Refused(_("At most 50 links lead from one case."), "too_many")
        _row, is_new = Link.objects.get_or_create(
            case=on.case, kind=kind, to=to, subject="", defaults={"at": on.now}
        )
        if not is_new:
            raise Refused(_("It stands like that already."), "same")
        return on.tell("linked", {"kind": kind, "to": to.code})


def unlink(row: Link, *, by: Actor) -> Event:
    """Take away a link that was made by hand."""
    with writing(row.case, by=by) as on:
        _check(on, by)
        if row.kind not in BY_HAND or not on.case.links.filter(pk=row.pk).exists():
            raise Refused(_("This link belongs to the story and stays."), "stays")
        on.case.links.filter(pk=row.pk).delete()
        told = {"kind": row.kind, "to": row.to.code if row.to else row.subject, "removed": True}
        return on.tell("linked", told)


def _check(on: Writing, by: Actor) -> None:
    if not access.roles(on.case, on.said, by) & {"desk", "lead", "giver"}:
        raise NotAllowed(_("The desk, the organisation in charge or who gave the work links cases."))
