"""What is not taken in here: complaints, denunciations and state secrets, recognised by their words.

The same words are given to the phone (`told`), which looks before anything leaves it; whoever sends without a
script is looked at here, and of what is recognised nothing is kept, not even in the journal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from toancanh.domains.reports.models import Elsewhere, Marker
from toancanh.domains.reports.tokens import holds, phrase, tokens
from toancanh.kernel.territory.queries import today
from toancanh.lib.errors import Refused


@dataclass(frozen=True)
class Found:
    """What the words look like."""

    kind: Elsewhere
    is_certain: bool
    basis: str


class LedElsewhere(Refused):
    """Not taken in; ``found`` says why, and whether the sender may say that he means it otherwise."""

    code = "elsewhere"

    def __init__(self, found: Found) -> None:
        super().__init__(title(found.kind))
        self.found = found


def in_force() -> QuerySet[Marker]:
    """The words that hold today."""
    day = today()
    found = Marker.objects.filter(Q(valid_to=None) | Q(valid_to__gt=day), valid_from__lte=day)
    return found.order_by("pk")


def recognise(words: str) -> Found | None:
    """What the words look like: what is certain before what is not, secrets before all."""
    said = tokens(words)
    is_bare = all(token.is_bare for token in said)
    found = [
        Found(Elsewhere(row.kind), row.is_certain, row.basis)
        for row in in_force()
        # Words typed without any mark hold only phrases that then say nothing else: "toi mat" is no secret.
        if (not is_bare or row.is_plain) and holds(said, phrase(row.phrase), exact=not is_bare)
    ]
    return min(found, key=lambda one: (not one.is_certain, one.kind != Elsewhere.SECRET), default=None)


def check(words: str, *, is_meant: bool) -> None:
    """Raise LedElsewhere; ``is_meant``: the sender says that it is a report all the same."""
    found = recognise(words)
    if found is not None and (found.is_certain or not is_meant):
        raise LedElsewhere(found)


def told() -> list[dict[str, Any]]:
    """The words for the phone."""
    return [
        {"kind": row.kind, "phrase": row.phrase, "certain": row.is_certain, "plain": row.is_plain}
        for row in in_force()
    ]


def title(kind: Elsewhere) -> str:
    """What it looks like."""
    return {
        Elsewhere.COMPLAINT: _("This reads like a complaint under the Law on Complaints."),
        Elsewhere.DENUNCIATION: _("This reads like a denunciation under the Law on Denunciations."),
        Elsewhere.SECRET: _("This may be about a state secret."),
    }[kind]


def guidance(kind: Elsewhere) -> str:
    """Which door is the right one."""
    return {
        Elsewhere.COMPLAINT: _(
            "The law gives complaints a procedure and terms of their own. Hand it in where the decision was "
            "made, or at the office that receives citizens; it must bear your name, address and signature."
        ),
        Elsewhere.DENUNCIATION: _(
            "The law protects who denounces a wrong and keeps his name secret, which a public report cannot. "
            "Go to the office that receives citizens or to the authority that is competent."
        ),
        Elsewhere.SECRET: _(
            "State secrets are never sent by this way. Tell the police of your commune in person, and send "
            "no photo of such a document to anybody."
        ),
    }[kind]
