"""*Thử ngay*: an answer is fetched and looked at, and nothing of it is stored before somebody says yes."""

from __future__ import annotations

import asyncio
import hashlib
import threading

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange import taking
from toancanh.kernel.exchange.feeds import actions, fetching
from toancanh.kernel.exchange.feeds.faults import Failed
from toancanh.kernel.exchange.feeds.models import Feed, Trial
from toancanh.kernel.exchange.sheets import actions as sheets
from toancanh.kernel.exchange.sheets import judging, reading
from toancanh.kernel.exchange.sheets import mapping as mappings
from toancanh.kernel.exchange.sheets.judging import Preview
from toancanh.kernel.exchange.sheets.mapping import Found, Mapping
from toancanh.kernel.exchange.sheets.reading import Book
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.egress import Limits
from toancanh.kernel.telemetry import engine
from toancanh.lib.errors import NotFound, Refused

LIMITS = Limits(bytes=reading.MAX_BYTES, seconds=12)
"""A person waits for it."""
_turn = threading.Semaphore(2)
"""Trials at once in a process: pages need its threads as well."""


def fetch(feed: Feed, *, by: Actor) -> Trial:
    """Fetch an answer and keep it to be looked at, with a first idea of what it means; raises Failed."""
    taking.scope(by)
    if not _turn.acquire(blocking=False):
        raise Refused(_("Two trials are under way already; try again in a moment."), "busy")
    try:
        answer = asyncio.run(fetching.fetch(feed, fetching.asked(feed, anew=True), LIMITS))
        if not answer.body:
            raise Failed("unread", _("an empty answer"), status=answer.status)
        book = fetching.opened(answer)
    finally:
        _turn.release()
    said, name = first_idea(feed, book, by)
    facts = {
        "at": clock.now(),
        "status": answer.status,
        "size": len(answer.body),
        "digest": fetching.digest(answer.body),
        "book": reading.packed(book),
        "mapping": msgspec.to_builtins(said),
        "mapping_name": name,
        "replaces": feed.replaces,
        "passes_over": feed.passes_over,
        "preview": None,
    }
    with transaction.atomic():
        made, _new = Trial.objects.update_or_create(of=feed, defaults=facts)
        told = {"size": made.size, "digest": made.digest}
        journal.record("exchange.feed_tried", f"feed:{feed.pk}", by=by, content=told)
    return made


def first_idea(feed: Feed, book: Book, by: Actor) -> tuple[Mapping, str]:
    """The mapping that the feed has, where it fits; else what a table of a file would be taken for."""
    if feed.mapping is not None:
        said = msgspec.convert(feed.mapping, Mapping)
        if sheets.fits(said, book):
            return said, ""
    said, name = sheets.first_idea(book, by)
    # The list that is guessed by must be the one that is read, however many rows others have some day.
    return msgspec.structs.replace(said, sheet=said.sheet or book.sheet("").name), name


def trial_of(feed: Feed) -> Trial:
    """What was fetched to be looked at."""
    found = Trial.objects.filter(of=feed).first()
    if found is None:
        raise NotFound(_("Nothing was tried yet, or it was thrown away."))
    return found


def book_of(trial: Trial) -> Book:
    """Its tables."""
    return reading.unpacked(bytes(trial.book))


def understand(
    trial: Trial,
    said: Mapping,
    *,
    by: Actor,
    replaces: bool = False,
    passes_over: bool = False,
    name: str = "",
) -> Preview:
    """Say what the columns mean, see what would become of it; ``name`` keeps the mapping for others."""
    mappings.check(said, mappings.headings(book_of(trial).sheet(said.sheet).rows, said.heading))
    found, _lacking = fetching.understood(book_of(trial), said, replaces=replaces)
    things, known = taking.things_within(taking.scope(by)), taking.directory()
    ours: list[Found] = list(found)
    if passes_over:
        ours = [one for one in found if one.thing in known.things and (things is None or one.thing in things)]
    made = judging.preview(ours, known, engine.store(), clock.now_us(), things)
    with transaction.atomic():
        trial.mapping, trial.replaces, trial.passes_over = msgspec.to_builtins(said), replaces, passes_over
        passed = len(found) - len(ours)
        trial.preview = {"of": seal(trial), "passed_over": passed, "made": msgspec.to_builtins(made)}
        trial.mapping_name = sheets.save_mapping(name, said, by=by).name if name else ""
        trial.save()
    return made


def seal(trial: Trial) -> str:
    """What a person says yes to: this answer, read in this way."""
    facts = {"mapping": trial.mapping, "replaces": trial.replaces, "passes_over": trial.passes_over}
    said = journal.canonical({**facts, "digest": trial.digest})
    return hashlib.sha256(said.encode()).hexdigest()[:32]


@transaction.atomic
def accept(trial: Trial, seen: str, *, by: Actor) -> Feed:
    """Read the feed as was seen, and turn it on; ``seen`` is the seal of the preview that the person saw."""
    trial = Trial.objects.select_for_update().select_related("of").get(pk=trial.pk)
    if trial.preview is None or not seen or seen != trial.preview["of"]:
        raise Refused(_("It was looked at in another way meanwhile. Check the preview again."), "changed")
    preview = trial.preview["made"]
    if not (preview["new"] or preview["corrected"] or preview["same"]):
        raise Refused(_("Nothing of this answer would be kept. See the reasons below the table."), "nothing")
    changes = {"mapping": trial.mapping, "replaces": trial.replaces, "passes_over": trial.passes_over}
    kept = actions.keep(trial.of, changes, by=by)
    trial.delete()
    return kept


@transaction.atomic
def discard(trial: Trial, *, by: Actor) -> None:
    """Throw an answer away; nothing of it was stored."""
    taking.scope(by)
    journal.record(
        "exchange.feed_trial_discarded", f"feed:{trial.pk}", by=by, content={"digest": trial.digest}
    )
    trial.delete()
