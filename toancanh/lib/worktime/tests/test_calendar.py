"""Deadlines against a counter that walks minute by minute, and what a calendar does at its edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toancanh.lib.worktime import hours
from toancanh.lib.worktime.calendar import PLACE, Begin, Calendar, Entry, Kind, OutOfReach, Season, Week

OFFICE = hours.read_week("T2-T6: 07:30-11:30, 13:00-17:00")
SATURDAYS = hours.read_week("T2-T6: 07:30-11:30, 13:30-17:30; T7: 07:30-11:30")
AROUND = hours.read_week("T2-CN: 24/7")
FIRST = date(2025, 12, 1)


def week(*seasons: hours.WeekHours, since: date = FIRST, cut_off: int | None = 900) -> Week:
    begins = ((1, 1), (1, 10))[: len(seasons)]
    made = tuple(Season(begin, hours) for begin, hours in zip(begins, seasons, strict=True))
    return Week(since, made, 480, cut_off)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PLACE)


def entry(first: str, kind: Kind = Kind.HOLIDAY, last: str = "", **more: Any) -> Entry:
    made = Entry(1, kind, date.fromisoformat(first), date.fromisoformat(last or first), is_shared=True)
    return replace(made, **more)


# The counter knows nothing of spans, sums or years: it asks of each minute whether it is worked.
def is_worked(moment: datetime, weeks: list[Week], entries: list[Entry]) -> bool:
    day, minute = moment.date(), moment.hour * 60 + moment.minute
    rules = [one for one in weeks if one.valid_from <= day]
    latest = max(one.valid_from for one in rules)
    rule = [one for one in rules if one.valid_from == latest][-1]
    season = next((s for s in reversed(rule.seasons) if s.since <= (day.month, day.day)), rule.seasons[-1])

    def within(spans: hours.Spans) -> bool:
        return any(start <= minute < end for start, end in spans)

    worked = within(season.hours[day.weekday()])
    for is_shared in (True, False):
        about = [e for e in entries if e.is_shared is is_shared and e.first <= day <= e.last]
        whole = [n for n, e in enumerate(about) if not (e.kind is Kind.CLOSURE and e.closed)][-1:]
        for one in about[whole[0] if whole else 0 :]:
            if one.kind in (Kind.HOLIDAY, Kind.SWAPPED):
                worked = False
            elif one.kind is Kind.CLOSURE:
                worked = worked and one.closed is not None and not within((one.closed,))
            elif one.kind is Kind.WORKED and one.hours is not None:
                worked = within(one.hours)
            elif one.kind is Kind.WORKED and one.like is not None:
                instead = season.hours[one.like.weekday()]
                worked = within(instead) if instead else worked
    return worked


days = st.integers(0, 75).map(lambda n: FIRST + timedelta(days=n))
some_hours = st.sampled_from([OFFICE[0], SATURDAYS[5], ((0, 1440),), ((1380, 1440),)])
gaps = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda gap: gap[0] < gap[1])


@st.composite
def entries_of(draw: st.DrawFn) -> list[Entry]:
    found = []
    for key in range(draw(st.integers(0, 5))):
        kind, first = draw(st.sampled_from(Kind)), draw(days)
        last = first + timedelta(days=draw(st.integers(0, 9)))
        made = Entry(key, kind, first, last, is_shared=draw(st.booleans()))
        if kind is Kind.WORKED:
            by_hours = draw(st.booleans())
            made = replace(made, hours=draw(some_hours)) if by_hours else replace(made, like=draw(days))
        if kind is Kind.CLOSURE and draw(st.booleans()):
            made = replace(made, closed=draw(gaps))
        found.append(made)
    return found


weeks_of = st.lists(
    st.builds(
        lambda seasons, since: week(*seasons, since=since),
        st.lists(st.sampled_from([OFFICE, SATURDAYS, AROUND]), min_size=1, max_size=2),
        st.integers(0, 60).map(lambda n: FIRST + timedelta(days=n)),
    ),
    max_size=2,
).map(lambda later: [week(OFFICE), *later])
moments = st.integers(0, 60 * 1440).map(lambda n: at("2025-12-01T00:00") + timedelta(minutes=n))


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(weeks_of, entries_of(), moments, st.integers(1, 3000))
def test_due_is_where_a_minute_counter_gets_to(
    weeks: list[Week], entries: list[Entry], start: datetime, term: int
) -> None:
    calendar = Calendar(weeks, entries)
    moment, left = start, term
    while left:
        left -= is_worked(moment, weeks, entries)
        moment += timedelta(minutes=1)
    assert calendar.due(start, term) == moment
    assert calendar.elapsed(start, moment) == term


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(weeks_of, entries_of(), moments, st.integers(0, 20_000))
def test_elapsed_is_what_a_minute_counter_counts(
    weeks: list[Week], entries: list[Entry], start: datetime, length: int
) -> None:
    end = start + timedelta(minutes=length)
    counted = sum(is_worked(start + timedelta(minutes=n), weeks, entries) for n in range(length))
    calendar = Calendar(weeks, entries)
    assert calendar.elapsed(start, end) == counted
    assert calendar.elapsed(end, start) == -counted


@pytest.mark.slow
@settings(deadline=None)
@given(moments, moments, moments, st.integers(0, 5000), st.integers(0, 5000))
def test_terms_add_up_and_never_go_back(
    one: datetime, other: datetime, third: datetime, term: int, more: int
) -> None:
    calendar = Calendar([week(SATURDAYS, OFFICE)], [entry("2026-01-01")])
    assert calendar.elapsed(one, other) + calendar.elapsed(other, third) == calendar.elapsed(one, third)
    assert calendar.due(calendar.due(one, term), more) == calendar.due(one, term + more) or term + more == 0
    assert calendar.due(min(one, other), term) <= calendar.due(max(one, other), term)


def test_order_of_asking_changes_nothing() -> None:
    late, early = at("2031-05-05T08:00"), at("2025-12-02T08:00")
    one, other = Calendar([week(OFFICE)]), Calendar([week(OFFICE)])
    assert (one.due(early, 500), one.due(late, 500)) == (other.due(late, 500), other.due(early, 500))[::-1]
    assert one.elapsed(early, late) == other.elapsed(early, late)


def test_seconds_do_not_count_and_offsets_do() -> None:
    calendar = Calendar([week(OFFICE)])
    noon = datetime(2026, 3, 2, 3, 0, 59, 999_999, tzinfo=UTC)
    assert calendar.due(noon, 60) == at("2026-03-02T11:00")
    # 18:30 UTC on Sunday is Monday here: a day cut by UTC would lose it.
    assert calendar.due(datetime(2026, 3, 1, 18, 30, tzinfo=UTC), 480) == at("2026-03-02T17:00")


def test_term_ends_when_its_last_minute_is_worked() -> None:
    calendar = Calendar([week(OFFICE)])
    assert calendar.due(at("2026-03-02T07:30"), 480) == at("2026-03-02T17:00")
    assert calendar.due(at("2026-03-02T11:30"), 240) == at("2026-03-02T17:00")
    assert calendar.due(at("2026-03-01T09:00"), 60) == at("2026-03-02T08:30")
    assert calendar.due(at("2026-03-01T09:00"), 0) == at("2026-03-01T09:00")


def test_half_days_and_halves_of_days() -> None:
    calendar = Calendar([week(SATURDAYS)])
    friday = at("2026-03-06T10:00")
    assert calendar.due_days(friday, Decimal("0.5")) == at("2026-03-06T16:00")
    assert calendar.due_days(friday, 1) == at("2026-03-07T10:00")
    assert calendar.due_days(friday, 2) == at("2026-03-09T16:00")


def test_seasons_change_within_a_term() -> None:
    calendar = Calendar([week(SATURDAYS, OFFICE)])
    # (1, 1) and (1, 10): the second holds from 10 January to the end of the year.
    assert calendar.plan(date(2026, 1, 9)).hours == SATURDAYS[0]
    assert calendar.plan(date(2026, 1, 12)).hours == OFFICE[0]
    assert calendar.plan(date(2025, 12, 31)).hours == OFFICE[0]
    only_summer_and_winter = Week(FIRST, (Season((4, 1), SATURDAYS), Season((10, 1), OFFICE)), 480)
    assert Calendar([only_summer_and_winter]).plan(date(2026, 2, 2)).hours == OFFICE[0]


@pytest.mark.parametrize(
    ("received", "rule", "begins"),
    [
        ("2026-03-06T14:59", Begin.CUT_OFF, "2026-03-06T14:59"),
        ("2026-03-06T15:00", Begin.CUT_OFF, "2026-03-06T15:00"),
        ("2026-03-06T15:01", Begin.CUT_OFF, "2026-03-09T07:30"),
        ("2026-03-07T16:00", Begin.CUT_OFF, "2026-03-07T16:00"),
        ("2026-03-06T09:00", Begin.NEXT_DAY, "2026-03-09T07:30"),
        ("2026-12-31T23:59", Begin.NEXT_DAY, "2027-01-04T07:30"),
        ("2026-03-07T09:00", Begin.NOW, "2026-03-07T09:00"),
    ],
)
def test_terms_begin_by_their_rule(received: str, rule: Begin, begins: str) -> None:
    calendar = Calendar([week(OFFICE)], [entry("2027-01-01")])
    assert calendar.begin(at(received), rule) == at(begins)


def test_plan_says_why() -> None:
    shared = entry("2026-08-22", Kind.WORKED, like=date(2026, 8, 31))
    own = entry("2026-08-22", Kind.CLOSURE, closed=(780, 1440), is_shared=False)
    plan = Calendar([week(OFFICE)], [own, shared]).plan(date(2026, 8, 22))
    assert (plan.hours, plan.usual, plan.entries) == (((450, 690),), (), (shared, own))
    undone = entry("2026-08-22", Kind.PLAIN, is_shared=False)
    assert Calendar([week(OFFICE)], [own, shared, undone]).plan(date(2026, 8, 22)).entries == (shared,)


def test_hours_closed_add_to_what_else_is_entered() -> None:
    day = date(2026, 8, 22)
    worked = entry("2026-08-22", Kind.WORKED, hours=((480, 720),), is_shared=False)
    early = entry("2026-08-22", Kind.CLOSURE, closed=(0, 540), is_shared=False)
    late = entry("2026-08-22", Kind.CLOSURE, closed=(660, 1440), is_shared=False)
    both = Calendar([week(OFFICE)], [worked, early, late]).plan(day)
    assert (both.hours, both.ruling) == (((540, 660),), (worked, early, late))
    off = entry("2026-08-22", is_shared=False)
    assert Calendar([week(OFFICE)], [off, early]).plan(day).hours == ()
    assert Calendar([week(OFFICE)], [early, worked]).plan(day).entries == (worked,)
    plain = entry("2026-08-22", Kind.PLAIN, is_shared=False)
    assert Calendar([week(OFFICE)], [worked, early, plain]).plan(day).entries == ()


def test_like_a_day_never_worked_takes_no_hours_away() -> None:
    turned = entry("2026-03-02", Kind.WORKED, like=date(2026, 3, 7))
    assert Calendar([week(OFFICE)], [turned]).plan(date(2026, 3, 2)).hours == OFFICE[0]


@pytest.mark.parametrize("rule", list(Begin))
def test_the_end_of_all_days_is_out_of_reach(rule: Begin) -> None:
    calendar = Calendar([week(OFFICE)])
    for moment in (datetime.max.replace(tzinfo=PLACE), datetime.max.replace(tzinfo=UTC)):
        with pytest.raises(OutOfReach, match="after"):
            calendar.begin(moment, rule)
        with pytest.raises(OutOfReach, match="after"):
            calendar.due_days(moment, 1)


def test_before_its_first_day_a_calendar_refuses() -> None:
    calendar = Calendar([week(OFFICE)])
    for ask in (
        lambda: calendar.due(at("2025-11-30T23:59"), 1),
        lambda: calendar.elapsed(at("2026-01-05T00:00"), at("2025-11-01T00:00")),
        lambda: calendar.plan(date(2025, 11, 30)),
        lambda: calendar.begin(at("2025-11-30T10:00")),
    ):
        with pytest.raises(OutOfReach) as fault:
            ask()
        assert (fault.value.code, fault.value.on) == ("before", FIRST)


@pytest.mark.slow
def test_a_term_that_never_ends_is_told() -> None:
    with pytest.raises(OutOfReach, match="never"):
        Calendar([week(hours.read_week(""))]).due(at("2026-01-05T08:00"), 1)
    with pytest.raises(OutOfReach, match="after"):
        Calendar([week(OFFICE)]).due(at("2250-01-05T08:00"), 1)
