"""Levels and rain in the words of the bulletins; figures of real ones bear their source."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from toancanh.domains.flood import bulletin
from toancanh.domains.flood.domain import LEVEL
from toancanh.kernel.declare import Limit
from toancanh.kernel.telemetry.queries import rank
from toancanh.kernel.telemetry.store import Reading
from toancanh.web import formats

SHARED = Path(__file__).parents[4] / "tests" / "fixtures" / "levels.json"


def limits(*values: float) -> tuple[Limit, ...]:
    """BĐ1, BĐ2 …"""
    return tuple(Limit(name=f"BĐ{n}", value=v, verified=True) for n, v in enumerate(values, start=1))


DONG_HA = limits(2.0, 3.0, 4.0)
KIM_LONG = limits(1.0, 2.0, 3.5)


@pytest.mark.parametrize(
    ("value", "of", "vi", "en"),
    [
        (5.16, DONG_HA, "5,16 m, trên BĐ3 1,16 m", "5.16 m, 1.16 m above BĐ3"),
        # quangtri.gov.vn, 18/10/2020
        (5.17, DONG_HA, "5,17 m, trên BĐ3 1,17 m", "5.17 m, 1.17 m above BĐ3"),
        # quangtri.gov.vn, 16/10/2020
        (1.64, DONG_HA, "1,64 m, dưới BĐ1 0,36 m", "1.64 m, 0.36 m below BĐ1"),
        # huengaynay.vn 159497, 01/11/2025
        (2.56, KIM_LONG, "2,56 m, trên BĐ2 0,56 m", "2.56 m, 0.56 m above BĐ2"),
        # huengaynay.vn 159349, 29/10/2025
        (4.57, KIM_LONG, "4,57 m, trên BĐ3 1,07 m", "4.57 m, 1.07 m above BĐ3"),
        (2.0, KIM_LONG, "2,00 m, bằng BĐ2", "2.00 m, at BĐ2"),
        (3.5, KIM_LONG, "3,50 m, bằng BĐ3", "3.50 m, at BĐ3"),
        (1.0, KIM_LONG, "1,00 m, bằng BĐ1", "1.00 m, at BĐ1"),
        (-0.25, KIM_LONG, "-0,25 m, dưới BĐ1 1,25 m", "-0.25 m, 1.25 m below BĐ1"),
        (-0.001, KIM_LONG, "0,00 m, dưới BĐ1 1,00 m", "0.00 m, 1.00 m below BĐ1"),
        (1.5, (), "1,50 m", "1.50 m"),
    ],
)
def test_level_reads_as_in_a_bulletin(value: float, of: Sequence[Limit], vi: str, en: str) -> None:
    assert (bulletin.level(value, of, "vi"), bulletin.level(value, of, "en")) == (vi, en)


@pytest.mark.parametrize(
    ("value", "vi"),
    [
        (1.9951, "2,00 m, bằng BĐ2"),
        (1.996, "2,00 m, bằng BĐ2"),
        (1.994, "1,99 m, trên BĐ1 0,99 m"),
        (0.996, "1,00 m, bằng BĐ1"),
        (2.004, "2,00 m, bằng BĐ2"),
    ],
)
def test_sentence_never_contradicts_the_figure_it_prints(value: float, vi: str) -> None:
    assert bulletin.level(value, KIM_LONG, "vi") == vi


@pytest.mark.parametrize("case", json.loads(SHARED.read_text(encoding="utf-8")), ids=lambda case: case["vi"])
def test_level_and_sentence_agree_with_the_table_that_the_pages_are_tested_by(case: dict[str, Any]) -> None:
    of = tuple(Limit(**limit, verified=True) for limit in case["limits"])
    assert rank(Reading(1, 0, case["value"], 0), of, LEVEL.precision) == case["rank"]
    assert bulletin.level(case["value"], of, "vi") == case["vi"]
    assert bulletin.level(case["value"], of, "en") == case["en"]
    assert case["vi"].startswith(formats.number(case["value"], LEVEL.precision))


@given(st.floats(-2, 30))
@example(1.995)
@example(3.4999999)
def test_level_never_disagrees_with_the_sentence(value: float) -> None:
    reached = rank(Reading(1, 0, value, 0), KIM_LONG, LEVEL.precision)
    said = bulletin.level(value, KIM_LONG, "vi")
    assert ("dưới" in said) == (reached == 0)
    assert reached == 0 or f"BĐ{reached}" in said


@given(st.floats(-2, 30))
def test_printed_figures_subtract(value: float) -> None:
    said = bulletin.level(value, KIM_LONG, "vi")
    shown = float(said.split(" m")[0].replace(",", "."))
    found = re.fullmatch(r"\S+ m, (trên|dưới) BĐ(\d) (\S+) m|\S+ m, bằng BĐ(\d)", said)
    assert found is not None
    if found[4]:
        assert shown == KIM_LONG[int(found[4]) - 1].value
    else:
        apart, limit = float(found[3].replace(",", ".")), KIM_LONG[int(found[2]) - 1].value
        assert apart > 0
        assert round(limit + (apart if found[1] == "trên" else -apart), 2) == shown


@pytest.mark.parametrize(
    ("amount", "key", "vi"),
    [
        (0.0, "none", "không mưa"),
        (0.1, "light", "mưa nhỏ"),
        (15.0, "light", "mưa nhỏ"),
        (15.1, "moderate", "mưa vừa"),
        (50.0, "moderate", "mưa vừa"),
        (50.1, "heavy", "mưa to"),
        (100.0, "heavy", "mưa to"),
        (100.1, "very_heavy", "mưa rất to"),
        (620.0, "very_heavy", "mưa rất to"),
    ],
)
def test_day_of_rain_has_the_class_of_the_service(amount: float, key: str, vi: str) -> None:
    found = bulletin.rain_class(amount)
    assert (found.key, found.title.vi) == (key, vi)


def test_rain_is_written_with_one_decimal() -> None:
    assert (bulletin.rain(12.34, (), "vi"), bulletin.rain(12.34, (), "en")) == ("12,3 mm", "12.3 mm")
