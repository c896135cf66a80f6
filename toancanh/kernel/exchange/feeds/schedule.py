"""When a feed is fetched: cron lines in the time of Việt Nam, most of them chosen in plain words."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from cronsim import CronSim, CronSimError
from django.utils.translation import gettext as _

from toancanh.kernel.runtime.clock import VIETNAM
from toancanh.lib.errors import Refused

PLAIN = ("*/5 * * * *", "*/10 * * * *", "*/15 * * * *", "*/30 * * * *", "0 * * * *")
SHORTEST = timedelta(minutes=1)
SPREAD = 20
"""Seconds over which feeds of the same minute are spread."""
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=1)
MOST_ASKED = timedelta(hours=24)
"""As long as another side may ask us to stay away."""
_DAILY = re.compile(r"(\d{1,2}) (\d{1,2}) \* \* \*")


def check(line: str) -> str:
    """The cron line with single spaces; raises Refused for one that cannot be, or never comes."""
    plain = " ".join(line.split())
    told = _(
        "“%(line)s” is no schedule. Write five parts: minute, hour, day, month, weekday; for example "
        "*/20 6-18 * * * for every 20 minutes from 6 to 18 o'clock."
    )
    if len(plain.split(" ")) != 5 or len(plain) > 60:
        # A sixth part would be seconds.
        raise Refused(told % {"line": plain[:60]}, "bad_schedule")
    try:
        next(CronSim(plain, datetime(2026, 1, 1, tzinfo=VIETNAM)))
    except (CronSimError, StopIteration) as fault:
        raise Refused(told % {"line": plain[:60]}, "bad_schedule") from fault
    return plain


def of_day(text: str) -> str:
    """The line for every day at ``07:30``; raises Refused for what is no time of day."""
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", text.strip(), re.ASCII)
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        raise Refused(_("Write the time of day like 07:00."), "bad_schedule")
    return f"{int(found[2])} {int(found[1])} * * *"


def time_of_day(line: str) -> str:
    """``07:30`` for a line of every day, else empty."""
    found = _DAILY.fullmatch(line)
    return f"{int(found[2]):02}:{int(found[1]):02}" if found else ""


def words(line: str) -> str:
    """The schedule as people say it."""
    if found := re.fullmatch(r"\*/(\d+) \* \* \* \*", line):
        return _("every %(minutes)s minutes") % {"minutes": found[1]}
    if line == "0 * * * *":
        return _("every hour")
    if at := time_of_day(line):
        return _("every day at %(time)s") % {"time": at}
    return line


def coming(line: str, now: datetime) -> datetime:
    """The next time after now."""
    found: datetime = next(CronSim(line, now.astimezone(VIETNAM)))
    return found.astimezone(UTC)


def period(line: str, now: datetime) -> timedelta:
    """Between the next two times."""
    first = coming(line, now)
    return max(coming(line, first) - first, SHORTEST)


def planned(line: str, key: int, now: datetime) -> datetime:
    """When the feed of that key is fetched next: feeds of the same minute a few seconds apart."""
    return coming(line, now) + timedelta(seconds=key * 7 % SPREAD)


def after_failure(line: str, failures: int, asked: timedelta, now: datetime) -> datetime:
    """When it is tried again after so many failures in a row; ``asked`` is what Retry-After wants.

    A rare feed is tried again sooner than its schedule says, a frequent one later and later.
    """
    first = min(period(line, now), FIRST_WAIT)
    usual: timedelta = min(first * int(2 ** min(failures - 1, 10)), LONGEST_WAIT)
    wait = usual * random.uniform(1.0, 1.2)
    wait = max(wait, min(asked, MOST_ASKED))
    return now + wait


def asked_to_wait(said: str, now: datetime) -> timedelta:
    """What a Retry-After means: seconds or a date; nothing where it is neither."""
    text = said.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), MOST_ASKED.total_seconds()))
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return timedelta()
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(at - now, timedelta()), MOST_ASKED)
