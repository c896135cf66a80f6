"""How much one device may send before each report costs it work: slowed, never shut out.

Many people stand behind one address of a mobile network, so an address alone says little: a device is told by
a token of its own. Tokens are given to whoever asks, so those of a day share what their address may send: who
throws his away gains nothing by it. Who sends more than people do is asked to find a number (`Puzzle`), a
little harder each time; a browser needs a second for the first and minutes for the twentieth. Nothing is
written down.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from django.core import signing
from django.utils.translation import gettext as _

from toancanh.kernel.runtime import rates
from toancanh.lib.errors import Refused

COOKIE = "toancanh_device"
YEAR = 365 * 24 * 3600
AGED = 24 * 3600
DEVICE_SALT = "reports.device"
PUZZLE_SALT = "reports.puzzle"
SECONDS = 1_800
"""For which a puzzle holds: it is found on a slow phone too, and is of no use later."""
EASIEST, HARDEST = 15, 24
"""Leading zero bits of the digest that is looked for."""

device_rate = rates.buckets(a_minute=0.2, burst=6)
"""Reports of one device: six at once, then one in five minutes."""
address_rate = rates.buckets(a_minute=30, burst=300)
"""All reports from behind one address: more than two hundred neighbours send in an hour."""
fresh_rate = rates.buckets(a_minute=4, burst=240)
"""Reports of devices behind one address that came within a day: two hundred neighbours at once pass."""
above = rates.buckets(a_minute=0.05, burst=HARDEST - EASIEST)
"""What a device sent above its rate: what is left of it makes the next puzzle harder."""


class Flooding(Refused):
    """More came than people send; ``puzzle`` is the work that lets the next one through."""

    code = "flooding"

    def __init__(self, puzzle: str, bits: int, wait: int) -> None:
        super().__init__(
            _("Many reports came from this device. It may send the next one in %(minutes)s minutes.")
            % {"minutes": max(1, round(wait / 60))}
        )
        self.puzzle = puzzle
        self.bits = bits
        self.wait = wait


@dataclass(frozen=True, kw_only=True)
class Sender:
    """From where a report comes, as far as that may be known."""

    device: str = ""
    """Of our token; empty where the browser brought none."""
    is_fresh: bool = True
    """The token was given within a day, or there is none."""
    address: str = ""
    solution: str = ""
    """The puzzle and the number that solves it, with a slash between."""


def token() -> str:
    """A new device's token, signed so that nobody makes his own."""
    return signing.dumps(secrets.token_urlsafe(12), salt=DEVICE_SALT)


def device(cookie: str) -> str:
    """The device of a token; empty where it is forged or over."""
    try:
        found = signing.loads(cookie, salt=DEVICE_SALT, max_age=YEAR)
    except signing.BadSignature:
        return ""
    return found if isinstance(found, str) else ""


def is_fresh(cookie: str) -> bool:
    """Whether a token was given within a day; what is no token is fresh as well."""
    try:
        signing.loads(cookie, salt=DEVICE_SALT, max_age=AGED)
    except signing.SignatureExpired:
        return not device(cookie)
    except signing.BadSignature:
        return True
    return True


def check(sender: Sender, key: str) -> None:
    """Raise Flooding where work is asked before the next report is taken. What is refused costs nothing."""
    who = _who(sender)
    together = fresh_rate.wait(sender.address) if sender.is_fresh else 0.0
    wait = together or device_rate.wait(who) or address_rate.wait(sender.address)
    if not wait:
        return
    if sender.solution and is_solved(sender.solution, who, key):
        return
    # Of devices that share what they may send, each makes the next puzzle harder for all.
    whose = f"fresh {sender.address}" if together else who
    bits = HARDEST - int(above.left(whose))
    above.take(whose)
    said = signing.dumps([who, key, bits], salt=PUZZLE_SALT)
    raise Flooding(said, bits, int(wait) + 1)


def count(sender: Sender) -> None:
    """Count a report that was kept."""
    device_rate.take(_who(sender))
    address_rate.take(sender.address)
    if sender.is_fresh:
        fresh_rate.take(sender.address)


def _who(sender: Sender) -> str:
    # Without a token all newcomers of an address are one device: a browser has had its token with the form.
    return sender.device or f"at {sender.address}"


def is_solved(solution: str, who: str, key: str) -> bool:
    """Whether the number fits a puzzle that was given to this device for this report."""
    puzzle, _slash, number = solution.rpartition("/")
    if len(number) > 20:
        return False
    try:
        said = signing.loads(puzzle, salt=PUZZLE_SALT, max_age=SECONDS)
    except signing.BadSignature:
        return False
    if said[:2] != [who, key]:
        return False
    digest = hashlib.sha256(solution.encode()).digest()
    return int.from_bytes(digest) >> (256 - int(said[2])) == 0
