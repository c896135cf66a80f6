"""Feeds as pages show them: how each does, and what it did last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange import taking
from toancanh.kernel.exchange.feeds import faults, schedule, troubles
from toancanh.kernel.exchange.feeds.models import Brings, Feed, Outcome, Run
from toancanh.kernel.exchange.sheets import faults as rows

LENGTH = 50
RUNS = 30


@dataclass(frozen=True)
class Shown:
    """A feed with its state: a word for colour and icon, a title, and what to do where it is bad."""

    row: Feed
    state: str
    """``draft``, ``paused``, ``waiting``, ``well``, ``silent`` or ``bad``."""
    title: str
    reason: str
    schedule: str


def shown(feed: Feed, now: datetime) -> Shown:
    """How a feed does."""
    state, title, reason = _state(feed, now)
    return Shown(feed, state, title, reason, schedule.words(feed.schedule))


def _state(feed: Feed, now: datetime) -> tuple[str, str, str]:
    if not feed.is_on:
        if feed.mapping is None and feed.brings == Brings.READINGS:
            return "draft", _("Not tried yet"), _("Try it, and see what comes before anything is stored.")
        return "paused", _("Paused"), ""
    if feed.failures:
        return "bad", _("Fails"), faults.words(feed.fault, feed.said)
    if feed.fetched_at is None:
        return "waiting", _("Being fetched for the first time"), ""
    if troubles.is_silent(feed, now):
        told = _(
            "It answers, but brings nothing new. Ask whoever serves it whether the stations still measure."
        )
        if feed.brings == Brings.WARNINGS:
            told = _("It answers, but brings no new message. Ask whoever serves it whether that can be.")
        return "silent", _("Nothing new"), told
    return "well", _("Works"), ""


def listing(by: Actor, before: str, now: datetime) -> tuple[list[Shown], str]:
    """Feeds that the actor may see, the newest first, and where the next page begins: one query."""
    found = Feed.objects.filter(taking.seen_by(by)).defer("sealed", "headers").order_by("-pk")
    if before.isascii() and before.isdigit() and len(before) < 16:
        found = found.filter(pk__lt=int(before))
    rows_found = list(found[: LENGTH + 1])
    more = f"?before={rows_found[LENGTH - 1].pk}" if len(rows_found) > LENGTH else ""
    return [shown(feed, now) for feed in rows_found[:LENGTH]], more


@dataclass(frozen=True)
class ShownRun:
    """A fetch in words."""

    row: Run
    title: str
    remarks: list[str]


def runs(feed: Feed, before: str) -> tuple[list[ShownRun], str]:
    """The last fetches, the newest first, and where older ones begin: one query."""
    found = Run.objects.filter(of=feed).order_by("-pk")
    if before.isascii() and before.isdigit() and len(before) < 16:
        found = found.filter(pk__lt=int(before))
    rows_found = list(found[: RUNS + 1])
    more = f"?before={rows_found[RUNS - 1].pk}" if len(rows_found) > RUNS else ""
    return [_run(run, Brings(feed.brings)) for run in rows_found[:RUNS]], more


def _run(run: Run, brings: Brings) -> ShownRun:
    titles = {
        Outcome.TAKEN: _("New messages") if brings == Brings.WARNINGS else _("New readings"),
        Outcome.NOTHING: _("Nothing new"),
        Outcome.UNCHANGED: _("Unchanged"),
        Outcome.FAILED: _("Failed"),
    }
    said = faults.words if brings == Brings.WARNINGS else rows.sentence
    remarks = [f"{said(code)} ({count})" for code, count in run.reasons.items()]
    if run.fault:
        remarks.append(faults.words(run.fault, run.said))
    if run.lacking:
        remarks.append(_("Not in the answer: %(names)s") % {"names": ", ".join(run.lacking)})
    if run.passed_over:
        remarks.append(_("Passed over: %(count)s of stations that are not ours") % {"count": run.passed_over})
    return ShownRun(run, titles[Outcome(run.outcome)], remarks)
