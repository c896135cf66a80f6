"""Parts of short messages are counted as networks do, and long texts are cut where a reader can bear it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toancanh.lib.sms import left_out, shortened, size

LINK = "https://toancanh.hue.gov.vn/r/abcdefghijklmnopqrstuvwxyz/"
FLOOD = (
    "Bản tin cảnh báo: Lũ trên sông Hương vượt báo động 3. Di chuyển người già và trẻ em đến nơi cao trước "
    "20 giờ. Không ra sông vớt củi. Nước tại Kim Long còn lên trong đêm, các phường ven sông ngập từ 0,5 đến "
    "1,2 m; đường Bùi Thị Xuân và Nguyễn Phúc Nguyên không đi lại được."
)


@pytest.mark.parametrize(
    ("text", "parts", "is_wide"),
    [
        ("a" * 160, 1, False),
        ("a" * 161, 2, False),
        ("a" * 306, 2, False),
        ("a" * 307, 3, False),
        ("[" * 80, 1, False),
        ("€" * 81, 2, False),
        ("ạ" * 70, 1, True),
        ("ạ" * 71, 2, True),
        ("ạ" * 134, 2, True),
        ("ạ" * 135, 3, True),
        ("🌊" * 35, 1, True),
        ("🌊" * 36, 2, True),
        ("", 1, False),
    ],
)
def test_parts_are_counted(text: str, parts: int, is_wide: bool) -> None:
    found = size(text)
    assert (found.characters, found.parts, found.is_wide) == (len(text), parts, is_wide)


def test_what_fits_stays_as_it_is() -> None:
    assert shortened("Nước lên.", 1) == "Nước lên."
    assert shortened("", 1, LINK) == LINK
    assert shortened("Nước lên.", 2, LINK) == f"Nước lên. {LINK}"


def test_long_text_ends_with_a_sentence_before_its_link() -> None:
    arrives = shortened(FLOOD, 3, LINK)
    assert arrives.endswith(f"Không ra sông vớt củi. {LINK}")
    assert size(arrives).parts == 3


def test_without_a_late_end_of_a_sentence_it_ends_with_a_word() -> None:
    arrives = shortened("Tại TP. Huế " + "nước dâng, " * 40, 1)
    assert arrives == "Tại TP. Huế nước dâng, nước dâng, nước dâng, nước dâng, nước dâng…"
    assert shortened("nuoc dang, " * 40, 1).endswith("nuoc dang...")


def test_what_does_not_arrive_is_told() -> None:
    assert left_out(FLOOD, shortened(FLOOD, 3, LINK)).startswith("Nước tại Kim Long còn lên")
    assert left_out("Nước lên.", shortened("Nước lên.", 3, LINK)) == ""


def test_marks_that_are_cut_away_do_not_halve_what_remains() -> None:
    text = "Nuoc len nhanh o ha luu song Huong " * 6 + "– đi ngay"
    arrives = shortened(text, 1)
    assert not size(arrives).is_wide
    assert len(arrives) > 140


def test_link_longer_than_all_parts_goes_alone() -> None:
    assert shortened("Nước lên nhanh ở hạ lưu " * 9, 1, "https://a.example/" + "x" * 80).startswith(
        "https://"
    )


@pytest.mark.slow
@given(st.text("aạ€[ .,!🌊", max_size=400), st.integers(1, 4), st.sampled_from(["", LINK]))
def test_whatever_is_shortened_fits_is_a_beginning_and_keeps_its_link(
    text: str, parts: int, link: str
) -> None:
    arrives = shortened(text, parts, link)
    assert size(arrives).parts <= parts
    assert arrives.endswith(link)
    if arrives.removesuffix(link).strip() == text.strip():
        return
    kept = arrives.removesuffix(link).rstrip(" .…")
    assert text.startswith(kept)
    # Between words, but for signs that do not stand before dots.
    assert len(kept) == len(text) or text[len(kept)] in " .,!" or " " not in kept.strip()
