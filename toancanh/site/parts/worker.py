"""Steady duties beside every request."""

from __future__ import annotations

from django.conf import settings

from toancanh.domains.reports.importing import kept as report_files
from toancanh.domains.reports.importing import work as report_imports
from toancanh.domains.reports.learning import training
from toancanh.kernel.alerts import desk
from toancanh.kernel.alerts.escalation import escalating
from toancanh.kernel.cases import keeping, retention
from toancanh.kernel.cases import telling as case_telling
from toancanh.kernel.contacts import settings as contacts
from toancanh.kernel.contacts import telling
from toancanh.kernel.contacts.officers import actions as officers
from toancanh.kernel.exchange.feeds import work as feeds
from toancanh.kernel.exchange.feeds.service import Feeds
from toancanh.kernel.exchange.inbox import clearing
from toancanh.kernel.exchange.inbox import work as inbox
from toancanh.kernel.exchange.rosters import actions as rosters
from toancanh.kernel.exchange.sheets import work as imports
from toancanh.kernel.files import sweeping as unnamed
from toancanh.kernel.files import work as files
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.journal import outbox, sealer
from toancanh.kernel.notify import ending, receipts, spreading
from toancanh.kernel.notify.service import Messenger
from toancanh.kernel.people.shifts import actions as roster
from toancanh.kernel.runtime.loops import Loop
from toancanh.kernel.telemetry import commands, letters, numbering
from toancanh.kernel.warnings import minding
from toancanh.site import demo_calls, demo_work, environment
from toancanh.site.asgi import House


def mount(house: House) -> None:
    """Take them up."""
    deliver = Loop("outbox", outbox.Duty(house.reporter.slot).look, 1.0)
    house.loops += [
        Loop("sealer", sealer.seal, 0.5, at_end=True),
        deliver,
        Loop("whole sealer", lambda: sealer.seal(everywhere=True), 600.0),
        Loop("sweeper", outbox.sweep, 3600.0),
        Loop("gaps", numbering.tell, 5.0),
        Loop("old gaps", numbering.forget, 3600.0),
        Loop("letters", letters.expire, 3600.0),
        Loop("files", files.Duty(), files.EVERY),
        Loop("unnamed files", unnamed.Duty(), unnamed.EVERY),
        Loop("imports", imports.Duty(), 1.0),
        Loop("report imports", report_imports.Duty(), 1.0),
        Loop("inbox", inbox.Duty(settings.DATA / inbox.FOLDER, environment.inbox_settled()), inbox.EVERY),
        Loop("old files", clearing.Clearing(settings.DATA / inbox.FOLDER), 3600.0),
        Loop("old imports", imports.tidy, 3600.0),
        Loop("old report imports", report_files.tidy, 3600.0),
        Loop("old trials", feeds.tidy, 3600.0),
        Loop("commands", commands.expire, 60.0),
        Loop("warnings", minding.look, minding.EVERY),
        Loop("escalation", escalating.Escalator().look, escalating.EVERY),
        Loop("roster", roster.prolong, 3600.0),
        Loop("over", ending.look, 1.0),
        Loop("old receipts", receipts.forget, 3600.0),
        Loop("old contacts", contacts.tidy, 3600.0),
        Loop("old lists", rosters.tidy, 3600.0),
        Loop("old numbers", telling.tidy, 3600.0),
        Loop("old copies", case_telling.tidy, 3600.0),
        Loop("keeping", keeping.look, 3600.0),
        Loop("nominating", retention.nominate, 3600.0),
        Loop("destroying", retention.carry_out, 60.0),
        Loop("closed accounts", officers.tidy, 3600.0),
        Loop("learning", training.look, training.EVERY),
    ]
    if settings.DEMO:
        house.loops.append(Loop("demo's calls", demo_calls.look, 3.0))
        house.loops.append(Loop("demo's work", demo_work.Duty().look, 5.0))
    judging = desk.Desk(told=house.tell_changed, slot=house.reporter.slot)
    alerts = Loop("alerts", judging.look, desk.EVERY)
    house.loops.append(alerts)
    house.hearers.append(lambda _rows: alerts.wake())
    house.leaving.append(judging.leave)
    house.services.append(Feeds())
    messenger = Messenger(house.reporter.slot)
    house.services.append(messenger)

    def spread() -> int:
        done = spreading.look()
        if done:
            messenger.wake()
        return done

    lists = Loop("lists", spread, 1.0)
    house.loops.append(lists)
    journal.on_wake(lists.wake)
    journal.on_wake(messenger.wake)
    # Of events that other processes commit, the loop learns at its next look.
    journal.on_wake(deliver.wake)
