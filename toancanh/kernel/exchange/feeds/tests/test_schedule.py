"""When a feed is fetched next, by the clock of Việt Nam and by how it went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from toancanh.kernel.exchange.feeds import schedule
from toancanh.lib.errors import Refused

NOW = datetime(2026, 11, 21, 5, 2, 30, tzinfo=UTC)
"""12:02:30 in Việt Nam."""


@pytest.mark.parametrize(
    ("line", "coming"),
    [
        ("*/5 * * * *", "2026-11-21T05:05:00+00:00"),
        ("0 * * * *", "2026-11-21T06:00:00+00:00"),
        ("30 6 * * *", "2026-11-21T23:30:00+00:00"),
        ("*/20 6-18 * * 1-5", "2026-11-22T23:00:00+00:00"),
    ],
)
def test_times_are_of_viet_nam(line: str, coming: str) -> None:
    assert schedule.coming(schedule.check(line), NOW).isoformat() == coming


@pytest.mark.parametrize(
    "line", ["", "5", "* * * *", "*/5 * * * * *", "99 * * * *", "0 0 30 2 *", "x y z a b"]
)
def test_lines_that_are_none_are_refused(line: str) -> None:
    with pytest.raises(Refused) as told:
        schedule.check(line)
    assert told.value.code == "bad_schedule"


def test_time_of_day_goes_there_and_back() -> None:
    assert schedule.of_day(" 7:05 ") == "5 7 * * *"
    assert schedule.time_of_day("5 7 * * *") == "07:05"
    assert schedule.time_of_day("0 * * * *") == ""
    for wrong in ("24:00", "7", "07:60", "bảy giờ"):
        with pytest.raises(Refused):
            schedule.of_day(wrong)
    assert schedule.words("*/15 * * * *") == "cứ 15 phút"
    assert schedule.words("0 * * * *") == "mỗi giờ"
    assert schedule.words("5 7 * * *") == "hằng ngày lúc 07:05"
    assert schedule.words("1 2 3 4 *") == "1 2 3 4 *"


def waits(line: str, failures: int, asked: timedelta = timedelta()) -> list[float]:
    """Minutes to the next attempt, thrown several times."""
    dues = [schedule.after_failure(line, failures, asked, NOW) for _ in range(20)]
    return [(due - NOW).total_seconds() / 60 for due in dues]


def test_failing_feeds_are_left_alone_longer_and_longer() -> None:
    for failures, least in ((1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (50, 60)):
        found = waits("*/5 * * * *", failures)
        assert least <= min(found) <= max(found) <= least * 1.2
        assert len(set(found)) > 1, "all would come back at once"
    assert max(waits("0 7 * * *", 1)) <= 6, "a daily feed does not wait for the next day"


def test_other_side_says_how_long_to_wait() -> None:
    asked = schedule.asked_to_wait
    assert asked("120", NOW) == timedelta(minutes=2)
    assert asked("Sat, 21 Nov 2026 05:32:30 GMT", NOW) == timedelta(minutes=30)
    assert asked("Sat, 21 Nov 2020 05:32:30 GMT", NOW) == timedelta()
    assert asked("999999999999", NOW) == timedelta(hours=24)
    assert asked("Sat, 21 Nov 2099 05:32:30 GMT", NOW) == timedelta(hours=24)
    for nothing in ("", "soon", "-5", "²", "1e9"):
        assert asked(nothing, NOW) == timedelta()
    assert min(waits("*/5 * * * *", 1, timedelta(minutes=30))) >= 30


def test_feeds_of_one_minute_are_spread() -> None:
    dues = {schedule.planned("*/5 * * * *", key, NOW) for key in range(40)}
    assert len(dues) == schedule.SPREAD
    assert max(dues) - min(dues) < timedelta(seconds=schedule.SPREAD)
