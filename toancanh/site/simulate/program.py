"""The simulator's life: learn what there is, fill the gap, report each second, stop when told or orphaned."""

import argparse
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from random import Random
from types import FrameType
from typing import Any

from toancanh.domains.flood.storm import DEFAULT_SEED, HOUR_US, SECOND_US
from toancanh.site.simulate.door import Door, TurnedAway, Unreachable
from toancanh.site.simulate.fleet import Fleet, sensors_of, stranger, time_us_of
from toancanh.site.speech import _, teach_argparse

BATCH = 1_000
WAITING = 20_000
"""Rows kept unsent at most; beyond that time stands still for the fleet, and nothing is lost."""

CATCH_UP_US = 6 * HOUR_US
STRANGER_FOR_US = HOUR_US // 6
"""How long a stranger has been sending when the program starts."""
_LEARN_EVERY_S = 300.0
_LONGEST_WAIT_S = 30.0


class Stopped(BaseException):
    """Someone wants the program to end; not an error, so nothing that handles errors may hold it."""


class Simulation:
    """A fleet, a door, and the readings on their way from one to the other."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._door = Door(options.url, options.token)
        flood = _now_us() + options.flood * 1_000_000 if options.flood is not None else None
        self._fleet = Fleet(options.seed, flood, options.flood_at)
        begun = _now_us() - STRANGER_FOR_US
        self._stranger = stranger(options.stranger, options.seed, begun) if options.stranger else None
        self._waiting: deque[dict[str, Any]] = deque()
        self._batch: list[dict[str, Any]] = []
        self._failures = 0
        self._try_at = 0.0
        self._learn_at = 0.0
        self._patience = Random()
        self.accepted = 0
        self.rejected = 0

    def run(self) -> int:
        """Until the end asked for, or for ever; 1 when the door turns the token away."""
        try:
            self._learn_first()
            if self._options.once:
                self._fleet.begin_at_last(_now_us())
                self._report(_now_us())
                self._drain()
            else:
                self._live()
        except TurnedAway as error:
            print(f"simulate: {error}", file=sys.stderr)
            return 1
        finally:
            self._door.close()
        self._say(f"{self.accepted} accepted, {self.rejected} rejected")
        return 0

    def _live(self) -> None:
        options = self._options
        began, start = time.monotonic(), options.since if options.since is not None else _now_us()
        while True:
            now = _now_us()
            if options.speed and options.since is not None:
                now = min(now, start + int((time.monotonic() - began) * options.speed * SECOND_US))
            target = now if options.until is None else min(now, options.until)
            ahead = self._advance(target)
            self._send_due()
            if options.until is not None and target >= options.until and not ahead:
                self._drain()
                return
            if not ahead or self._failures:
                self._learn_again()
                time.sleep(max(0.01, 1.0 - time.time() % 1.0))

    def _advance(self, target: int) -> bool:
        """Report up to ``target``, an hour at most at a time; whether there is more to report now."""
        if len(self._waiting) + len(self._batch) >= WAITING:
            return True
        step = min(target, self._fleet.oldest_us(target) + HOUR_US)
        self._report(step)
        return step < target

    def _report(self, until_us: int) -> None:
        self._waiting.extend(self._fleet.report(until_us))
        if self._stranger is not None:
            self._waiting.extend(self._stranger.report(until_us))

    def _send_due(self) -> None:
        """Hand in all that waits, as long as the door takes it and it is time to try."""
        while (self._batch or self._waiting) and time.monotonic() >= self._try_at:
            if not self._batch:
                self._batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                receipt = self._door.observe(self._batch)
            except Unreachable as error:
                self._put_off(error)
                return
            self._batch = []
            self._failures = 0
            self.accepted += receipt.accepted
            self.rejected += len(receipt.rejected)
            for row in receipt.rejected[:3]:
                self._say(f"rejected: {row}")

    def _put_off(self, error: Unreachable) -> None:
        """Wait longer after each failure, never exactly as long as another device."""
        self._failures += 1
        wait = min(_LONGEST_WAIT_S, 0.25 * 2 ** min(self._failures, 10))
        wait = max(error.after, wait * self._patience.uniform(0.5, 1.0))
        self._try_at = time.monotonic() + wait
        if self._failures == 1 or self._options.verbose:
            print(f"simulate: {error}; again in {wait:.1f} s", file=sys.stderr)

    def _drain(self) -> None:
        while self._batch or self._waiting:
            self._send_due()
            if self._batch:
                time.sleep(max(0.0, self._try_at - time.monotonic()))

    def _learn_first(self) -> None:
        """Ask what there is until the door answers; the server may still be starting."""
        while not len(self._fleet):
            try:
                self._learn()
            except Unreachable as error:
                self._put_off(error)
                time.sleep(max(0.0, self._try_at - time.monotonic()))
            else:
                if not len(self._fleet):
                    self._say("no gauge and no rain station yet")
                    time.sleep(5.0)
        self._failures, self._try_at = 0, 0.0
        faults = self._fleet.faults
        self._say(f"{len(self._fleet)} series; silent: {faults.silent}; spiking: {faults.spiking}")

    def _learn_again(self) -> None:
        if time.monotonic() < self._learn_at:
            return
        try:
            self._learn()
        except (Unreachable, TurnedAway) as error:
            # What is known goes on reporting; whether the token still holds is told by its own requests.
            self._say(f"list of things: {error}")
            self._learn_at = time.monotonic() + _LONGEST_WAIT_S

    def _learn(self) -> None:
        self._learn_at = time.monotonic() + _LEARN_EVERY_S
        sensors = sensors_of(self._door.things())
        since = self._options.since
        start = _now_us() - CATCH_UP_US if since is None else since - 1
        self._fleet.muster(sensors, start, from_latest=since is None)

    def _say(self, text: str) -> None:
        if self._options.verbose:
            print(f"simulate: {text}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """`toancanh simulate`: 0 when done or told to stop, 1 when turned away, 2 when misused."""
    try:
        options = _options(argv)
    except SystemExit as wrong:
        return int(wrong.code or 0)
    before = [(which, signal.getsignal(which)) for which in (signal.SIGINT, signal.SIGTERM)]
    try:
        _listen_for_the_end(options.parent_pipe)
        return Simulation(options).run()
    except (Stopped, KeyboardInterrupt):
        return 0
    finally:
        if threading.current_thread() is threading.main_thread():
            for which, handler in before:
                signal.signal(which, handler)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    teach_argparse()
    parser = argparse.ArgumentParser(
        prog="toancanh simulate",
        description=_("Play the gauges and rain stations of this installation over its public HTTP door."),
    )
    parser.add_argument("--url", default="http://127.0.0.1:8000", help=_("address of the installation"))
    parser.add_argument("--token", default=os.environ.get("TOANCANH_TOKEN"), help=_("or TOANCANH_TOKEN"))
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help=_("another seed is another weather"))
    parser.add_argument("--from", dest="since", type=time_us_of, help=_("replay from this time (RFC 3339)"))
    parser.add_argument("--to", dest="until", type=time_us_of, help=_("stop at this time (RFC 3339)"))
    parser.add_argument(
        "--speed", type=float, default=1.0, help=_("of a replay; 0 is as fast as the door takes")
    )
    parser.add_argument("--once", action="store_true", help=_("send the last reading of each and end"))
    parser.add_argument(
        "--stranger", metavar=_("CODE"), help=_("also play a gauge of this code, which nobody has registered")
    )
    parser.add_argument(
        "--flood", type=int, metavar=_("SECONDS"), help=_("after so long one gauge has a flash flood")
    )
    parser.add_argument(
        "--flood-at", metavar=_("CODE"), default="", help=_("which gauge has it, if it is there")
    )
    parser.add_argument("--parent-pipe", action="store_true", help=_("end when standard input closes"))
    parser.add_argument("--verbose", action="store_true", help=_("say who is silent, who jumps, and counts"))
    options = parser.parse_args(argv)
    if not options.token:
        parser.error(_("a token is needed: --token or TOANCANH_TOKEN (toancanh token create NAME)"))
    if not 0 <= options.speed <= 1_000_000:
        parser.error(_("--speed is from 0 to 1000000"))
    if not options.url.startswith(("http://", "https://")):
        parser.error(_("--url begins with http:// or https://"))
    return options


def _now_us() -> int:
    return time.time_ns() // 1_000


def _listen_for_the_end(parent_pipe: bool) -> None:
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, _stop)
        signal.signal(signal.SIGTERM, _stop)
    if parent_pipe:
        threading.Thread(target=_watch_parent, name="parent-pipe", daemon=True).start()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    # Once is enough: a second one must not interrupt the way out.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Stopped


def _watch_parent() -> None:
    """The parent holds the other end and never writes: the end of file is its death."""
    descriptor = sys.stdin.fileno()
    while os.read(descriptor, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
