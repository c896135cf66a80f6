"""What is pasted becomes one line that can be printed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toancanh.lib.lines import one_line


@pytest.mark.parametrize(
    ("pasted", "line"),
    [
        ("Lũ\u00a0lên", "Lũ lên"), ("Lũ\u200b lên", "Lũ lên"), ("Lũ l\u00adên", "Lũ lên"),
        ("\ufeffLũ lên\r\n", "Lũ lên"), ("Lũ\u2028lên\0", "Lũ lên"), ("\u200b", ""),
    ],
)  # fmt: skip
def test_pasted_text_is_one_line(pasted: str, line: str) -> None:
    assert one_line(pasted) == line


@pytest.mark.slow
@given(st.text())
def test_every_line_can_be_printed_and_no_vietnamese_letter_is_lost(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert one_line(line) == line
    name = unicodedata.normalize("NFD", "Thượng Đoàn Nguyễn")
    assert one_line(name) == name
