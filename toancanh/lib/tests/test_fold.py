"""What people type without marks must find what is written with them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toancanh.lib.fold import fold, matches


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Phường Dương Nỗ", "phuong duong no"),
        ("ĐÔNG HÀ", "dong ha"),
        ("Ðông Hà", "dong ha"),
        ("Xã Chân Mây - Lăng Cô", "xa chan may lang co"),
        ("  Đưng K'Nớ\t", "dung k no"),
        ("A Lưới 2", "a luoi 2"),
        ("", ""),
        ("—…!", ""),
    ],
)
def test_fold_of_names(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(("one", "other"), [("Thuận Hoá", "Thuận Hóa"), ("Hương Thuỷ", "Hương Thủy")])
def test_fold_ignores_where_the_tone_mark_stands(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.slow
@given(st.text())
def test_fold_does_not_depend_on_the_unicode_form(text: str) -> None:
    assert fold(unicodedata.normalize("NFC", text)) == fold(unicodedata.normalize("NFD", text))


@pytest.mark.slow
@given(st.text())
def test_fold_twice_changes_nothing(text: str) -> None:
    once = fold(text)
    assert fold(once) == once
    assert once == once.strip()
    assert "  " not in once


@pytest.mark.slow
@given(st.text(alphabet="aăâbcdđeêghiklmnoôơpqrstuưvxyàảãáạằẳẵắặỳỷỹýỵ ĂÂĐÊÔƠƯ"))
def test_fold_of_vietnamese_is_plain_ascii(text: str) -> None:
    assert fold(text).isascii()


def test_matches_by_the_beginnings_of_words_in_any_order() -> None:
    name = fold("Phường Dương Nỗ, Thành phố Huế")
    assert matches("duong no", name)
    assert matches("nỗ dương", name)
    assert matches("hue duo", name)
    assert matches("", name)
    assert not matches("uong", name)
    assert not matches("duong an", name)


@pytest.mark.slow
@given(st.lists(st.text(alphabet="abcđôơư", min_size=1, max_size=6), min_size=1, max_size=5), st.data())
def test_matches_every_prefix_of_its_own_words(words: list[str], data: st.DataObject) -> None:
    word = data.draw(st.sampled_from(words))
    part = word[: data.draw(st.integers(1, len(word)))]
    assert matches(part, fold(" ".join(words)))
