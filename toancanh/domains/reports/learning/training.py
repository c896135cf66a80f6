"""Learning from what the desk decided; measured on what came later, never on what it has learned from."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from toancanh.domains.reports.learning.models import Learned, Target
from toancanh.domains.reports.routing.listing import standing
from toancanh.domains.reports.routing.models import Routed
from toancanh.domains.reports.routing.taking import KIND
from toancanh.kernel.cases.models import Case
from toancanh.kernel.declare import Actor, program
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Refused
from toancanh.lib.fold import fold

log = logging.getLogger(__name__)
CHILD = "toancanh.domains.reports.learning.child"
MOST = 20_000
"""Reports that are learned from: the newest."""
FEWEST = 50
KEPT = 5
"""Versions that keep their model; of older ones the figures stay."""
SECONDS = 330
EVERY = 3600.0
RESTS = timedelta(hours=23)
"""Between two trainings by itself."""


def samples(target: str) -> list[tuple[Case, str]]:
    """Reports that a person passed on, oldest first, with what was decided."""
    by_hand = Routed.objects.filter(given__isnull=False, returned_at=None, by_program=False).values("case")
    rows: QuerySet[Case] = Case.objects.filter(kind=KIND, pk__in=by_hand, organisation__isnull=False)
    newest = rows.select_related("organisation__successor").order_by("-opened_at", "-pk")[:MOST]
    found = []
    for case in reversed(newest):
        if target == Target.CATEGORY:
            label = case.category
        else:
            organisation = standing(case.organisation)
            label = organisation.code if organisation else ""
        if label:
            found.append((case, label))
    return found


def train(target: str, *, by: Actor) -> Learned:
    """Learn anew, in a process beside this one. Raises Refused where too little was decided yet."""
    known = samples(target)
    if len(known) < FEWEST:
        told = _("%(count)s decided reports are too few to learn from: %(least)s are needed.")
        raise Refused(told % {"count": len(known), "least": FEWEST}, "too_few")
    said = _beside([(fold(f"{case.title} {case.words}"), label) for case, label in known])
    return _kept(target, said, known[said["cut"]][0], len(known), by)


def _beside(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """What the child learns."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", CHILD],
            input=json.dumps(pairs),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
    except subprocess.SubprocessError as fault:
        log.error("learning from reports failed: %s", fault)
        raise Refused(_("Learning took too long or failed; nothing was changed."), "failed") from fault
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@transaction.atomic
def _kept(target: str, said: dict[str, Any], first: Case, texts: int, by: Actor) -> Learned:
    tried = said["tried"]
    row = Learned.objects.create(
        target=target,
        at=clock.now(),
        content=said["model"],
        texts=texts,
        split_at=first.opened_at,
        tried=len(tried),
        right=sum(is_right for _confidence, is_right, _among in tried),
        among=sum(is_among for _confidence, _right, is_among in tried),
        trials=[[confidence, is_right] for confidence, is_right, _among in tried],
    )
    old = Learned.objects.filter(target=target).order_by("-pk").values_list("pk", flat=True)[KEPT:]
    Learned.objects.filter(pk__in=list(old)).update(content={}, trials=[])
    told = {"target": target, "texts": texts, "tried": row.tried, "right": row.right, "among": row.among}
    journal.record("reports.learned", f"learned:{row.pk}", by=by, content=told)
    return row


def look() -> int:
    """Learn anew once a day where something was decided since; returns how many models were made."""
    made = 0
    for target in Target.values:
        last = Learned.objects.filter(target=target).order_by("-pk").values_list("at", flat=True).first()
        if last is not None and clock.now() - last < RESTS:
            continue
        newer = Routed.objects.filter(given__isnull=False, by_program=False)
        if last is not None:
            newer = newer.filter(at__gte=last)
        if newer.exists():
            try:
                train(target, by=program("learning"))
                made += 1
            except Refused as fault:
                log.info("nothing was learned of %s: %s", target, fault.message)
    return made
