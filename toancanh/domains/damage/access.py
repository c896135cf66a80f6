"""The only ways to a count and to a commune of it: by a right over the unit, or by the secret of a link."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from toancanh.domains.damage.models import Ask, Count
from toancanh.kernel.declare import Actor
from toancanh.kernel.runtime import ids
from toancanh.lib.errors import NotFound

SEE = "console.see"
OPEN = "warnings.draft"
"""To ask communes: whoever writes warnings for them."""
ANSWER = "alerts.answer"
"""To answer for a commune with an account: whoever answers for what happens there."""


def asks(to: Actor) -> QuerySet[Ask]:
    """Communes of counts that the actor's posts stand over."""
    within = Q(pk__in=[])
    for path in to.paths(SEE):
        within |= Q(unit__path__startswith=path)
    return Ask.objects.filter(within).select_related("unit", "of")


def counts(to: Actor) -> QuerySet[Count]:
    """Counts of which the actor may see some commune."""
    return Count.objects.filter(pk__in=asks(to).values("of")).select_related("warning", "opened_by")


def count(number: int, to: Actor) -> Count:
    """The count of that number."""
    found = counts(to).filter(pk=number).first()
    if found is None:
        raise NotFound(_("There is no such count, or it asks nothing of your unit."))
    return found


def ask(number: int, code: str, to: Actor) -> Ask:
    """The commune of that code in a count."""
    found = asks(to).filter(of=number, unit__code=code).first()
    if found is None:
        raise NotFound(_("There is no such count, or it asks nothing of your unit."))
    return found


def by_link(secret: str) -> Ask:
    """The commune whose link holds the secret."""
    found = Ask.objects.filter(digest=ids.digest(secret)).select_related("unit", "of").first()
    if found is None or not secret:
        raise NotFound(_("This link is not valid. Ask who sent it for a new one."))
    return found
