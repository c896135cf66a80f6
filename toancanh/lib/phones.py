"""Telephone numbers of Việt Nam as people and spreadsheets write them, brought to E.164.

Prefixes are dated data (``phone_prefixes.csv``): a number of the plan in force stays as it is, one of a plan
before it gets its new prefix. Where an old area code is a mobile prefix now (056, 08), the mobile wins.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal

DATA = Path(__file__).with_name("phone_prefixes.csv")
LONGEST = 80
"""Characters of a cell with numbers."""
Kind = Literal["mobile", "fixed", "foreign"]

_between = re.compile(r"[/;,\n|]|\s[-–—]\s|\s{2,}|\b(?:hoặc|và|or|and)\b", re.IGNORECASE)
_remark = re.compile(r"\([^)\d+]*\)|\b(?:đt|dđ|cđ|sđt|tel|mobile|zalo|viber)\b[.:]*", re.IGNORECASE)
_letters = re.compile(r"[^\d+().\s\-–'·]")


class BadPhone(ValueError):
    """No number that can be dialled; the argument is a stable code."""

    @property
    def code(self) -> str:
        """Which rule it breaks."""
        return str(self.args[0])


@dataclass(frozen=True)
class Phone:
    """A number as machines dial it."""

    e164: str
    kind: Kind
    was: str = ""
    """As it was dialled before its prefix changed; empty where it did not."""


@dataclass(frozen=True)
class Prefix:
    """Numbers that begin so and have ``tail`` digits more, and since when."""

    kind: Kind
    old: str
    new: str
    tail: int
    valid_from: date | None
    source: str


@lru_cache(maxsize=1)
def prefixes() -> tuple[Prefix, ...]:
    """The numbering plan in force, each prefix with the one before it."""
    with DATA.open(encoding="utf-8", newline="") as file:
        return tuple(
            Prefix(
                kind="mobile" if row["kind"] == "mobile" else "fixed",
                old=row["old"],
                new=row["new"],
                tail=int(row["tail"]),
                valid_from=date.fromisoformat(row["valid_from"]) if row["valid_from"] else None,
                source=row["source"],
            )
            for row in csv.DictReader(file)
        )


def read(value: object, on: date) -> Phone:
    """The number of one cell; ``on`` is the day that decides which plan is in force. Raises BadPhone."""
    text = _text(value)
    if not text:
        raise BadPhone("no_phone")
    if len(text) > LONGEST or _letters.search(text):
        raise BadPhone("bad_phone")
    digits = re.sub(r"\D", "", text)
    if text.lstrip("(' ").startswith("+") or digits.startswith("00"):
        digits = digits.removeprefix("00")
        if not digits.startswith("84"):
            if not 8 <= len(digits) <= 15 or digits.startswith("0"):
                raise BadPhone("bad_phone")
            return Phone(f"+{digits}", "foreign")
    return _national(digits, on)


def read_all(value: object, on: date) -> list[Phone]:
    """All numbers of a cell, each once, in their order. Raises BadPhone at the first that is none."""
    text = _remark.sub(" ", _text(value))
    parts = [part for part in _between.split(text) if part.strip(" .-")]
    found = {phone.e164: phone for phone in (read(part, on) for part in parts)}
    return list(found.values())


def shown(e164: str) -> str:
    """As people read it out: 0914 123 456, 0234 3822 123."""
    if not e164.startswith("+84"):
        return e164
    rest = e164[3:]
    if not rest.startswith("2"):
        return f"0{rest[:3]} {rest[3:6]} {rest[6:]}"
    area = 2 if rest[:2] in ("24", "28") else 3
    return f"0{rest[:area]} {rest[area:-3]} {rest[-3:]}"


def hidden(e164: str) -> str:
    """Enough to tell two numbers apart for who may not read them."""
    return f"… {e164[-3:]}"


def _text(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else "?"
    return str(value).strip()


def _national(digits: str, on: date) -> Phone:
    for national in _readings(digits):
        if found := _planned(national, on):
            return found
    for national in _readings(digits):
        if found := _moved(national, on):
            return found
    raise BadPhone("bad_phone")


def _readings(digits: str) -> list[str]:
    """What the digits may mean, without the leading zero: typed whole, with the country, or as a number."""
    if digits.startswith("0"):
        return [digits[1:]]
    if digits.startswith("840"):
        return [digits[3:]]
    # A spreadsheet that takes a number for one drops its zero.
    return [digits[2:], digits] if digits.startswith("84") and len(digits) > 10 else [digits]


def _planned(national: str, on: date) -> Phone | None:
    for prefix in prefixes():
        is_new = prefix.valid_from is None or prefix.valid_from <= on
        begins = prefix.new if is_new else prefix.old
        if national.startswith(begins) and len(national) == len(begins) + prefix.tail:
            return Phone(f"+84{national}", prefix.kind)
    return None


def _moved(national: str, on: date) -> Phone | None:
    for prefix in prefixes():
        if not prefix.old or prefix.valid_from is None or prefix.valid_from > on:
            continue
        if national.startswith(prefix.old) and len(national) == len(prefix.old) + prefix.tail:
            rest = national.removeprefix(prefix.old)
            return Phone(f"+84{prefix.new}{rest}", prefix.kind, was=f"0{national}")
    return None
