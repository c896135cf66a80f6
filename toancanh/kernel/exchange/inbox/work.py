"""Watches the folder in the worker: takes settled files aside, begins their imports, puts them away.

A kill at any moment leaves one of three things, and the next look knows each: a file taken aside of which
nothing is written down goes back; one whose import was begun is put away when that has ended; one that is
away already is noted as such. The import itself goes on by its own ledger (`sheets/work`).
"""

from __future__ import annotations

import errno
import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.inbox import actions, rules, samples
from toancanh.kernel.exchange.inbox.actions import File, Lost
from toancanh.kernel.exchange.inbox.disk import Inbox
from toancanh.kernel.exchange.inbox.models import Arrival, Outcome, Rule, Watched
from toancanh.kernel.exchange.inbox.names import Changed, Seen, Stamp, shown
from toancanh.kernel.exchange.sheets import errors, reading
from toancanh.kernel.exchange.sheets.models import State
from toancanh.kernel.runtime import clock, holders, processes
from toancanh.lib.errors import Refused

log = logging.getLogger(__name__)

FOLDER = "inbox"
"""In the data folder."""
EVERY = 2.0
SETTLED = 4.0
"""Seconds for which a file must lie unchanged."""
LEASE = timedelta(seconds=60)
RENEW = timedelta(seconds=20)
TOLD = timedelta(seconds=20)
"""How often the folder's row is written where nothing has changed."""
SHOWN = 200
"""Waiting files that pages tell one by one."""
AT_ONCE = 20
AGAIN = 60.0
"""Seconds after which a file that the program failed on is tried again."""
REASON, ROWS = ".ly-do.txt", ".dong-bi-tu-choi.csv"
OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
"""Faults that every other file would meet as well."""
ENDED = (State.DONE, State.UNDOING, State.UNDONE)


