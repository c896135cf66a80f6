"""Telephone numbers as they stand in lists of offices."""

from __future__ import annotations

from datetime import date

import pytest

from toancanh.lib import phones
from toancanh.lib.phones import BadPhone

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("written", "e164"),
    [
        ("0914123456", "+84914123456"),
        ("0914.123.456", "+84914123456"),
        ("0914-123-456", "+84914123456"),
        ("+84 914 123 456", "+84914123456"),
        ("(+84) 0914 123 456", "+84914123456"),
        ("0084914123456", "+84914123456"),
        ("84914123456", "+84914123456"),
        ("'0914123456", "+84914123456"),
        (914123456, "+84914123456"),
        (914123456.0, "+84914123456"),
        ("01234567890", "+84834567890"),
        (1234567890, "+84834567890"),
        ("0168 234 5678", "+84382345678"),
        ("841682345678", "+84382345678"),
        ("01991234567", "+84591234567"),
        ("0234 3822 123", "+842343822123"),
        (2343822123, "+842343822123"),
        ("054.3822123", "+842343822123"),
        ("(053) 3852 111", "+842333852111"),
        ("04 3825 1234", "+842438251234"),
        ("024 3825 1234", "+842438251234"),
        ("+856 20 5551 2345", "+8562055512345"),
    ],
)
def test_each_way_of_writing_is_one_number(written: object, e164: str) -> None:
    assert phones.read(written, TODAY).e164 == e164


@pytest.mark.parametrize(
    "written", ["113", "1900 1234", "091412345", "09141234567", "không có", "0000000000", 12.5, "01001234567"]
)
def test_what_cannot_be_dialled_is_refused(written: object) -> None:
    with pytest.raises(BadPhone) as fault:
        phones.read(written, TODAY)
    assert fault.value.code == "bad_phone"


def test_an_empty_cell_is_told_apart() -> None:
    for nothing in (None, "", "  ", True):
        with pytest.raises(BadPhone) as fault:
            phones.read(nothing, TODAY)
        assert fault.value.code == "no_phone"


def test_which_plan_holds_follows_the_day() -> None:
    before = date(2018, 9, 14)
    assert phones.read("01234567890", before).e164 == "+841234567890"
    assert phones.read("01234567890", date(2018, 9, 15)) == phones.Phone(
        "+84834567890", "mobile", "01234567890"
    )
    # 056 was the landline of Bình Định once; numbers of today are mobiles.
    assert phones.read("0563822123", TODAY) == phones.Phone("+84563822123", "mobile")


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("0914123456 / 0234.3822123", ["+84914123456", "+842343822123"]),
        ("DĐ: 0914 123 456; CĐ: 0234 3822 123", ["+84914123456", "+842343822123"]),
        ("0914123456 - 0905111222", ["+84914123456", "+84905111222"]),
        ("0914123456 (Zalo)\n0914.123.456", ["+84914123456"]),
        ("0914123456 hoặc 01234567890", ["+84914123456", "+84834567890"]),
        ("", []),
    ],
)
def test_a_cell_may_hold_several_numbers(cell: str, numbers: list[str]) -> None:
    assert [phone.e164 for phone in phones.read_all(cell, TODAY)] == numbers


def test_numbers_are_shown_as_people_say_them() -> None:
    assert phones.shown("+84914123456") == "0914 123 456"
    assert phones.shown("+842343822123") == "0234 3822 123"
    assert phones.shown("+842438251234") == "024 38251 234"
    assert phones.shown("+8562055512345") == "+8562055512345"
    assert phones.hidden("+84914123456") == "… 456"


def test_every_prefix_leads_to_a_number_of_the_plan_and_names_its_source() -> None:
    for prefix in phones.prefixes():
        assert prefix.source
        assert phones.read(f"0{prefix.new}{'3' * prefix.tail}", TODAY).kind == prefix.kind
    changed = [prefix for prefix in phones.prefixes() if prefix.old]
    assert (
        len([p for p in changed if p.kind == "mobile"]),
        len([p for p in changed if p.kind == "fixed"]),
    ) == (21, 59)
