"""What people arrange about the watched folder, and what its worker writes down of a file."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange import taking
from toancanh.kernel.exchange.inbox import rules
from toancanh.kernel.exchange.inbox.models import Arrival, Outcome, Rule, Sample, Watched
from toancanh.kernel.exchange.sheets import actions as sheets
from toancanh.kernel.exchange.sheets import judging, reading
from toancanh.kernel.exchange.sheets.mapping import Mapping, headings
from toancanh.kernel.exchange.sheets.models import Content, Import, SavedMapping, State
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotFound, Refused

DOOR = "folder"


class Lost(Exception):
    """Another worker watches the folder by now."""


class File(NamedTuple):
    """What the worker knows of a file that it has taken aside."""

    path: str
    claim: str
    stamp: str
    size: int


# --- rules


def set_rule(
    folder: str, pattern: str, mapping: str, *, by: Actor, replaces: bool = False, is_on: bool = True
) -> Rule:
    """Have files of a folder read by a kept mapping; the same folder and pattern again replaces the rule."""
    paths = taking.scope(by)
    folder, pattern = rules.folder_named(folder), rules.pattern_named(pattern)
    with transaction.atomic():
        saved = SavedMapping.objects.filter(name=mapping).first()
        if saved is None:
            raise Refused(_("Choose how the files of this folder are read."), "no_mapping")
        for one in Rule.objects.filter(folder__in=list(rules.above(folder))):
            _check_over(one, by)
        facts = {"mapping": saved, "replaces": replaces, "is_on": is_on, "scope": paths}
        who = {"root": taking.root(paths), "actor": by.key, "set_by": by.name, "set_at": clock.now()}
        rule, _new = Rule.objects.update_or_create(folder=folder, pattern=pattern, defaults={**facts, **who})
        told = {"folder": folder, "pattern": pattern, "mapping": mapping, "replaces": replaces, "on": is_on}
        journal.record("exchange.inbox_rule_set", f"inbox_rule:{rule.pk}", by=by, content=told)
    return rule


@transaction.atomic
def switch(pk: int, is_on: bool, *, by: Actor) -> Rule:
    """Have a rule work or rest; while it rests the files of its folder wait."""
    rule = _rule(pk, by)
    rule.is_on = is_on
    rule.save(update_fields=["is_on"])
    journal.record("exchange.inbox_rule_switched", f"inbox_rule:{pk}", by=by, content={"on": is_on})
    return rule


@transaction.atomic
def drop_rule(pk: int, *, by: Actor) -> Rule:
    """Read files by this rule no longer; what was taken in stays."""
    rule = _rule(pk, by)
    told = {"folder": rule.folder, "pattern": rule.pattern}
    journal.record("exchange.inbox_rule_dropped", f"inbox_rule:{pk}", by=by, content=told)
    rule.delete()
    return rule


def _rule(pk: int, by: Actor) -> Rule:
    taking.scope(by)
    rule = Rule.objects.select_for_update().filter(pk=pk).first()
    if rule is None:
        raise NotFound(_("There is no such rule."))
    _check_over(rule, by)
    return rule


def _check_over(rule: Rule, by: Actor) -> None:
    """What fills the things of others is not for everybody to change, nor to take files away from."""
    if not sheets.stands_over(rule.scope, by):
        told = _("The folder %(folder)s is arranged by %(who)s, who answers for more than you do.")
        raise Refused(told % {"folder": rule.folder or "/", "who": rule.set_by}, "of_others")


# --- samples


@transaction.atomic
def ask(watched: Watched, path: str, *, by: Actor) -> Sample:
    """Have a waiting file opened, to see how it is read; the worker does it within seconds."""
    paths = taking.scope(by)
    every = list(Rule.objects.all())
    rule = rules.Choice(every)(path)
    is_of_others = rule is not None and not rules.seen_by(rule, by)
    if is_of_others or not any(one["path"] == path for one in watched.waiting):
        raise NotFound(_("This file does not wait any more."))
    Sample.objects.filter(actor=by.key, of=None).delete()
    made = Sample.objects.create(
        watched=watched, path=path, actor=by.key, asked_by=by.name, scope=paths, at=clock.now()
    )
    told = {"path": path}
    journal.record("exchange.inbox_sample_asked", f"inbox_sample:{made.pk}", by=by, content=told)
    return made


def settle(sample: Sample, folder: str, pattern: str, name: str, *, by: Actor) -> Rule:
    """Read files of the folder as the draft of the sample is read, under that name; the draft goes."""
    draft = sample.of
    if draft is None or draft.actor != by.key or draft.state != State.DRAFT:
        raise NotFound(_("There is no such import."))
    if draft.preview is None:
        raise Refused(_("First say what the columns mean, and see what becomes of the file."), "not_seen")
    if not name.strip():
        raise Refused(_("Give this way of reading a name."), "no_name")
    with transaction.atomic():
        saved = sheets.save_mapping(name.strip(), msgspec.convert(draft.mapping, Mapping), by=by)
        rule = set_rule(folder, pattern, saved.name, by=by, replaces=draft.replaces)
        sheets.discard(draft, by=by)
    return rule


# --- what the worker writes down


def take(watched: Watched, rule: Rule, file: File, content: bytes | None) -> Arrival:
    """Note a file that was taken aside, and begin its import, in one transaction; without content: too large.

    Raises Lost where another worker watches the folder by now: that one has given the file back.
    """
    try:
        one, book = _opened(rule, file, content)
        fault = ""
    except Refused as refused:
        one, book, fault = None, None, refused.message
    with transaction.atomic():
        hold(watched)
        arrival = Arrival(
            watched=watched,
            claim=file.claim,
            path=file.path,
            size=file.size,
            stamp=file.stamp,
            at=clock.now(),
            root=rule.root,
            actor=rule.actor,
            outcome=Outcome.REFUSED if one is None else Outcome.TAKEN,
            fault=fault[:600],
        )
        if one is not None and book is not None:
            one.save(force_insert=True)
            Content.objects.create(of=one, book=reading.packed(book))
            arrival.of = one
            SavedMapping.objects.filter(pk=rule.mapping_id).update(used_at=clock.now())
        arrival.save(force_insert=True)
        told = {"path": file.path, "rule": rule.pk, "digest": one.digest if one else "", "fault": fault}
        if one is not None:
            told |= {"mapping": one.mapping, "replaces": one.replaces, "readings": one.total}
        subject = f"import:{one.pk}" if one else f"inbox_arrival:{arrival.pk}"
        verb = "taken" if one else "refused"
        journal.record(f"exchange.inbox_{verb}", subject, by=taking.BY, content=told)
    return arrival


def _opened(rule: Rule, file: File, content: bytes | None) -> tuple[Import, reading.Book]:
    """The import of a file, not yet saved; raises Refused with why the file is not read."""
    if content is None:
        raise Refused(reading.sentence("too_large", {}), "too_large")
    book = reading.read(content)
    said = msgspec.convert(rule.mapping.said, Mapping)
    names = headings(book.sheet(said.sheet).rows, said.heading)
    if missing := [name for name in said.needed if name not in names]:
        told = _("The file has no column %(names)s, which “%(mapping)s” reads.")
        raise Refused(told % {"names": ", ".join(missing), "mapping": rule.mapping.name}, "no_column")
    found = judging.readings(said, book.sheet(said.sheet).rows, replaces=rule.replaces)
    if not found:
        raise Refused(_("The table holds headings and no reading."), "nothing")
    who = _("Folder %(folder)s") % {"folder": rule.folder or "/"}
    now = clock.now()
    one = Import(
        made_at=now,
        made_by=who[:100],
        actor=rule.actor,
        scope=rule.scope,
        root=rule.root,
        door=DOOR,
        file=sheets.shown_name(file.path),
        size=file.size,
        digest=hashlib.sha256(content).hexdigest(),
        mapping=rule.mapping.said,
        mapping_name=rule.mapping.name,
        replaces=rule.replaces,
        state=State.RUNNING,
        next_at=now,
        total=len(found),
    )
    return one, book


def hold(watched: Watched) -> None:
    """Make sure, in this transaction, that the folder is still ours to watch; raises Lost."""
    found = Watched.objects.select_for_update().filter(pk=watched.pk, holder=watched.holder)
    if not found.exists():
        raise Lost
