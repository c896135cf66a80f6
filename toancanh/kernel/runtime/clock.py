"""The one clock: everything that needs the time asks here, so that tests and the demo can set it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_read: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731 - replaced as a whole by `set_to`


def now() -> datetime:
    """The time in UTC."""
    return _read()


def now_us() -> int:
    """The time in microseconds since 1970 UTC."""
    return to_us(_read())


def to_us(moment: datetime) -> int:
    """Microseconds since 1970 UTC of an aware datetime, without rounding through float."""
    passed = moment - EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def from_us(time_us: int) -> datetime:
    """The aware datetime (UTC) of microseconds since 1970."""
    seconds, micro = divmod(time_us, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micro)


@contextmanager
def set_to(read: Callable[[], datetime] | datetime) -> Iterator[None]:
    """Let the house live at another time: a fixed moment, or whatever ``read`` says."""
    global _read
    before = _read
    _read = read if callable(read) else lambda: read
    try:
        yield
    finally:
        _read = before
