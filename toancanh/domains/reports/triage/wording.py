"""Changing the ready words of reception: what was said before stays on record with its time."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.domains.reports import sending
from toancanh.domains.reports.triage import answers
from toancanh.domains.reports.triage.models import Answer, Use
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, NotFound, Refused

RIGHT = "cases.arrange"
LONGEST_TITLE, LONGEST_WORDS = 120, 2_000
MOST = 30
"""Of one use: whoever chooses among them reads them all."""


@transaction.atomic
def add(use: str, title: str, words: str, *, by: Actor) -> Answer:
    """Ready words more, at the end of their list."""
    _check(by)
    if use not in Use.values:
        raise Refused(_("Choose one of what is offered."), "bad_choice")
    rows = list(answers.ready(use).select_for_update())
    if len(rows) >= MOST:
        raise Refused(
            _("There are %(most)s already; end one that nobody needs.") % {"most": MOST}, "too_many"
        )
    title, words = _written(title, words)
    _check_new(rows, title)
    last = max((row.position for row in rows), default=0)
    row = Answer.objects.create(use=use, title=title, words=words, position=last + 1, valid_from=clock.now())
    told = {"use": use, "title": title, "words": words}
    journal.record("reports.words_added", f"ready-words:{row.pk}", by=by, content=told)
    return row


@transaction.atomic
def change(number: str, title: str, words: str, *, by: Actor) -> Answer:
    """Say it otherwise from now on: the row of before is ended, one that says it takes its place."""
    _check(by)
    before = _held(number)
    title, words = _written(title, words)
    if (before.title, before.words) == (title, words):
        return before
    _check_new([row for row in answers.ready(before.use) if row.pk != before.pk], title)
    now = clock.now()
    before.valid_to = now
    before.save(update_fields=["valid_to"])
    row = Answer.objects.create(
        use=before.use, title=title, words=words, position=before.position, valid_from=now
    )
    told = {"before": before.pk, "title": title, "words": words}
    journal.record("reports.words_changed", f"ready-words:{row.pk}", by=by, content=told)
    return row


@transaction.atomic
def end(number: str, *, by: Actor) -> Answer:
    """Offer it no longer."""
    _check(by)
    row = _held(number)
    row.valid_to = clock.now()
    row.save(update_fields=["valid_to"])
    content = {"title": row.title}
    journal.record("reports.words_ended", f"ready-words:{row.pk}", by=by, content=content)
    return row


@transaction.atomic
def up(number: str, *, by: Actor) -> None:
    """Let it stand before the one above it; the first one stays the first."""
    _check(by)
    row = _held(number)
    rows = list(answers.ready(row.use).select_for_update())
    at = rows.index(row)
    if at:
        rows[at - 1], rows[at] = rows[at], rows[at - 1]
        for position, one in enumerate(rows, 1):
            one.position = position
        Answer.objects.bulk_update(rows, ["position"])
        content = {"order": [one.pk for one in rows]}
        journal.record("reports.words_ordered", f"ready-words:{row.pk}", by=by, content=content)


def _check(by: Actor) -> None:
    if not by.may(RIGHT):
        raise NotAllowed(_("Ready words are changed by who arranges work for the whole locality."))


def _held(number: str) -> Answer:
    """Words in force, held until the end of the transaction."""
    row = None
    if number.isascii() and number.isdigit() and len(number) < 16:
        known = Answer.objects.select_for_update().filter(pk=int(number)).first()
        row = known if known is not None and known in answers.ready(known.use) else None
    if row is None:
        raise NotFound(_("These ready words are offered no longer; somebody has changed or ended them."))
    return row


def _written(title: str, words: str) -> tuple[str, str]:
    title, words = " ".join(sending.clean(title).split()), sending.clean(words)
    if not title or len(title) > LONGEST_TITLE:
        told = _("The title has 1 to %(most)s characters.")
        raise Refused(told % {"most": LONGEST_TITLE}, "bad_title")
    if not words or len(words) > LONGEST_WORDS:
        told = _("The words have 1 to %(most)s characters.")
        raise Refused(told % {"most": LONGEST_WORDS}, "bad_words")
    return title, words


def _check_new(rows: list[Answer], title: str) -> None:
    if any(row.title.casefold() == title.casefold() for row in rows):
        raise Refused(_("There are ready words of that title already."), "taken")
