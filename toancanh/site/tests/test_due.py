"""``toancanh due`` as an administrator types it."""

from __future__ import annotations

import pytest

from toancanh.kernel.territory.calendars.counting import Counted
from toancanh.lib.errors import Refused
from toancanh.lib.worktime.calendar import PLACE
from toancanh.site import due

GOLDEN = [
    ("2026-02-13", "5", "2026-02-27T17:00:00+07:00"),
    ("24/04/2025", "5", "2025-05-05T17:30:00+07:00"),
    ("2026-08-20T10:00", "5", "2026-08-26T10:00:00+07:00"),
    ("2026-11-20T03:00:00Z", "3", "2026-11-26T10:00:00+07:00"),
    ("24/04/2026 10:00", "15", "2026-05-20T10:00:00+07:00"),
    ("2027-02-02T10:00+07:00", "10", "2027-02-23T10:00:00+07:00"),
    ("2026-11-20T07:30", "0,5", "2026-11-20T11:30:00+07:00"),
]


def local(found: Counted) -> str:
    """As the command prints it."""
    return found.due.astimezone(PLACE).isoformat()


@pytest.mark.parametrize(("time", "days", "expected"), GOLDEN)
def test_counts_by_the_localitys_calendar(hue: None, time: str, days: str, expected: str) -> None:
    found = due.count(time, days)
    assert found.calendar.code == "hue"
    assert local(found) == expected


def test_counts_by_the_calendar_and_from_when_it_is_told(hue: None) -> None:
    assert local(due.count("2026-11-20T15:30", "1", "24-7")) == "2026-11-21T15:30:00+07:00"
    assert local(due.count("2026-11-20T15:30", "1", begin="cutoff")) == "2026-11-23T17:00:00+07:00"
    assert local(due.count("2026-11-20T09:00", "1", begin="next")) == "2026-11-23T17:00:00+07:00"
    for begin in ("now", "next", "cutoff"):
        assert local(due.count("2026-11-19", "1", begin=begin)) == "2026-11-20T17:00:00+07:00"


def test_says_why(hue: None) -> None:
    first, *rest = due.remarks(due.count("2026-02-13T10:00", "5"))
    assert "27/02/2026 10:00" in first
    assert "Huế" in first
    assert [line for line in rest if "16/02/2026–20/02/2026: Tết Nguyên đán" in line]
    assert any("2028" in line for line in due.remarks(due.count("2027-12-30T10:00", "5")))


@pytest.mark.parametrize(
    ("time", "days", "code"),
    [
        ("hôm qua", "5", "bad_time"),
        ("2026-02-30", "5", "bad_time"),
        ("2026-02-13", "0", "bad_days"),
        ("2026-02-13", "0.009", "bad_days"),
        ("9999-12-31", "1", "after"),
        ("9999-12-31T23:59", "1", "after"),
        ("2026-02-13", "-1", "bad_days"),
        ("2026-02-13", "năm", "bad_days"),
        ("2026-02-13", "NaN", "bad_days"),
        ("2026-02-13", "1e9", "bad_days"),
        ("1999-02-13", "5", "before"),
        ("2198-02-13", "3000", "never"),
    ],
)
def test_nonsense_is_refused(hue: None, time: str, days: str, code: str) -> None:
    with pytest.raises(Refused) as fault:
        due.count(time, days)
    assert fault.value.code == code
