"""Handing over, taking over, and adding a note; there is no action that changes what was signed."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.alerts.actions import RIGHT
from toancanh.kernel.alerts.handover import freezing
from toancanh.kernel.alerts.handover.models import Addition, Handover
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.people.access import person
from toancanh.kernel.people.models import Person
from toancanh.kernel.people.shifts.models import DutyPost
from toancanh.kernel.people.shifts.queries import path_of
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, Refused

LONGEST = 5000
SHORT = 1000


def check(duty: DutyPost, by: Actor) -> Person:
    """Only a person who answers for alerts there hands the post over or takes it; the account."""
    somebody = person(by)
    if somebody is None or not by.may(RIGHT, path_of(duty)):
        raise NotAllowed(
            _("Your post does not answer for alerts here. The administrator of your locality can grant it.")
        )
    return somebody


@transaction.atomic
def hand_over(duty: DutyPost, brief: str, *, by: Actor) -> Handover:
    """Sign what is open now; from then on it waits for who takes over."""
    somebody = check(duty, by)
    # One after the other: the book of a post is one line of entries.
    DutyPost.objects.select_for_update().get(pk=duty.pk)
    waiting = Handover.objects.filter(duty=duty, taken_at=None).select_related("outgoing").first()
    if waiting is not None:
        text = _("%(name)s has handed this post over already; somebody has to take it over first.")
        raise Refused(text % {"name": waiting.outgoing}, "waiting")
    if len(brief) > LONGEST:
        raise Refused(_("The brief has at most %(most)s characters.") % {"most": LONGEST}, "too_long")
    now = clock.now()
    row = Handover(duty=duty, outgoing=somebody, outgoing_post=by.post[:120], signed_at=now)
    row.brief, row.frozen = brief.strip(), freezing.freeze(duty, now)
    row.digest = freezing.digest(row)
    row.save(force_insert=True)
    _keep("handed_over", row, by, {"alerts": row.frozen["count"]})
    return row


@transaction.atomic
def take_over(handover: Handover, remark: str, *, by: Actor, is_by_password: bool = False) -> Handover:
    """Sign as who is in charge from now on; never the one who handed over."""
    row = (
        Handover.objects.select_for_update(of=("self",))
        .select_related("duty__organisation__unit")
        .get(pk=handover.pk)
    )
    somebody = check(row.duty, by)
    if row.taken_at is not None:
        raise Refused(_("This post has been taken over already."), "taken")
    if somebody.pk == row.outgoing_id:
        raise Refused(_("Who hands over cannot take over from himself."), "same")
    if len(remark) > SHORT:
        raise Refused(_("A note has 1 to 1000 characters."), "bad_note")
    row.incoming, row.incoming_post, row.taken_at = somebody, by.post[:120], clock.now()
    row.remark, row.is_by_password = remark.strip(), is_by_password
    row.save(update_fields=["incoming", "incoming_post", "taken_at", "remark", "is_by_password"])
    _keep("taken_over", row, by, {"remark": row.remark, "is_by_password": is_by_password})
    return row


@transaction.atomic
def add(handover: Handover, text: str, *, by: Actor) -> Addition:
    """Write a note under an entry; what was signed stays as it is."""
    somebody, text = check(handover.duty, by), text.strip()
    if not 0 < len(text) <= SHORT:
        raise Refused(_("A note has 1 to 1000 characters."), "bad_note")
    facts = {"person": somebody, "post": by.post[:120], "text": text}
    made = Addition.objects.create(handover=handover, at=clock.now(), **facts)
    _keep("handover_noted", handover, by, {"text": text})
    return made


def _keep(what: str, row: Handover, by: Actor, more: dict[str, object]) -> None:
    content = {"duty": row.duty_id, "digest": row.digest, **more}
    entry = journal.record(f"alerts.{what}", f"handover:{row.pk}", by=by, content=content)
    journal.emit(f"alerts.{what}", str(entry.pk), {"handover": row.pk, "duty": row.duty_id})
