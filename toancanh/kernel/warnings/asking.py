"""Asks who may approve a warning that waits, on his own channels, and no more once it is decided.

A reminder goes to those whose right is nearest to the units of the message; the report upwards to everyone
who may order it, so that whoever stands above them hears of it too.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from os.path import commonpath

from django.utils import translation
from django.utils.translation import gettext as _

from toancanh.kernel.contacts.officers import queries as officers
from toancanh.kernel.declare import Actor, Title
from toancanh.kernel.notify import actions as notify
from toancanh.kernel.notify.messages import Message, Urgency
from toancanh.kernel.notify.models import Notice
from toancanh.kernel.people import access
from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime import clock
from toancanh.kernel.warnings import policies
from toancanh.kernel.warnings.keeping import ORDER
from toancanh.kernel.warnings.models import Warning
from toancanh.kernel.warnings.texts import LANGUAGES
from toancanh.lib.lines import one_line

USEFUL = timedelta(hours=6)
"""Channels try so long; a report follows long before."""


def approvers(warning: Warning, now: datetime) -> dict[Person, int]:
    """Who may approve it, and how near his right lies to its units; authors only where they may too."""
    paths = {place.unit.path for place in warning.places.select_related("unit")}
    found = access.holders(ORDER, paths)
    if policies.current(now).may_approve_own:
        return found
    authors = set(warning.story.filter(what__in=("drafted", "edited")).values_list("person", flat=True))
    return {person: near for person, near in found.items() if person.pk not in authors}


def ask(warning: Warning, what: str, now: datetime, *, by: Actor) -> list[Person]:
    """Put the message of a step (``reminded`` or ``escalated``) into the outbox, once for each version.

    In the transaction of the step. Returns who was asked, also those whom no channel reaches.
    """
    found = approvers(warning, now)
    if what == "reminded":
        nearest = max(found.values(), default=0)
        found = {person: near for person, near in found.items() if near == nearest}
    people = sorted(found, key=lambda person: (person.full_name, person.pk))
    recipients = officers.recipients(people)
    if recipients:
        notify.send(_message(warning, what, now), recipients, by=by)
    return people


def _message(warning: Warning, what: str, now: datetime) -> Message:
    said = {}
    for language in LANGUAGES:
        with translation.override(language):
            said[language] = _words(warning, what, language)
    above = commonpath([place.unit.path for place in warning.places.select_related("unit")])
    return Message(
        key=f"{subject(warning)}:{warning.version}:{what}",
        kind=officers.KIND,
        subject=subject(warning),
        title=Title(said["vi"][0], said["en"][0]),
        body=Title(said["vi"][1], said["en"][1]),
        link=f"/console/warnings/{warning.pk}/",
        urgency=Urgency.HIGH,
        is_exercise=warning.is_exercise,
        expires=now + USEFUL,
        unit_path=f"{above}/" if above else "",
    )


def _words(warning: Warning, what: str, language: str) -> tuple[str, str]:
    headline = (warning.headline_en if language == "en" else "") or warning.headline_vi
    title = _("Nobody has approved yet, reported to you: %(headline)s")
    if what == "reminded":
        title = _("Waits for your approval: %(headline)s")
    since = (warning.submitted_at or warning.changed_at).astimezone(clock.VIETNAM)
    body = _("Submitted at %(time)s by %(name)s. Open the link and sign in: approve it or send it back.")
    who = warning.submitted_by.full_name if warning.submitted_by else "—"
    facts = {"time": f"{since:%H:%M %d/%m/%Y}", "name": who}
    # A draft of before 0.3.0 may hold what no title may.
    return one_line(title % {"headline": headline})[:300], body % facts


def stop(warning: Warning, *, by: Actor) -> None:
    """It was approved, returned, changed or given up: copies that wait never leave. In its transaction."""
    asked = Notice.objects.filter(subject=subject(warning), cancelled_at=None).order_by("pk")
    for key in list(asked.values_list("key", flat=True)):
        notify.cancel(key, by=by, because=_("It does not wait for approval any more."))


def subject(warning: Warning) -> str:
    """What all messages that ask about it are found by."""
    return f"warnings.approval:{warning.pk}"
