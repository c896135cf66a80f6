"""What the pages tell of the watched folder; each list costs a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.functional import Promise

from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange import taking
from toancanh.kernel.exchange.inbox import rules, words
from toancanh.kernel.exchange.inbox.models import Arrival, Rule, Sample, Watched
from toancanh.kernel.exchange.sheets.models import SavedMapping
from toancanh.kernel.runtime import clock

SILENT = timedelta(minutes=1)
"""Since when nobody has looked: no worker runs, or it hangs."""
GONE = timedelta(days=1)
"""A folder that nobody has looked at for so long is told no more."""
LATEST = 50


@dataclass(frozen=True)
class Waiting:
    """One file that waits."""

    watched: Watched
    path: str
    size: int
    since: datetime
    why: str
    sentence: Promise | str
    said: str
    can_show: bool
    """Whether it may be opened to say how it is read."""


def folders() -> list[Watched]:
    """Every watched folder that a worker has looked at within a day; on one machine that is one."""
    return list(Watched.objects.filter(looked_at__gt=clock.now() - GONE).order_by("host", "path"))


def is_silent(one: Watched) -> bool:
    """Whether nobody looks at the folder now."""
    return abs(clock.now() - one.looked_at) > SILENT


def waiting(found: Sequence[Watched], every: Sequence[Rule], by: Actor) -> list[Waiting]:
    """What waits, without the files of folders that others arrange."""
    own, rule_of = {rule.pk for rule in visible(every, by)}, rules.Choice(every)
    made = []
    for watched in found:
        for one in watched.waiting:
            rule = rule_of(one["path"])
            if rule is not None and rule.pk not in own:
                continue
            since = datetime.fromtimestamp(max(0, min(one["since"], 2**33)), UTC)
            why = one["why"]
            facts = (one["path"], one["size"], since, why, words.WHY.get(why, why), one.get("said", ""))
            made.append(Waiting(watched, *facts, can_show=why == "no_rule"))
    return made


def visible(every: Sequence[Rule], by: Actor) -> list[Rule]:
    """The actor's own rules and those of his units."""
    return [one for one in every if rules.seen_by(one, by)]


def every_rule() -> list[Rule]:
    """All rules, by folder."""
    return list(Rule.objects.select_related("mapping").order_by("folder", "pattern"))


def arrivals(by: Actor) -> list[Arrival]:
    """The files that came last, the newest first."""
    found = Arrival.objects.filter(taking.seen_by(by)).select_related("of", "watched")
    return list(found.defer("of__mapping", "of__preview").order_by("-pk")[:LATEST])


def mappings() -> list[str]:
    """Names of the mappings that a rule may name."""
    return list(SavedMapping.objects.order_by("name").values_list("name", flat=True))


def sample(pk: int, by: Actor) -> Sample | None:
    """A sample that the actor asked for."""
    return Sample.objects.filter(pk=pk, actor=by.key).select_related("of").first()


def sample_of(draft: int, by: Actor) -> Sample | None:
    """The newest sample whose draft that is."""
    own = Sample.objects.filter(of_id=draft, actor=by.key).select_related("of", "watched")
    return own.order_by("-pk").first()
