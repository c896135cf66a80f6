"""Writes numbers, moments and ages the way Vietnamese and English readers expect them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

PLACE = ZoneInfo("Asia/Ho_Chi_Minh")
NOTHING = "—"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# The same steps and words as assets/src/time.ts, which keeps ages fresh in the page.
STEPS = ((86_400, "ngày", "day"), (3_600, "giờ", "hour"), (60, "phút", "minute"))
FRESH = 45
PLAIN = 1e15
"""From here on a float's last figures say nothing: numbers are written with a power of ten."""
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float | Decimal | None, decimals: int | None = None, language: str = "vi") -> str:
    """Decimal comma and thousands dot in Vietnamese, the reverse in English; a dash when there is none."""
    if value is None or value != value:
        return NOTHING
    if abs(float(value)) >= PLAIN:
        return _enormous(float(value), language)
    exact = Decimal(value)
    if decimals is not None:
        # Half away from zero on the exact value, as Intl.NumberFormat does in the browser.
        exact = exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    elif isinstance(value, float):
        exact = Decimal(repr(value))
    text = f"{exact:,f}"
    if exact == 0:
        text = text.lstrip("-")
    return text if language.startswith("en") else text.translate({ord(","): ".", ord("."): ","})


def _enormous(value: float, language: str) -> str:
    """1,5·10²⁶: what a broken sensor may send, still short enough for a line."""
    if value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else "-∞"
    front, power = f"{value:.1e}".split("e+")
    text = f"{front}·10{str(int(power)).translate(RAISED)}"
    return text if language.startswith("en") else text.replace(".", ",")


def instant(value: datetime | int | None) -> datetime | None:
    """An aware time from a datetime or from microseconds since 1970 (as telemetry stores it)."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value)


def moment(value: datetime | int | None, language: str = "vi") -> str:
    """21/11/2026 14:05 or 21 Nov 2026 14:05, always in the time of Việt Nam."""
    at = instant(value)
    if at is None:
        return NOTHING
    local = at.astimezone(PLACE)
    if language.startswith("en"):
        return f"{local.day} {MONTHS[local.month - 1]} {local.year} {local:%H:%M}"
    return f"{local:%d/%m/%Y %H:%M}"


def read_moment(typed: str) -> datetime | None:
    """What somebody typed as 31/12/2026 07:00 (or a day alone), of Việt Nam; None where it is no moment."""
    for form in ("%d/%m/%Y %H:%M", "%d/%m/%Y"):
        try:
            return datetime.strptime(typed.strip(), form).replace(tzinfo=PLACE)
        except ValueError:
            continue
    return None


def read_day(typed: str) -> date | None:
    """What somebody typed as 31/12/2026, or a program as 2026-12-31; None where it is no day."""
    for form in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(typed.strip(), form).replace(tzinfo=PLACE).date()
        except ValueError:
            continue
    return None


def clock_time(value: datetime | int | None, now: datetime, language: str = "vi") -> str:
    """14:05 for today, otherwise with the date: for "since …" beside a value."""
    at = instant(value)
    if at is None:
        return NOTHING
    local = at.astimezone(PLACE)
    return f"{local:%H:%M}" if local.date() == now.astimezone(PLACE).date() else moment(at, language)


def age(seconds: float, language: str = "vi") -> str:
    """How long ago, in one unit: "3 phút trước", "3 minutes ago"."""
    english = language.startswith("en")
    whole = int(abs(seconds))
    if whole < FRESH:
        return "just now" if english else "vừa xong"
    for size, vietnamese, word in STEPS:
        # From 45 s on a minute is said, as a minute: nobody reads seconds of a river.
        if whole >= size or size == 60:
            count = max(1, whole // size)
            if english:
                span = f"{count} {word}{'' if count == 1 else 's'}"
                return f"{span} ago" if seconds >= 0 else f"in {span}"
            return f"{count} {vietnamese} trước" if seconds >= 0 else f"sau {count} {vietnamese}"
    raise AssertionError("unreachable: the last step always answers")


def stale(value: datetime | int | None, period: float, now: datetime) -> bool:
    """Whether a reading is older than twice its reporting period (or was never there)."""
    at = instant(value)
    return at is None or (now - at).total_seconds() > 2 * period
