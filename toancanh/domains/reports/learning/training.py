"""Learning from what the desk decided; measured on what came later, never on what it has learned from."""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from toancanh.domains.reports.learning import bayes
from toancanh.domains.reports.learning.models import Learned, Target
from toancanh.domains.reports.routing.listing import standing
from toancanh.domains.reports.routing.models import Routed
from toancanh.domains.reports.routing.taking import KIND
from toancanh.kernel.cases.models import Case
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Refused
from toancanh.lib.fold import fold

MOST = 20_000
"""Reports that are learned from: the newest."""
FEWEST = 50
LATER = 0.2
"""The share of them, the newest, by which it is measured."""
KEPT = 5
"""Versions that keep their model; of older ones the figures stay."""


def samples(target: str) -> list[tuple[Case, str]]:
    """Reports that a person passed on, oldest first, with what was decided."""
    by_hand = Routed.objects.filter(given__isnull=False, returned_at=None, by_program=False).values("case")
    rows: QuerySet[Case] = Case.objects.filter(kind=KIND, pk__in=by_hand, organisation__isnull=False)
    rows = rows.select_related("organisation__successor").order_by("-opened_at", "-pk")[:MOST]
    found = []
    for case in reversed(rows):
        if target == Target.CATEGORY:
            label = case.category
        else:
            organisation = standing(case.organisation)
            label = organisation.code if organisation else ""
        if label:
            found.append((case, label))
    return found


def train(target: str, *, by: Actor) -> Learned:
    """Learn anew. Raises Refused where too little was decided yet."""
    known = samples(target)
    if len(known) < FEWEST:
        told = _("%(count)s decided reports are too few to learn from: %(least)s are needed.")
        raise Refused(told % {"count": len(known), "least": FEWEST}, "too_few")
    pairs = [(fold(f"{case.title} {case.words}"), label) for case, label in known]
    cut = round(len(pairs) * (1 - LATER))
    # The temperature is found on the last of what came before, so that the later ones stay unseen.
    inner = round(cut * (1 - LATER))
    temperature = bayes.fitted_temperature(bayes.train(pairs[:inner]), pairs[inner:cut])
    before = replace(bayes.train(pairs[:cut]), temperature=temperature)
    tried = bayes.attempt(before, pairs[cut:])
    whole = replace(bayes.train(pairs), temperature=temperature)
    return _kept(target, whole, tried, known[cut][0], len(pairs), by)


@transaction.atomic
def _kept(
    target: str, model: bayes.Model, tried: list[bayes.Tried], first: Case, texts: int, by: Actor
) -> Learned:
    row = Learned.objects.create(
        target=target,
        at=clock.now(),
        content=model.to_json(),
        texts=texts,
        split_at=first.opened_at,
        tried=len(tried),
        right=sum(one.is_right for one in tried),
        among=sum(one.is_among for one in tried),
        trials=[[round(one.confidence, 4), int(one.is_right)] for one in tried],
    )
    old = Learned.objects.filter(target=target).order_by("-pk").values_list("pk", flat=True)[KEPT:]
    Learned.objects.filter(pk__in=list(old)).update(content={}, trials=[])
    told = {"target": target, "texts": texts, "tried": row.tried, "right": row.right, "among": row.among}
    journal.record("reports.learned", f"learned:{row.pk}", by=by, content=told)
    return row