class Duty:
    """One look at the folder; says whether there may be more to do at once."""

    def __init__(self, path: Path, settled: float = SETTLED) -> None:
        self._inbox = Inbox(path)
        self._settled = settled
        self._holder = holders.fresh()
        self._since: dict[tuple[str, ...], tuple[Stamp, float]] = {}
        self._told: tuple[object, ...] | None = None
        self._blocked: dict[str, tuple[Arrival | None, str, float]] = {}
        """By claim what could not be put away for what lies there, why, and until when it is let rest."""

    def __call__(self) -> int:
        try:
            key = self._inbox.prepare(secrets.token_hex(16))
            trouble = ""
        except OSError as fault:
            key, trouble = "", said(fault)
        watched = self._lease(key)
        if watched is None:
            return 0
        if trouble:
            self._tell(watched, trouble, [])
            return 0
        try:
            return self._look(watched)
        except Lost:
            return 0
        except OSError as fault:
            log.warning("the watched folder: %s", fault)
            self._tell(watched, said(fault), [])
            return 0

    def _lease(self, key: str) -> Watched | None:
        """The folder's row where it is ours, or is to be had; without a key, by its place."""
        now = clock.now()
        facts = {"host": processes.host(), "path": str(self._inbox.path)[:500]}
        found = Watched.objects.filter(**({"key": key} if key else facts)).order_by("-looked_at").first()
        if found is not None and found.holder == self._holder and found.held_until - now > RENEW:
            return found
        with transaction.atomic():
            if found is None:
                # Until the folder can be read, nobody knows its key.
                nameless = "{host}:{path}".format(**facts)[:100]
                if key:
                    Watched.objects.filter(key=nameless).update(key=key)
                new = {**facts, "held_until": now, "looked_at": now}
                found, _new = Watched.objects.get_or_create(key=key or nameless, defaults=new)
            row = Watched.objects.select_for_update().get(pk=found.pk)
            is_held = now < row.held_until < now + LEASE * 2 and not holders.is_dead(row.holder)
            if row.holder not in ("", self._holder) and is_held:
                return None
            row.holder, row.held_until = self._holder, now + LEASE
            row.host, row.path = facts["host"], facts["path"]
            row.save(update_fields=["holder", "held_until", "host", "path"])
        return row

    # --- one look

    def _look(self, watched: Watched) -> int:
        done = self._put_away(watched)
        self._recover(watched)
        own = list(Rule.objects.select_related("mapping"))
        rule_of = rules.Choice(own)
        seen = self._inbox.look(lambda way: (rule := rule_of(shown(way))) is not None and rule.is_on)
        waiting, ready = self._sorted(seen.found, rule_of)
        waiting += self._stuck()
        for one, rule in ready[:AT_ONCE]:
            try:
                done += self._take(watched, one, rule)
            except OSError as fault:
                waiting.append(_waits(one, "unmovable", said(fault)))
            except (DatabaseError, Lost):
                raise
            except Exception as fault:
                # Whatever fails in one file, the next one is taken; this one is tried again in a while.
                log.exception("%s is not taken in", shown(one.way))
                self._since[one.way] = (one.stamp, time.monotonic() + AGAIN)
                waiting.append(_waits(one, "fault", type(fault).__name__))
        samples.open_asked(watched, self._inbox)
        self._tell(watched, "", waiting, seen.more)
        return int(len(ready) > AT_ONCE and done > 0)

    def _sorted(
        self, found: list[Seen], rule_of: rules.Choice
    ) -> tuple[list[dict[str, object]], list[tuple[Seen, Rule]]]:
        """Files that wait, with why; and those to be taken, with their rule."""
        steady = time.monotonic()
        before, self._since = self._since, {}
        waiting: list[dict[str, object]] = []
        ready: list[tuple[Seen, Rule]] = []
        for seen in found:
            stamp, since = before.get(seen.way, (seen.stamp, steady))
            self._since[seen.way] = (seen.stamp, since if stamp == seen.stamp else steady)
            rule = rule_of(shown(seen.way))
            why = seen.trouble
            if not why and steady - self._since[seen.way][1] < self._settled:
                why = "settling"
            if not why and not seen.stamp.size:
                why = "empty"
            if not why and (rule is None or not rule.is_on):
                why = "no_rule" if rule is None else "off"
            if not why or (why in ("no_rule", "off") and len(waiting) < SHOWN):
                why = self._inbox.trouble(seen) or why
            if why or rule is None:
                waiting.append(_waits(seen, why))
            else:
                ready.append((seen, rule))
        return waiting, ready

    def _take(self, watched: Watched, seen: Seen, rule: Rule) -> int:
        claim = f"{clock.now().astimezone(clock.VIETNAM):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        try:
            self._inbox.take_aside(seen, claim)
            large = seen.stamp.size > reading.MAX_BYTES
            content = None if large else self._inbox.read_aside(claim, seen)
        except Changed:
            # Still being written, or another worker's by now: the next look sees which.
            with suppress(FileNotFoundError):
                self._inbox.give_back(claim)
            return 0
        except FileNotFoundError:
            return 0
        file = File(shown(seen.way), claim, str(seen.stamp), seen.stamp.size)
        try:
            arrival = actions.take(watched, rule, file, content)
        except Lost:
            raise
        except Exception:
            # Nothing was noted: it goes back, and is taken when notes can be taken again.
            self._inbox.give_back(claim)
            raise
        if arrival.of is None:
            with self._alone(arrival.claim, arrival):
                self._put(arrival)
        return 1

    def _recover(self, watched: Watched) -> None:
        """Give back what somebody took aside and wrote nothing down of."""
        claims = self._inbox.claims()
        noted = dict(Arrival.objects.filter(claim__in=claims).values_list("claim", "put_at"))
        for claim in claims:
            if claim not in noted and claim not in self._blocked:
                with transaction.atomic():
                    actions.hold(watched)
                with self._alone(claim):
                    self._inbox.give_back(claim)
            elif noted.get(claim) is not None:
                self._inbox.clear(claim)

    # --- putting away

    def _put_away(self, watched: Watched) -> int:
        """Put away files whose import has ended; how many those were."""
        now = time.monotonic()
        self._blocked = {claim: one for claim, one in self._blocked.items() if one[2] > now}
        due = Arrival.objects.filter(Q(of=None) | Q(of__state__in=ENDED), watched=watched, put_at=None)
        found = list(due.exclude(claim__in=self._blocked).select_related("of").order_by("pk")[:AT_ONCE])
        for arrival in found:
            with self._alone(arrival.claim, arrival):
                self._put(arrival)
        return len(found)

    @contextmanager
    def _alone(self, claim: str, arrival: Arrival | None = None) -> Iterator[None]:
        """What lies in the way of one file holds up no other; it is tried again in a while."""
        try:
            yield
        except OSError as fault:
            if fault.errno in OF_THE_DISK:
                raise
            log.warning("%s cannot be put away: %s", claim, fault)
            self._blocked[claim] = (arrival, said(fault), time.monotonic() + AGAIN)

    def _stuck(self) -> list[dict[str, object]]:
        """What cannot be put away, as pages tell of files that wait."""
        return [
            {
                "path": arrival.path,
                "size": arrival.size,
                "since": int(arrival.at.timestamp()),
                "why": "unmovable",
            }
            | {"said": why}
            for arrival, why, _until in self._blocked.values()
            if arrival is not None
        ]

    def _put(self, arrival: Arrival) -> None:
        seen, one = self._inbox.aside(arrival.claim), arrival.of
        is_refused = one is None or (one.refused > 0 and one.refused == one.total)
        arrival.outcome = Outcome.REFUSED if is_refused else Outcome.DONE
        if seen is not None and str(seen.stamp) != arrival.stamp:
            arrival.outcome = Outcome.GROWN
            self._inbox.give_back(arrival.claim)
        elif seen is not None:
            beside = {REASON: f"\ufeff{arrival.fault}\r\n".encode()} if one is None else {}
            if one is not None and one.refused:
                with suppress(Refused):
                    beside[ROWS] = errors.table(one).encode()
            way = self._inbox.put_away(arrival.claim, seen.way, "refused" if is_refused else "done", beside)
            arrival.target = shown(way)
        arrival.put_at = clock.now()
        arrival.save(update_fields=["outcome", "put_at", "target"])

    def _tell(self, watched: Watched, trouble: str, waiting: list[dict[str, object]], more: int = 0) -> None:
        """Let pages know how the folder is; seldom where it is as before."""
        now = clock.now()
        as_is = (trouble, waiting, more)
        if as_is == self._told and now - watched.looked_at < TOLD:
            return
        facts = {"looked_at": now, "trouble": trouble[:300], "waiting": waiting[:SHOWN]}
        more += max(0, len(waiting) - SHOWN)
        Watched.objects.filter(pk=watched.pk, holder=self._holder).update(**facts, more=more)
        self._told = as_is


def _waits(seen: Seen, why: str, words: str = "") -> dict[str, object]:
    changed = seen.stamp.changed_ns // 1_000_000_000
    made: dict[str, object] = {"path": shown(seen.way), "size": seen.stamp.size, "since": changed, "why": why}
    return {**made, "said": words} if words else made


def said(fault: OSError) -> str:
    """What the system says, without the number; of a full disk in our words."""
    if fault.errno == errno.ENOSPC:
        return _("The disk is full.")
    return f"{fault.strerror}: {fault.filename}" if fault.filename else str(fault.strerror or fault)
