"""Text in its one form."""

import pytest

from toancanh.lib.text import NotText, plain


def test_same_words_are_the_same_text_however_they_were_typed() -> None:
    assert plain("  Hu\u00ea\u0301\r\nx ") == plain("Hu\u1ebf\nx") == "Huế\nx"


@pytest.mark.parametrize("typed", ["a\0b", "\ud83d", "x\udc00"])
def test_signs_that_are_no_text_are_refused(typed: str) -> None:
    with pytest.raises(NotText):
        plain(typed)
