"""Every rule on every thing in memory: folded from the store once, then fed with what is committed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from heapq import heappop, heappush, nsmallest
from itertools import chain
from operator import itemgetter

from toancanh.kernel.alerts import rules
from toancanh.kernel.alerts.folding import SECOND, Point
from toancanh.kernel.alerts.maintenance.muting import Muting, Window
from toancanh.kernel.alerts.models import Alert
from toancanh.kernel.alerts.ringing import Finding
from toancanh.kernel.alerts.rules import Key, Spec
from toancanh.kernel.alerts.watching import LATE, Watched
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.feed import WITHDRAWN, Entry
from toancanh.kernel.telemetry.store import OUT_OF_RANGE, Reading, Wanted

MOST = 5_000
"""Readings of one series from which a state is folded anew."""
UNHEARD = 60 * SECOND
"""How often it is looked whether a station has been heard for the first time."""
MOST_FOUND = 500
"""So many silences are told at once."""


class Board:
    """What is watched, and since the last `findings` what was news of it."""

    def __init__(self) -> None:
        self.specs: dict[Key, Spec] = {}
        self.watched: dict[Key, Watched] = {}
        self._of_series: dict[int, list[tuple[Key, str]]] = {}
        self._told: dict[Key, int] = {}
        """Severity of each key once all findings are written."""
        self._found: list[Finding] = []
        self._peak: dict[Key, Point] = {}
        self._peaked: set[Key] = set()
        """Keys whose peak has moved and nothing else."""
        self._silent: dict[Key, frozenset[int]] = {}
        self._alarms: list[tuple[int, Key]] = []
        """A heap of the moments at which keys may fall silent; of a key the one in ``_awaited`` counts."""
        self._awaited: dict[Key, int] = {}
        self._stale: set[Key] = set()
        """Keys that late readings were kept of since their states were folded."""
        self._aside: dict[int, tuple[int, int]] = {}
        """By series the first and the last late reading that is to be passed over."""
        self._ringing: Counter[int] = Counter()
        """Series of what rings, how often: late readings of these are put where they belong."""
        self._rung: dict[Key, tuple[int, ...]] = {}
        self._late: dict[Key, int] = {}
        """The first of them, where nobody was told of that time."""
        self._seen: tuple[int, int] | None = None
        self._since = self._until = datetime.min.replace(tzinfo=UTC)
        """Between these no version comes into force or ends by its date."""
        self._muting = Muting()
        self._over: list[Window] = []

    # --- which rules hold

    def refresh(self) -> None:
        """Look whether rules, series, thresholds or the day changed; what changed is folded anew."""
        now, directory = clock.now(), revision.current("directory")
        self._muting.refresh(directory)
        seen = (revision.current(rules.CHANGED), directory)
        if seen == self._seen and self._since <= now < self._until:
            return
        # For 10,000 stations this takes half a second: only when something changes.
        self._since, self._until = now, rules.next_change(now)
        specs = rules.specs(now)
        for key in self.specs.keys() - specs.keys():
            self._drop(key)
        # Where the rule or the station is no more, also since before this process judged.
        for stands in Alert.objects.filter(over_at=None).values_list("key", "thing"):
            if stands not in specs:
                self._found.append(Finding(stands))
        for key, spec in specs.items():
            if self.specs.get(key) != spec:
                self.watched.pop(key, None)
        self.specs, self._seen = specs, seen
        self._of_series = {}
        for key, spec in specs.items():
            for name, series in spec.series:
                self._of_series.setdefault(series, []).append((key, name))

    def _drop(self, key: Key) -> None:
        self._tell(key, 0)
        for known in (self.watched, self._told, self._peak, self._silent, self._late):
            known.pop(key, None)
        self._stale.discard(key)
        self._peaked.discard(key)

    # --- folding from the store

    def fill(self, most: int) -> bool:
        """Build so many of what is not watched yet, when nothing waits to be judged; True once all is."""
        if len(self.watched) == len(self.specs):
            return True
        missing = self.specs.keys() - self.watched.keys()
        if missing:
            # The rules of a thing together: what they read is read once.
            self._build(nsmallest(most, missing, key=itemgetter(1)), {})
        return len(missing) <= most

    def _build(self, keys: Collection[Key], before: Mapping[int, int]) -> None:
        """Fold states from the readings in the store; of series named in ``before`` only from older ones."""
        now = clock.now_us()
        standing = {
            (key, thing): severity
            for key, thing, severity in Alert.objects.filter(
                over_at=None, thing__in={thing for _key, thing in keys}
            ).values_list("key", "thing", "severity")
        }
        numbers = sorted({series for key in keys for _name, series in self.specs[key].series})
        span = max(self.specs[key].span for key in keys)
        store = engine.store()
        wanted = Wanted(numbers, start=max(0, now - span))
        # Of a station that sends very often the newest, and those oldest first.
        readings = store.each(wanted, (("time", True),), limit=MOST)
        newest = store.latest(numbers)
        for key in keys:
            spec = self.specs[key]
            made = Watched(spec.condition, dict(spec.leaves), standing.get(key, 0))
            # Nobody listened before: a station is not silent because the program was down.
            before_it = self.watched.get(key)
            since = before_it.listening if before_it is not None else now
            made.listening = 0 if key in standing else since
            for name, series in spec.series:
                end = before.get(series, now + span)
                last = newest.get(series)
                if last is not None and last.time < end:
                    made.tracks[name].heard = last.time
                for one in reversed(readings.get(series, [])):
                    if one.time < end:
                        _put(made, name, one)
            self.watched[key] = made
            self._stale.discard(key)
            self._tell(key, standing.get(key, 0))
            if made.has_silence:
                self._listen(key, made, now)
            self._settle(key, made, now, is_news=self._is_fresh(spec, newest, before, now))

    def _is_fresh(
        self, spec: Spec, newest: Mapping[int, Reading], before: Mapping[int, int], now: int
    ) -> bool:
        """Whether what is there already is news: a rule that came while the water stood high."""
        times = [newest[series].time for _name, series in spec.series if series in newest]
        return not before and bool(times) and now - max(times) <= LATE

    # --- judging

    def take(self, entries: Iterable[Entry]) -> None:
        """Judge the readings of these transactions in their order."""
        entries = list(entries)
        if any(reading.time >= entry.at - LATE for entry in entries for reading in entry.readings):
            self._pass_over()
            if self._stale or len(self.watched) < len(self.specs):
                self._build_touched(entries)
        of_series, told = self._of_series, self._told
        for entry in entries:
            fresh = entry.at - LATE
            for reading in entry.readings:
                keys = of_series.get(reading.series)
                if keys is None:
                    continue
                if reading.time < fresh and reading.series not in self._ringing:
                    self._put_aside(reading)
                    continue
                for key, name in keys:
                    if reading.time >= fresh or told.get(key):
                        self._judge(key, name, reading, entry.at)
                    else:
                        self._put_aside(reading)

    def _build_touched(self, entries: list[Entry]) -> None:
        """Fold what a fresh reading asks for and is not there, or lacks late ones."""
        oldest: dict[int, int] = {}
        keys: set[Key] = set()
        for entry in entries:
            fresh = entry.at - LATE
            for reading in entry.readings:
                if reading.time < fresh:
                    continue
                for key, _name in self._of_series.get(reading.series, ()):
                    if key not in self.watched or key in self._stale:
                        keys.add(key)
                        oldest[reading.series] = min(reading.time, oldest.get(reading.series, reading.time))
        if keys:
            self._build(keys, oldest)

    def _put_aside(self, reading: Reading) -> None:
        """A late reading where nothing rings: archives come in by the million."""
        first, last = self._aside.get(reading.series, (reading.time, 0))
        if not reading.quality & WITHDRAWN and reading.time > last:
            last = reading.time
        self._aside[reading.series] = (min(first, reading.time), last)

    def _pass_over(self) -> None:
        """Note of late readings that the station lived; states are folded with the next fresh reading."""
        for series, (first, last) in self._aside.items():
            for key, name in self._of_series.get(series, ()):
                self._note_late(key, first)
                made = self.watched.get(key)
                if made is None:
                    continue
                self._stale.add(key)
                track = made.tracks[name]
                if last and (track.heard is None or last > track.heard):
                    track.heard = last
        self._aside.clear()

    def _judge(self, key: Key, name: str, reading: Reading, kept: int) -> None:
        made = self.watched.get(key)
        if made is None or not _put(made, name, reading):
            return
        if kept - reading.time > LATE:
            self._note_late(key, reading.time)
        elif self._told[key] or not made.is_calm:
            at = max(reading.time, made.tracks[name].heard or 0)
            self._settle(key, made, at, is_news=True, kept=kept)

    def _note_late(self, key: Key, time: int) -> None:
        spec = self.specs[key]
        if time >= spec.since and time < self._late.get(key, time + 1) and not spec.has_silence:
            self._late[key] = time

    def look_at_clock(self) -> None:
        """Let silences begin, and end what was heard of too long ago."""
        self._pass_over()
        now = clock.now_us()
        for key in chain(list(self._silent), self._due(now)):
            made = self.watched.get(key)
            if made is None:
                self._silent.pop(key, None)
                continue
            silent, before = made.silent(now), self._silent.get(key, frozenset())
            if silent != before:
                self._silent[key] = silent
                self._settle(key, made, now, is_news=not silent <= before)
            if not silent:
                self._silent.pop(key, None)
                self._listen(key, made, now)
            if len(self._found) >= MOST_FOUND:
                # A network that is down silences all: a part at each look, so that officers can write too.
                break
        for key in list(self._rung):
            if key in self.watched:
                self._settle(key, self.watched[key], now, is_news=False)

    def _listen(self, key: Key, made: Watched, now: int) -> None:
        """Look at it again when it may have fallen silent; one that was never heard every minute."""
        due = made.silent_from()
        due = now + UNHEARD if due is None else due
        if due < self._awaited.get(key, due + 1):
            self._awaited[key] = due
            heappush(self._alarms, (due, key))

    def _due(self, now: int) -> Iterator[Key]:
        """What may have fallen silent by now."""
        while self._alarms and self._alarms[0][0] < now:
            due, key = heappop(self._alarms)
            if self._awaited.get(key) == due:
                del self._awaited[key]
                yield key

    def settle_over(self) -> None:
        """Let what stands once somebody has finished working at a station be news."""
        now = clock.now_us()
        for window in self._muting.over(now):
            keys = [key for key, spec in self.specs.items() if window.things & spec.things(key[1])]
            if not all(key in self.watched for key in keys):
                continue
            stale = [key for key in keys if key in self._stale]
            if stale:
                self._build(stale, {})
            for key in keys:
                # Where another window holds on, that one tells it.
                self._settle(key, self.watched[key], now, is_news=True)
            self._muting.drop(window)
            self._over.append(window)

    def _settle(self, key: Key, made: Watched, now: int, *, is_news: bool, kept: int | None = None) -> None:
        """Note what the newest step means: water may rise and fall between two looks, and each counts.

        ``kept``: when the reading behind it was committed, which may be before the station was muted.
        """
        severity, told, spec = made.severity(now), self._told[key], self.specs[key]
        if not severity and not told:
            return
        muted: dict[str, int] = {}
        if severity > told:
            at = now if kept is None else kept
            if not is_news or self._muting.covers(key[1], at):
                return
            muted = {name: thing for name, thing in spec.elsewhere if self._muting.covers(thing, at)}
            if muted and (severity := made.severity(now, muted)) <= told:
                return
        why = made.reason(now, muted)
        if severity and why.worst is not None and why.worst != self._peak.get(key):
            self._peak[key] = why.worst
            self._peaked.add(key)
        if severity == told:
            return
        worst = severity if severity > told else 0
        left_out = tuple(sorted(set(muted.values())))
        self._found.append(Finding(key, spec.rule, worst, why, severity, self._peak.get(key), left_out))
        self._tell(key, severity)
        self._peaked.discard(key)
        if not severity:
            self._peak.pop(key, None)

    def _tell(self, key: Key, severity: int) -> None:
        self._told[key] = severity
        if bool(severity) != (key in self._rung):
            if severity:
                self._rung[key] = tuple(series for _name, series in self.specs[key].series)
                self._ringing.update(self._rung[key])
            else:
                self._ringing -= Counter(self._rung.pop(key))

    def findings(self) -> list[Finding]:
        """What is to be written of all that was judged since the last time, in its order."""
        found, self._found = self._found, []
        for key in self._peaked:
            rule, severity = self.specs[key].rule, self._told[key]
            found.append(Finding(key, rule, severity=severity, peak=self._peak.get(key), is_peak_alone=True))
        self._peaked.clear()
        return found

    def late(self) -> dict[Key, int]:
        """From when on the past of a rule is to be looked at again, noted since the last time."""
        self._pass_over()
        late, self._late = self._late, {}
        return late

    def settled(self) -> list[Window]:
        """Windows whose end is in what was found since the last time."""
        over, self._over = self._over, []
        return over


def _put(made: Watched, name: str, reading: Reading) -> bool:
    value = None if reading.quality & WITHDRAWN else reading.value
    return made.put(name, reading.time, value, is_plausible=not reading.quality & OUT_OF_RANGE)
