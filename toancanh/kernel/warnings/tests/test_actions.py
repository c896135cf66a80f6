"""From the draft to the all-clear: who may, in which order, and what two people at once do to each other."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.city import BY, NOON, City, unit_row
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.journal import outbox
from toancanh.kernel.journal.models import Entry, Event
from toancanh.kernel.notify.models import Notice
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory import actions as territory
from toancanh.kernel.warnings import actions, filling, policies, queries, texts
from toancanh.kernel.warnings.content import Content
from toancanh.kernel.warnings.keeping import ISSUED, Conflict
from toancanh.kernel.warnings.models import State, Warning
from toancanh.kernel.warnings.policies import Terms
from toancanh.kernel.warnings.tests.making import EN, VI, approved, full, leader, officer, told
from toancanh.kernel.warnings.texts import Language, Quote
from toancanh.lib.errors import NotAllowed, Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def by(city: City) -> Actor:
    return officer(city)


@pytest.fixture
def order(city: City) -> Actor:
    return leader(city)


def test_draft_is_submitted_approved_numbered_and_told_once(by: Actor, order: Actor) -> None:
    warning = told(by, order)
    assert (warning.number, warning.state, warning.approved_post) == (
        "CB-2026-0001",
        State.APPROVED,
        "Cán bộ",
    )
    assert warning.valid_from == NOON
    assert [step.what for step in warning.story.all()] == ["drafted", "submitted", "approved"]
    event = Event.objects.get(name=ISSUED)
    assert (event.key, event.payload["warning"]) == ("CB-2026-0001", warning.pk)
    entry = Entry.objects.get(action="warnings.approved")
    said = json.loads(entry.content)
    assert (said["headline_vi"], said["units"], said["level"]) == (VI.headline, ["90001"], 2)
    assert told(by, order).number == "CB-2026-0002"


def test_numbers_begin_anew_with_the_year_of_viet_nam(by: Actor, order: Actor) -> None:
    told(by, order)
    with clock.set_to(datetime(2026, 12, 31, 17, 0, tzinfo=UTC)):
        assert told(by, order, full()).number == "CB-2027-0001"
        assert told(by, order, full(), is_exercise=True).number == "DT-2027-0001"


def test_who_wrote_any_of_it_does_not_approve_it(city: City, by: Actor, order: Actor) -> None:
    own = actions.submit(*mine(order), by=order)
    with pytest.raises(NotAllowed, match="không"):
        actions.approve(own, own.version, by=order)
    other = leader(city, "phochutich")
    edited = actions.edit(own, own.version, replace(full(), level=3), by=other)
    again = actions.submit(edited, edited.version, by=order)
    with pytest.raises(NotAllowed):
        actions.approve(again, again.version, by=other)
    assert actions.approve(again, again.version, by=leader(city, "chutich")).number
    with clock.set_to(NOON + timedelta(minutes=1)):
        policies.decide(Terms(may_approve_own=True), "Xã chỉ có một lãnh đạo trực", by=BY)
        alone = actions.submit(*mine(order), by=order)
        assert actions.approve(alone, alone.version, by=order).state == State.APPROVED


def mine(by: Actor) -> tuple[Warning, int]:
    warning = actions.draft(full(), by=by)
    return warning, warning.version


@pytest.mark.parametrize("who", ["truc", "dong"])
def test_only_who_may_order_all_its_units_approves(city: City, by: Actor, who: str) -> None:
    warning = actions.draft(full("90001", "90002"), by=by)
    warning = actions.submit(warning, warning.version, by=by)
    other = officer(city, "khac") if who == "truc" else leader(city, "dong", "east")
    with pytest.raises(NotAllowed):
        actions.approve(warning, warning.version, by=other)
    with pytest.raises(NotAllowed):
        actions.send_back(warning, warning.version, "Sửa", by=other)
    assert Warning.objects.get().state == State.SUBMITTED


def test_officer_of_a_commune_drafts_for_it_alone(city: City) -> None:
    west = officer(city, "tay", "west")
    assert actions.draft(full("90001"), by=west).state == State.DRAFT
    for units in (("90002",), ("90001", "90002"), ("90",)):
        with pytest.raises(NotAllowed):
            actions.draft(full(*units), by=west)


def test_two_at_once_are_told_and_nothing_is_lost(city: City, by: Actor, order: Actor) -> None:
    warning = actions.draft(full(), by=by)
    seen = warning.version
    other = officer(city, "hai")
    actions.edit(warning, seen, full(level=3), by=other)
    with pytest.raises(Conflict, match="Nguyễn hai"):
        actions.edit(warning, seen, full(level=4), by=by)
    row = Warning.objects.get()
    assert row.level == 3
    row = actions.submit(row, row.version, by=by)
    seen = row.version
    actions.edit(row, seen, full(level=5), by=other)
    with pytest.raises(Conflict):
        actions.approve(row, seen, by=order)
    assert Warning.objects.get().state == State.DRAFT


def test_second_approval_does_nothing(city: City, by: Actor, order: Actor) -> None:
    warning = actions.draft(full(), by=by)
    warning = actions.submit(warning, warning.version, by=by)
    seen = warning.version
    actions.approve(warning, seen, by=order)
    for version in (seen, seen + 1):
        with pytest.raises(Refused):
            actions.approve(warning, version, by=leader(city, f"hai{version}"))
    assert Event.objects.filter(name=ISSUED).count() == 1


def test_order_that_cannot_be_told_is_none(by: Actor, order: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    warning = actions.draft(full(), by=by)
    warning = actions.submit(warning, warning.version, by=by)

    def fails(*_said: object) -> None:
        raise RuntimeError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(journal, "emit", fails)
        with pytest.raises(RuntimeError):
            actions.approve(warning, warning.version, by=order)
    row = Warning.objects.get()
    assert (row.state, row.number) == (State.SUBMITTED, None)
    assert actions.approve(row, row.version, by=order).number == "CB-2026-0001"


def test_returned_draft_is_mended_and_submitted_again(by: Actor, order: Actor) -> None:
    warning = actions.draft(full(), by=by)
    warning = actions.submit(warning, warning.version, by=by)
    with pytest.raises(Refused):
        actions.send_back(warning, warning.version, "  ", by=order)
    warning = actions.send_back(warning, warning.version, "Ghi rõ thôn", by=order)
    assert (warning.state, warning.reason) == (State.RETURNED, "Ghi rõ thôn")
    warning = actions.edit(warning, warning.version, full(), by=by)
    assert approved(warning, by, order).reason == ""


@pytest.mark.slow
def test_update_correction_and_all_clear_follow_each_other(by: Actor, order: Actor) -> None:
    filling.declare()
    first = told(by, order)
    now = clock.now()
    update = actions.follow(first, "update", replace(filling.following(first, "update", now), level=3), by=by)
    with pytest.raises(Conflict, match="#"):
        actions.follow(first, "all_clear", filling.following(first, "all_clear", now), by=by)
    update = approved(update, by, order)
    first.refresh_from_db()
    assert (first.state, update.thread_id, update.previous) == (State.ENDED, first.thread_id, first)
    with pytest.raises(Conflict):
        actions.follow(first, "correction", full(), by=by)
    with clock.set_to(NOON + timedelta(hours=3)):
        assert [one.number for one in queries.public_now()] == [update.number]
        end = actions.follow(update, "all_clear", filling.following(update, "all_clear", clock.now()), by=by)
        assert end.headline_vi == "Kết thúc cảnh báo nước sông dâng cao"
        end = approved(end, by, order)
        assert queries.public_now() == []
        assert [one.number for one in queries.public_ended()] == [end.number]
        assert [one.number for one in queries.public_past()] == [end.number]
        assert [one.number for one in queries.thread(end)] == [first.number, update.number, end.number]
        with pytest.raises(Refused, match="mới"):
            actions.follow(end, "update", full(), by=by)


def test_withdrawn_draft_is_told_to_nobody(by: Actor, order: Actor) -> None:
    warning = actions.draft(full(), by=by)
    warning = actions.withdraw(warning, warning.version, "Trạm hỏng", by=by)
    assert (warning.state, warning.number) == (State.WITHDRAWN, None)
    sent = told(by, order)
    with pytest.raises(Refused):
        actions.withdraw(sent, sent.version, "Nhầm", by=by)
    with pytest.raises(Refused):
        actions.edit(sent, sent.version, full(level=5), by=by)
    assert Warning.objects.get(number=sent.number).level == 2


INCOMPLETE: dict[str, Callable[[], dict[str, Any]]] = {
    "level": lambda: {"level": None},
    "vietnamese": lambda: {"vi": replace(VI, instruction="")},
    "half english": lambda: {"en": replace(EN, what="")},
    "end": lambda: {"valid_until": None},
    "past": lambda: {"valid_until": NOON - timedelta(seconds=1)},
    "never": lambda: {"valid_from": NOON + timedelta(hours=13)},
    "hole": lambda: {"vi": replace(VI, what="Nước tại [tên trạm]")},
    "forecast": lambda: {"vi": replace(VI, what="Dự báo nước còn lên")},
}


@pytest.mark.parametrize("what", INCOMPLETE)
def test_incomplete_message_is_not_submitted(by: Actor, what: str) -> None:
    warning = actions.draft(full(**INCOMPLETE[what]()), by=by)
    with pytest.raises(Refused) as fault:
        actions.submit(warning, warning.version, by=by)
    assert fault.value.code == "incomplete"


def test_forecast_with_its_bulletin_and_vietnamese_alone_are_enough(by: Actor, order: Actor) -> None:
    quote = Quote(issuer="Đài KTTV thành phố Huế", number="LULU-12", at=NOON, link="https://example.vn/12")
    content = full(vi=replace(VI, what="Dự báo nước còn lên"), en=replace(EN, headline=""), quotes=(quote,))
    warning = queries.message(str(told(by, order, content).number))
    said = texts.of(warning, "en")
    assert (said.headline, said.is_translated) == (VI.headline, False)
    assert said.quotes == ("Đài KTTV thành phố Huế, bulletin LULU-12, 21 Nov 2026 12:00",)


def polygon(*ring: list[Any]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [list(ring)]}


@pytest.mark.parametrize(
    "other",
    [
        {"event": "flood.nothing"},
        {"level": 6},
        {"units": ("99999",)},
        {"channels": ("telepathy",)},
        {"area": {"type": "Point", "coordinates": [1, 2]}},
        {"area": polygon([107, 16], [107.1, 16.1], [107.1, 16], [107, 16.1], [107, 16])},
        {"area": polygon([107, 16], ["x", 16], [107.1, 16.1], [107, 16])},
        {"quotes": (Quote(issuer=" "),)},
        {"quotes": (Quote(issuer="Đài", link="javascript:alert(1)"),)},
        {"vi": replace(VI, headline="x" * 201)},
    ],
    ids=lambda other: next(iter(other)),
)  # fmt: skip
def test_impossible_content_is_refused(by: Actor, other: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        actions.draft(full(**other), by=by)
    assert not Warning.objects.exists()


def test_drawn_area_finds_its_communes(by: Actor, order: Actor) -> None:
    ring = [[107.02, 16.02], [107.05, 16.02], [107.05, 16.05], [107.02, 16.05], [107.02, 16.02]]
    content = replace(full(area={"type": "Polygon", "coordinates": [ring]}), units=())
    warning = told(by, order, content)
    assert [unit.code for unit in warning.units.all()] == ["90001"]
    assert [one.pk for one in queries.for_place(16.03, 107.03)] == [warning.pk]
    assert queries.for_place(16.09, 107.09) == []


# --- units that merge


def merge(day: str = "2026-11-22") -> None:
    """The western commune becomes part of a new one in the east."""
    rows = [
        {**unit_row("90001", "commune", "Phường Dương Nỗ", "90"), "valid_to": day},
        {**unit_row("90002", "commune", "Xã Kim Bình", "90"), "valid_to": day},
        {**unit_row("90003", "commune", "Phường Kim Nỗ", "90"), "valid_from": day},
    ]
    territory.arrange_units(rows, by=BY)
    lineage = {"successor_code": "90003", "successor_valid_from": day, "on": day, "kind": "merge"}
    territory.arrange_lineage(
        [
            {"predecessor_code": code, "predecessor_valid_from": "2020-01-01", "legal_basis": "", **lineage}
            for code in ("90001", "90002")
        ],
        by=BY,
    )


def test_commune_that_merged_since_the_draft_is_followed_with_a_note(
    city: City, by: Actor, order: Actor
) -> None:
    waiting = actions.draft(full("90001", valid_until=NOON + timedelta(days=1)), by=by)
    waiting = actions.submit(waiting, waiting.version, by=by)
    merge()
    with clock.set_to(NOON + timedelta(hours=13)):
        sent = actions.approve(waiting, waiting.version, by=order)
        place = sent.places.get()
        assert (place.unit.code, [row["code"] for row in place.formers]) == ("90003", ["90001"])
        said = texts.of(queries.message(str(sent.number)), "vi")
        assert said.where.startswith("Phường Kim Nỗ (gồm Phường Dương Nỗ trước sắp xếp). ")
        for code in ("90003", "90001", "90002"):
            assert [one.pk for one in queries.for_unit(code)] == [sent.pk]
        by_old_name = actions.draft(full("90001", "90002"), by=by)
        assert [row["code"] for row in by_old_name.places.get().formers] == ["90001", "90002"]


@pytest.mark.slow
def test_message_told_before_the_merger_still_concerns_what_came_of_it(by: Actor, order: Actor) -> None:
    sent = told(by, order, full(valid_until=NOON + timedelta(days=1)))
    merge()
    with clock.set_to(NOON + timedelta(hours=13)):
        assert [one.pk for one in queries.for_unit("90003")] == [sent.pk]


def test_unit_that_ended_without_heirs_is_refused(by: Actor) -> None:
    territory.arrange_units(
        [{**unit_row("90002", "commune", "Xã Kim Bình", "90"), "valid_to": "2026-11-22"}], by=BY
    )
    with clock.set_to(NOON + timedelta(days=1)), pytest.raises(Refused, match="Xã Kim Bình"):
        actions.draft(full("90002"), by=by)


# --- what the public sees


def test_exercise_is_marked_and_never_public(by: Actor, order: Actor) -> None:
    warning = told(by, order, is_exercise=True)
    assert warning.number == "DT-2026-0001"
    marks: tuple[tuple[Language, str], ...] = (("vi", "DIỄN TẬP"), ("en", "EXERCISE"))
    for language, mark in marks:
        said = texts.of(warning, language)
        assert mark in said.headline
        title, _body = texts.brief(said, str(warning.number))
        assert all(mark in one for one in (title, texts.speech(said)))
    for found in (queries.public_now(), queries.public_feed(), queries.for_unit("90001")):
        assert found == []
    assert queries.for_place(16.05, 107.05) == []
    end = actions.follow(warning, "all_clear", full(), by=by)
    end = approved(end, by, order)
    assert end.is_exercise
    assert (queries.public_past(), queries.public_ended()) == ([], [])
    event = Event.objects.filter(name=ISSUED).first()
    assert event is not None
    assert event.payload["is_exercise"] is True


def test_warning_of_a_province_reaches_its_communes_and_no_other(by: Actor, order: Actor) -> None:
    sent = told(by, order, full("90"))
    assert [one.pk for one in queries.for_unit("90002")] == [sent.pk]
    assert [one.pk for one in queries.for_place(16.05, 107.15)] == [sent.pk]
    west = told(by, order, full("90001"))
    assert [one.pk for one in queries.for_unit("90002")] == [sent.pk]
    assert {one.pk for one in queries.for_unit("90001")} == {sent.pk, west.pk}


def test_warning_that_runs_out_says_that_nobody_ended_it(by: Actor, order: Actor) -> None:
    sent = told(by, order)
    with clock.set_to(NOON + timedelta(hours=12)):
        assert queries.public_now() == []
        (past,) = queries.public_past()
        assert past.has_lapsed(clock.now())
    assert not sent.has_lapsed(clock.now())


def test_message_for_later_is_not_public_before_its_time(by: Actor, order: Actor) -> None:
    told(by, order, full(valid_from=NOON + timedelta(hours=2)))
    assert queries.public_now() == []
    with clock.set_to(NOON + timedelta(hours=2)):
        assert len(queries.public_now()) == 1


@pytest.mark.parametrize("pasted", ["\u00a0", "\u200b ", "\u00ad ", "\ufeff "])
def test_headline_pasted_from_word_reaches_channels(by: Actor, order: Actor, pasted: str) -> None:
    vi, en = replace(VI, headline=f"Nước{pasted}lên"), replace(EN, headline=f"Water{pasted}rises")
    quote = Quote(issuer=f"Đài{pasted}Huế", number="12", words="Lũ lên.")
    warning = told(by, order, full(vi=vi, en=en, quotes=(quote,)))
    assert (warning.headline_vi, warning.headline_en) == ("Nước lên", "Water rises")
    assert warning.quotes[0]["issuer"] == "Đài Huế"
    outbox.deliver()
    assert set(Notice.objects.values_list("title_vi", flat=True)) == {"Bản tin cảnh báo: Nước lên"}


def test_content_goes_round_unchanged(by: Actor) -> None:
    from toancanh.kernel.warnings import content

    given: Content = full("90001", "90002", quotes=(Quote(issuer="Đài", at=NOON),))
    warning = actions.draft(given, by=by)
    assert content.of(queries.whole(Warning.objects.all()).get(pk=warning.pk)) == given
