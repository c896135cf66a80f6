"""Merging a case into another: who sent and follows it goes along, and both codes answer for ever."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext as _

from toancanh.kernel.cases import access, parties, types
from toancanh.kernel.cases.models import Case, Link, LinkKind, PartyRole
from toancanh.kernel.cases.writing import Conflict, Writing
from toancanh.kernel.declare import Actor
from toancanh.lib.errors import Refused

MERGED = "merged"
LONGEST_LINE = 20
"""Cases that were merged into each other one after the other."""


def absorb(on: Writing, code: str) -> dict[str, object]:
    """Let another case take in the one being written; called by the move that merges, within its transaction.

    Whoever sent or follows it follows the other from now on, by the link that he has; who is a party to that
    one already stays that party alone. Returns what the move's event keeps of it. Raises Refused where it
    cannot be merged into that one, and Conflict where that one was merged meanwhile.
    """
    into = _locked(on, code)
    case, moved = on.case, list(parties.standing(on.case.parties.all()).values_list("pk", "role"))
    parties.move(case, into)
    Link.objects.get_or_create(
        case=case, kind=LinkKind.DUPLICATE_OF, to=into, subject="", defaults={"at": on.now}
    )
    into.followers = parties.following(into.pk)
    case.followers = 0
    other = Writing(into, types.by_key(into.version_id), on.by, on.now)
    other.tell("absorbed", {"code": case.code, "parties": len(moved)})
    into.save()
    told = {
        role: [pk for pk, said in moved if said == role] for role in (PartyRole.REPORTER, PartyRole.FOLLOWER)
    }
    return {"into": into.code, "parties": told}


def goal(code: str, by: Actor) -> Case:
    """Where a case would be merged by that code. Raises NotFound where the actor sees none."""
    return final(access.case(code.strip().upper(), by))


def final(case: Case) -> Case:
    """Where a merged case is dealt with now; any other case itself."""
    found = case
    for _step in range(LONGEST_LINE):
        if found.phase != MERGED:
            break
        moves = found.story.filter(kind="moved", content__merged__into__isnull=False)
        newest = moves.order_by("-number").first()
        code = newest.content["merged"]["into"] if newest is not None else ""
        into = Case.objects.filter(code=code).first()
        if into is None:
            break
        found = into
    return found


def _locked(on: Writing, code: str) -> Case:
    seen = goal(code, on.by)
    if seen.pk == on.case.pk:
        raise Refused(_("A case is not merged into itself."), "itself")
    if seen.pk not in on.held:
        text = _(
            "This has changed since you opened the page. What you typed is still here: look, then send again."
        )
        raise Conflict(text)
    into = Case.objects.get(pk=seen.pk)
    if into.kind != on.case.kind:
        raise Refused(_("Only work of the same kind is merged."), "other_kind")
    if not into.is_open:
        told = _("%(code)s has ended already: link both instead of merging them.")
        raise Refused(told % {"code": into.code}, "ended")
    family = Q(pk=on.case.pk, parent=into) | Q(pk=into.pk, parent=on.case)
    if Case.objects.filter(family).exists() or on.case.parts.filter(is_open=True).exists():
        raise Refused(_("A case and its parts are not merged with each other."), "family")
    return into
