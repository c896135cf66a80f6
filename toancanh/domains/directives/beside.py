"""The box of this domain on pages about others' things: orders given about it, and *Giao việc*."""

from __future__ import annotations

from urllib.parse import urlencode

from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.domains.directives.actions import may_hand_on
from toancanh.domains.directives.kind import KIND
from toancanh.domains.directives.wishes import GIVE, HANDLE
from toancanh.kernel.cases import access, types, words
from toancanh.kernel.cases.models import Case, Link, LinkKind
from toancanh.kernel.declare import Actor, Box, BoxAction, BoxRow
from toancanh.lib.errors import NotFound
from toancanh.web import formats

NEW = "/console/directives/new/"
MOST = 20
"""Orders of a box; the rest is found from the list."""


def box(subject: str, to: Actor) -> Box | None:
    """What was ordered about it, as far as the reader sees it. At most three queries."""
    if not (to.paths(GIVE) or to.paths(HANDLE) or to.paths("cases.see")):
        return None
    kind, _colon, rest = subject.partition(":")
    case = _case(rest, to) if kind == "case" else None
    about = Q(subject=subject) if case is None else Q(to=case)
    linked = Link.objects.filter(about, kind=LinkKind.ABOUT).values("case")
    found = access.visible(to).filter(kind=KIND, pk__in=linked).select_related("organisation")
    rows = [_row(one) for one in found.order_by("-pk")[:MOST]]
    actions = []
    if to.paths(GIVE) and (case is None or case.kind != KIND):
        actions.append(_action(_("Give work about it"), about=subject))
    if case is not None and may_hand_on(case, to):
        actions.append(_action(_("Hand a part of it on"), part_of=case.code))
    return Box(name="orders", title=_("Directives"), rows=rows, actions=actions) if rows or actions else None


def _case(code: str, to: Actor) -> Case | None:
    try:
        return access.case(code, to)
    except NotFound:
        return None


def _action(title: str, **asked: str) -> BoxAction:
    return BoxAction(title=title, url=f"{NEW}?{urlencode(asked)}", icon="speakerphone")


def _row(case: Case) -> BoxRow:
    state = words.state(types.by_key(case.version_id), case.state)
    due = formats.moment(case.due_at, get_language() or "vi") if case.due_at else ""
    parts = [case.organisation.name if case.organisation else "", state]
    parts += [_("due %(at)s") % {"at": due}] if due else []
    return BoxRow(
        code=case.code,
        title=case.title,
        url=f"/console/work/{case.code}/",
        note=" · ".join(part for part in parts if part),
        is_over=not case.is_open,
    )
