"""What people do with a count: ask communes, answer for one, renew a link, close it."""

from __future__ import annotations

import re
import secrets as random
from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.domains.damage import figures
from toancanh.domains.damage.access import ANSWER, OPEN
from toancanh.domains.damage.figures import NAMES, Figures
from toancanh.domains.damage.models import Ask, Count, Report
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.people.access import person
from toancanh.kernel.people.actions import check_name
from toancanh.kernel.runtime import clock, ids, secrets
from toancanh.kernel.territory.models import Tier, Unit
from toancanh.kernel.territory.queries import in_force
from toancanh.kernel.warnings.models import TOLD, Warning
from toancanh.lib.errors import NotAllowed, Refused

MOST_UNITS = 400
LONGEST_DUE = timedelta(days=7)
KEY = re.compile(r"[A-Za-z0-9-]{8,40}")


class Doubtful(Refused):
    """The figures are possible and unlikely: ``questions`` are to be said yes to."""

    def __init__(self, questions: list[str]) -> None:
        super().__init__(" ".join(questions), "doubtful")
        self.questions = questions


@transaction.atomic
def ask(
    title: str,
    codes: Collection[str],
    due: timedelta,
    *,
    by: Actor,
    warning: Warning | None = None,
    is_exercise: bool = False,
) -> Count:
    """Ask communes for their figures; after an exercise's warning it is an exercise as well."""
    check_name(title, 200)
    if not timedelta(minutes=5) <= due <= LONGEST_DUE:
        raise Refused(_("Give the communes from five minutes to seven days."), "bad_due")
    if warning is not None and warning.state not in TOLD:
        raise Refused(_("Only a warning that was issued is followed by a count."), "not_told")
    units = _units(codes, by)
    now = clock.now()
    made = Count.objects.create(
        title=title.strip(),
        warning=warning,
        is_exercise=is_exercise or (warning is not None and warning.is_exercise),
        opened_at=now,
        opened_by=person(by),
        due_at=now + due,
    )
    Ask.objects.bulk_create([_asked(made, unit) for unit in units])
    content = {"title": made.title, "units": [unit.code for unit in units], "due": made.due_at.isoformat()}
    journal.record("damage.asked", f"count:{made.pk}", by=by, content=content)
    return made


def _units(codes: Collection[str], by: Actor) -> list[Unit]:
    if not codes:
        raise Refused(_("Choose the communes that are asked."), "no_units")
    if len(codes) > MOST_UNITS:
        raise Refused(_("At most 400 communes are asked at once."), "too_many")
    found = list(in_force().filter(code__in=codes, tier=Tier.COMMUNE).order_by("code"))
    missing = sorted(set(codes) - {unit.code for unit in found})
    if missing:
        told = _("No commune in force bears the code %(codes)s.")
        raise Refused(told % {"codes": ", ".join(missing[:5])[:100]}, "no_unit")
    if not by.paths(OPEN) or not all(by.may(OPEN, unit.path) for unit in found):
        raise NotAllowed(_("Your post does not reach all of these communes: take some out."))
    return found


def _secret() -> str:
    """128 bits, short enough for a text message."""
    return random.token_urlsafe(16)


def _asked(count: Count, unit: Unit) -> Ask:
    secret = _secret()
    return Ask(of=count, unit=unit, digest=ids.digest(secret), sealed=secrets.seal({"link": secret}))


@transaction.atomic
def renew(ask: Ask, *, by: Actor) -> Ask:
    """Make the link of a commune anew: the old one, gone astray, opens nothing from now on."""
    _check(ask, by)
    row = Ask.objects.select_for_update(of=("self",)).select_related("unit", "of").get(pk=ask.pk)
    secret = _secret()
    row.digest, row.sealed = ids.digest(secret), secrets.seal({"link": secret})
    row.save(update_fields=["digest", "sealed"])
    journal.record("damage.link_renewed", f"count:{row.of_id}", by=by, content={"unit": row.unit.code})
    return row


def link(ask: Ask) -> str:
    """The path of the commune's link; empty where the key of this installation is another one."""
    try:
        return f"/d/{secrets.unseal(ask.sealed)['link']}/"
    except secrets.Locked:
        return ""


@transaction.atomic
def answer(ask: Ask, said: Figures, key: str, *, by: Actor, is_sure: bool = False) -> Report:
    """Keep what an officer says for a commune; what a sending with the same key has kept already stays."""
    _check(ask, by)
    return _keep(ask, said, key, is_sure, by, name=by.name, post=by.post, by_link=False)


@transaction.atomic
def answer_by_link(ask: Ask, said: Figures, key: str, name: str, *, is_sure: bool = False) -> Report:
    """The same of somebody without an account, who holds the commune's link and says who he is."""
    check_name(name, 100)
    by = Actor(name=name.strip(), key=f"link:count-{ask.of_id}-{ask.unit.code}")
    return _keep(ask, said, key, is_sure, by, name=name.strip(), post="", by_link=True)


def _check(ask: Ask, by: Actor) -> None:
    if not by.may(ANSWER, ask.unit.path):
        raise NotAllowed(_("Your post does not answer for this commune."))


def _keep(
    ask: Ask, said: Figures, key: str, is_sure: bool, by: Actor, *, name: str, post: str, by_link: bool
) -> Report:
    if not KEY.fullmatch(key):
        raise Refused(_("The form is damaged; open it anew."), "bad_key")
    # Whoever answers for the same commune at the same time waits here.
    row = Ask.objects.select_for_update(of=("self",)).select_related("unit", "of").get(pk=ask.pk)
    known = row.reports.filter(key=key).first()
    if known is not None:
        return known
    if row.of.closed_at is not None:
        raise Refused(_("This count is closed; call the operations centre."), "closed")
    last = row.reports.order_by("-number").first()
    doubts = figures.questions(said, of(last) if last else None)
    if doubts and not is_sure:
        raise Doubtful(doubts)
    made = Report.objects.create(
        ask=row,
        number=last.number + 1 if last else 1,
        key=key,
        at=clock.now(),
        person=person(by),
        name=name[:100],
        post=post[:120],
        by_link=by_link,
        note=said.note,
        **{one: said.get(one) for one in NAMES},
    )
    content = {"unit": row.unit.code, "number": made.number, **{one: said.get(one) for one in NAMES}}
    journal.record("damage.answered", f"count:{row.of_id}", by=by, content=content)
    return made


def of(report: Report) -> Figures:
    """The figures of a report."""
    return Figures(**{name: getattr(report, name) for name in NAMES}, note=report.note)


@transaction.atomic
def close(count: Count, *, by: Actor) -> Count:
    """Take no more figures; what came stays."""
    row = Count.objects.select_for_update(of=("self",)).get(pk=count.pk)
    units = [one.unit for one in row.asks.select_related("unit")]
    if not by.paths(OPEN) or not all(by.may(OPEN, unit.path) for unit in units):
        raise NotAllowed(_("Your post does not reach all of these communes."))
    if row.closed_at is not None:
        raise Refused(_("This count is closed already."), "closed")
    row.closed_at, row.closed_by = clock.now(), person(by)
    row.save(update_fields=["closed_at", "closed_by"])
    journal.record("damage.closed", f"count:{row.pk}", by=by, content={})
    return row
