"""Imports from upload to undo, on the real store: exact counts, no half-known end, nothing erased."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from python_calamine import CalamineWorkbook

from tests.city import BY, NOON, City, actor, measure, series_of
from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange import taking
from toancanh.kernel.exchange.sheets import actions, errors, judging, reading, work
from toancanh.kernel.exchange.sheets.mapping import Mapping
from toancanh.kernel.exchange.sheets.models import Content, Import, Part, SavedMapping, State
from toancanh.kernel.exchange.sheets.tests import files
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Token
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.devices import contacts
from toancanh.kernel.telemetry.devices.models import Contact
from toancanh.kernel.telemetry.letterbox import waiting
from toancanh.kernel.telemetry.models import Letter
from toancanh.kernel.telemetry.store import CORRECTED, Row, StoreUnavailable
from toancanh.lib.errors import NotAllowed, NotFound, Refused

SEVEN = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
MIXED = """Thời gian;Trạm;Mực nước (m);Ghi chú
21/11/2026 07:00;Cầu Gỗ;1,10;
21/11/2026 08:00;Cầu Gỗ;1,20;đo tay
21/11/2026 09:00;Cầu Gỗ;cao;=HYPERLINK("x")
21/11/2026 10:00;Cầu Gỗ;1,40;
hôm nay;Cầu Gỗ;1,50;
21/11/2026 11:00;Nơi Khác;1,60;
21/11/2027 07:00;Cầu Gỗ;1,70;
21/11/2026 11:30;Cầu Gỗ;99;
21/11/2026 07:00;Cầu Gỗ;1,15;
21/11/2026 08:00;Cầu Gỗ;1,20;
""".encode()


@pytest.fixture
def ada(city: City) -> Actor:
    """The administrator of everything."""
    return actor("ada", None, people.ADMINISTRATOR)


def drive(most: int = 50) -> int:
    """Let the worker do all that is due; how many calls that took."""
    duty = work.Duty()
    for count in range(most):
        if not duty():
            return count
    raise AssertionError("the worker does not come to an end")


def brought(content: bytes, by: Actor, name: str = "so-lieu.csv", **said: Any) -> Import:
    """Uploaded, understood as guessed (or as said), confirmed and taken in."""
    one = actions.upload(content, name, by=by)
    replaces = said.pop("replaces", False)
    mapping = msgspec.structs.replace(msgspec.convert(one.mapping, Mapping), **said)
    actions.understand(one, mapping, by=by, replaces=replaces)
    assert one.preview is not None
    actions.confirm(one, one.preview["of"], by=by)
    drive()
    one.refresh_from_db()
    return one


def stored(city: City) -> list[tuple[float, int]]:
    """What the gauge has: values and quality, oldest first."""
    rows = engine.store().range(city.level.pk, 0, clock.to_us(NOON) * 2, limit=10_000)
    return [(row.value, row.quality) for row in rows]


@pytest.mark.slow
def test_file_goes_its_whole_way(city: City, ada: Actor) -> None:
    measure(city.gauge, SEVEN + timedelta(hours=1), 1.2)
    measure(city.gauge, SEVEN + timedelta(hours=3), 1.0)
    one = actions.upload(MIXED, "C:\\Số liệu\\tháng 11.csv", by=ada)
    assert (one.file, one.state, one.size) == ("tháng 11.csv", State.DRAFT, len(MIXED))
    said = msgspec.convert(one.mapping, Mapping)
    assert (said.time, said.thing, said.value, said.things) == (
        "Thời gian",
        "Trạm",
        "Mực nước (m)",
        {"Cầu Gỗ": "gauge"},
    )
    seen = actions.understand(one, said, by=ada)
    reasons = {"bad_value": 1, "bad_time": 1, "unknown_thing": 1, "future": 1, "twice": 1, "conflict": 1}
    assert (seen.readings, seen.new, seen.same, seen.refused, seen.doubtful) == (10, 2, 2, 6, 1)
    assert seen.reasons == reasons
    shown = [(line.row, line.verdict) for line in seen.shown]
    assert shown == [(2, "new"), (3, "same"), (9, "new"), (11, "same")]
    assert (seen.faults[0].row, seen.faults[0].verdict) == (4, "bad_value")
    assert stored(city) == [(1.2, 0), (1.0, 0)], "a preview writes nothing"
    assert one.preview is not None
    actions.confirm(one, one.preview["of"], by=ada)
    assert drive() >= 2
    one.refresh_from_db()
    assert (one.state, one.new, one.same, one.corrected, one.refused) == (State.DONE, 2, 2, 0, 6)
    assert stored(city) == [(1.1, 0), (1.2, 0), (1.0, 0), (99.0, 1)]
    letters = list(Letter.objects.filter(source=work.WAY, door="sheet").values_list("code", flat=True))
    assert sorted(letters) == ["conflict", "future", "malformed", "malformed", "malformed", "unknown_thing"]
    assert Token.objects.get(name=work.WAY).is_program
    actions.undo(one, by=ada)
    drive()
    one.refresh_from_db()
    assert (one.state, one.withdrawn, one.undone_by) == (State.UNDONE, 2, ada.name)
    assert stored(city) == [(1.2, 0), (1.0, 0)]
    record = engine.store().superseded(city.level.pk, 0, clock.to_us(NOON))
    assert [row.value for row in record] == [1.1, 99.0]
    assert {row.source for row in record} == {f"nhap-tep {one.pk}"}
    told = Entry.objects.filter(subject=f"import:{one.pk}").order_by("pk").values_list("action", flat=True)
    verbs = ("uploaded", "confirmed", "finished", "taken_back", "undone")
    assert list(told) == [f"exchange.import_{verb}" for verb in verbs]


@pytest.mark.slow
def test_file_is_told_of_its_token_and_lets_nobody_wait(city: City, ada: Actor) -> None:
    brought(MIXED, ada)
    contacts.write()
    assert Contact.objects.get(token__name=work.WAY).door == "sheet"
    assert Letter.objects.filter(code="unknown_thing").exists()
    assert waiting.room(ada) == []


@pytest.mark.slow
def test_same_file_twice_is_known_and_harmless(city: City, ada: Actor) -> None:
    first = brought(b"t;v\n21/11/2026 07:00;1,5\n", ada, fixed_thing="gauge", fixed_series="level")
    again = brought(b"t;v\n21/11/2026 07:00;1,5\n", ada, fixed_thing="gauge", fixed_series="level")
    assert first.pk != again.pk
    assert (first.digest, first.new) == (again.digest, 1)
    assert (again.new, again.same, again.refused) == (0, 1, 0)
    actions.undo(again, by=ada)
    drive()
    assert stored(city) == [(1.5, 0)], "what an import did not bring it does not take away"
    draft = actions.upload(b"t;v\n21/11/2026 08:00;1,5\n", "a.csv", by=ada)
    assert actions.upload(b"t;v\n21/11/2026 08:00;1,5\n", "b.csv", by=ada).pk == draft.pk


@pytest.mark.slow
def test_values_may_be_replaced_and_put_back(city: City, ada: Actor) -> None:
    measure(city.gauge, SEVEN, 1.0)
    text = b"t;v\n21/11/2026 07:00;1,5\n21/11/2026 08:00;1,6\n"
    one = brought(text, ada, fixed_thing="gauge", fixed_series="level", replaces=True)
    assert (one.new, one.corrected, one.refused) == (1, 1, 0)
    assert stored(city) == [(1.5, CORRECTED), (1.6, 0)]
    actions.undo(one, by=ada)
    drive()
    assert stored(city) == [(1.0, CORRECTED)]
    one.refresh_from_db()
    assert one.withdrawn == 2


@pytest.mark.slow
def test_undo_leaves_what_was_changed_since(city: City, ada: Actor) -> None:
    text = b"t;v\n21/11/2026 07:00;1,5\n21/11/2026 08:00;1,6\n"
    one = brought(text, ada, fixed_thing="gauge", fixed_series="level")
    engine.store().put([Row(city.level.pk, clock.to_us(SEVEN), 2.0, corrected_by="ada")], clock.now_us())
    actions.undo(one, by=ada)
    drive()
    one.refresh_from_db()
    assert (one.new, one.withdrawn) == (2, 1)
    assert stored(city) == [(2.0, CORRECTED)]
    assert engine.store().latest([city.level.pk])[city.level.pk].value == 2.0


def rows_of_day(count: int) -> bytes:
    """So many readings, one a second."""
    lines = (f"{(SEVEN + timedelta(seconds=n)).isoformat()};{n % 300 / 100:.2f}" for n in range(count))
    return ("t;v\n" + "\n".join(lines)).encode()


@pytest.mark.slow
@pytest.mark.parametrize("cut", ["before", "stored", "noted"])
def test_kill_in_any_moment_leaves_nothing_in_doubt(
    city: City, ada: Actor, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    monkeypatch.setattr(work, "PART", 10)
    measure(city.gauge, SEVEN, 0.0)
    measure(city.gauge, SEVEN + timedelta(seconds=14), 0.14)
    one = actions.upload(rows_of_day(35), "a.csv", by=ada)
    said = Mapping(time="t", value="v", fixed_thing="gauge", fixed_series="level")
    actions.understand(one, said, by=ada)
    assert one.preview is not None
    actions.confirm(one, one.preview["of"], by=ada)

    class Killed(BaseException):
        """What no code of the product catches."""

    calls = {"n": 0}
    bring, hold = taking.bring, work._hold

    def bringing(*given: Any, **named: Any) -> Any:
        calls["n"] += 1
        if cut == "before" and calls["n"] == 2:
            raise Killed
        done = bring(*given, **named)
        if cut == "stored" and calls["n"] == 2:
            raise Killed
        return done

    def holding(*given: Any, **named: Any) -> None:
        hold(*given, **named)
        if cut == "noted" and calls["n"] == 2:
            calls["n"] += 1
            raise Killed

    monkeypatch.setattr(taking, "bring", bringing)
    monkeypatch.setattr(work, "_hold", holding)
    duty = work.Duty()
    assert duty() == 1
    with pytest.raises(Killed):
        duty()
    one.refresh_from_db()
    assert (one.state, one.new) == (State.RUNNING, 9)
    assert work.Duty()() == 0, "the dead worker still holds it"
    with clock.set_to(NOON + work.LEASE * 2):
        drive()
    one.refresh_from_db()
    assert (one.state, one.new, one.same, one.refused) == (State.DONE, 33, 2, 0)
    assert len(stored(city)) == 35
    actions.undo(one, by=ada)
    with clock.set_to(NOON + work.LEASE * 4):
        drive()
    assert [value for value, _quality in stored(city)] == [0.0, 0.14]


@pytest.mark.slow
def test_second_worker_waits_for_the_lease_and_the_first_gives_way(
    city: City, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "PART", 10)
    one = actions.upload(rows_of_day(40), "a.csv", by=ada)
    actions.understand(one, Mapping(time="t", value="v", fixed_thing="gauge", fixed_series="level"), by=ada)
    assert one.preview is not None
    actions.confirm(one, one.preview["of"], by=ada)
    slow, other = work.Duty(), work.Duty()
    assert (slow(), other()) == (1, 0)
    with clock.set_to(NOON + work.LEASE * 2):
        assert other() == 1
        assert slow() == 1, "it notices that it lost"
        while other():
            pass
    one.refresh_from_db()
    assert (one.state, one.new, one.same) == (State.DONE, 40, 0)


@pytest.mark.slow
def test_store_that_is_away_delays_and_loses_nothing(
    city: City, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = actions.upload(rows_of_day(5), "a.csv", by=ada)
    actions.understand(one, Mapping(time="t", value="v", fixed_thing="gauge", fixed_series="level"), by=ada)
    assert one.preview is not None
    actions.confirm(one, one.preview["of"], by=ada)
    with monkeypatch.context() as away:

        def gone(*given: Any) -> Any:
            raise StoreUnavailable("away")

        away.setattr(taking, "take", gone)
        assert work.Duty()() == 1
    one.refresh_from_db()
    assert (one.state, one.fault, one.new) == (State.RUNNING, "Cơ sở dữ liệu không trả lời.", 0)
    with clock.set_to(NOON + timedelta(minutes=1)):
        drive()
    one.refresh_from_db()
    assert (one.state, one.fault, one.new) == (State.DONE, "", 5)


@pytest.mark.slow
def test_revoked_way_stops_and_goes_on_when_somebody_says_so(city: City, ada: Actor) -> None:
    brought(rows_of_day(1), ada, fixed_thing="gauge", fixed_series="level")
    people.revoke_token(work.WAY, by=BY)
    one = brought(rows_of_day(3), ada, fixed_thing="gauge", fixed_series="level")
    assert one.state == State.STOPPED
    assert "nhap-tep" in one.fault
    with pytest.raises(Refused):
        actions.go_on(Import.objects.exclude(pk=one.pk).get(), by=ada)
    actions.go_on(one, by=ada)
    drive()
    one.refresh_from_db()
    assert (one.state, one.new, one.same) == (State.DONE, 2, 1)


@pytest.mark.slow
def test_error_file_mended_is_taken_in_by_the_same_mapping(city: City, ada: Actor) -> None:
    one = brought(MIXED, ada)
    book = CalamineWorkbook.from_filelike(io.BytesIO(errors.workbook(one)))
    rows = book.get_sheet_by_index(0).to_python()
    assert rows[0] == ["Thời gian", "Trạm", "Mực nước (m)", "Ghi chú", "Lý do"]
    assert [row[:3] for row in rows[1:]] == [
        ["21/11/2026 09:00", "Cầu Gỗ", "cao"],
        ["hôm nay", "Cầu Gỗ", "1,50"],
        ["21/11/2026 11:00", "Nơi Khác", "1,60"],
        ["21/11/2027 07:00", "Cầu Gỗ", "1,70"],
        ["21/11/2026 07:00", "Cầu Gỗ", "1,15"],
    ]
    assert rows[1][3] == '=HYPERLINK("x")', "a text, not a formula"
    assert rows[1][4] == "Mực nước (m): Đây không phải là số; hãy viết như 5,16, không kèm đơn vị."
    text = errors.table(one)
    assert text.startswith("\ufeffThời gian;Trạm;")
    assert "'=HYPERLINK" in text
    mended = text.replace("cao", "1,30").replace("hôm nay", "21/11/2026 10:30").encode()
    again = brought(mended, ada, name="sua.csv")
    assert (again.new, again.refused) == (2, 3)


@pytest.mark.slow
def test_workbook_with_dates_comes_back_readable_in_its_error_file(city: City, ada: Actor) -> None:
    at = datetime(2026, 11, 21, 7, 0)  # noqa: DTZ001 - a sheet knows no zone
    content = files.workbook({"Đo": [["t", "v"], [at, "cao"], [at + timedelta(hours=1), 1.5]]})
    one = brought(content, ada, name="a.xlsx", fixed_thing="gauge", fixed_series="level", value="v")
    assert (one.new, one.refused) == (1, 1)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(errors.workbook(one))).get_sheet_by_index(0).to_python()
    assert rows[1][0] == "2026-11-21 07:00:00"


@pytest.mark.slow
def test_mapping_is_kept_by_name_and_found_again(city: City, ada: Actor) -> None:
    one = actions.upload("lúc;số\n21/11/2026 07:00;1,5\n".encode(), "a.csv", by=ada)
    said = Mapping(time="lúc", value="số", fixed_thing="gauge", fixed_series="level")
    actions.understand(one, said, by=ada, name="Sổ đo tay")
    other = actions.upload("ghi;lúc;số\nx;22/11/2026 07:00;1,5\n".encode(), "b.csv", by=ada)
    assert (other.mapping_name, msgspec.convert(other.mapping, Mapping)) == ("Sổ đo tay", said)
    assert SavedMapping.objects.get().folder == "so-do-tay"
    with pytest.raises(Refused, match="Sổ đo tay"):
        actions.save_mapping("So do tay", said, by=ada)
    actions.forget_mapping("Sổ đo tay", by=ada)
    assert not SavedMapping.objects.exists()


@pytest.mark.slow
def test_what_was_not_seen_is_not_confirmed(city: City, ada: Actor) -> None:
    one = actions.upload(MIXED, "a.csv", by=ada)
    with pytest.raises(Refused, match="xem"):
        actions.confirm(one, "", by=ada)
    said = msgspec.convert(one.mapping, Mapping)
    actions.understand(one, said, by=ada)
    assert one.preview is not None
    seen = one.preview["of"]
    actions.understand(one, msgspec.structs.replace(said, scale=2.0), by=ada)
    with pytest.raises(Refused):
        actions.confirm(one, seen, by=ada)
    bad = actions.upload(b"t;v\nx;y\n", "b.csv", by=ada)
    actions.understand(bad, Mapping(time="t", value="v", fixed_thing="gauge", fixed_series="level"), by=ada)
    assert bad.preview is not None
    with pytest.raises(Refused, match="không"):
        actions.confirm(bad, bad.preview["of"], by=ada)
    actions.discard(bad, by=ada)
    assert not Import.objects.filter(pk=bad.pk).exists()
    brought(MIXED, ada)
    with pytest.raises(Refused):
        actions.discard(Import.objects.get(state=State.DONE), by=ada)


@pytest.mark.slow
def test_administrator_of_one_unit_fills_its_things_alone(city: City, ada: Actor) -> None:
    west = actor("tay", city.west, ("telemetry.arrange",))
    text = b"t;v;w\n21/11/2026 07:00;1,5;0,2\n"
    one = actions.upload(text, "a.csv", by=west)
    said = Mapping(form="wide", time="t", columns={"v": "gauge/level", "w": "rain/rain"})
    seen = actions.understand(one, said, by=west)
    assert (seen.new, seen.reasons) == (1, {"outside": 1})
    assert one.preview is not None
    actions.confirm(one, one.preview["of"], by=west)
    drive()
    one.refresh_from_db()
    assert (one.new, one.refused) == (1, 1)
    assert engine.store().latest([series_of(city.rain).pk]) == {}
    assert actions.find(one.pk, by=ada).pk == one.pk
    with pytest.raises(NotFound):
        actions.find(one.pk, by=actor("dong", city.east, ("telemetry.arrange",)))
    with pytest.raises(NotAllowed):
        actions.upload(text, "a.csv", by=actor("truc", city.province))


@pytest.mark.slow
def test_old_drafts_and_what_served_undoing_are_forgotten(city: City, ada: Actor) -> None:
    one = brought(MIXED, ada)
    draft = actions.upload(b"t;v\n", "a.csv", by=ada)
    assert work.tidy() == 0
    with clock.set_to(NOON + work.DRAFT_KEPT + timedelta(minutes=1)):
        work.tidy()
    assert not Import.objects.filter(pk=draft.pk).exists()
    with clock.set_to(NOON + work.KEPT + timedelta(minutes=1)):
        assert work.tidy() > 0
    assert not Content.objects.exists()
    assert not Part.objects.exists()
    for impossible in (lambda: actions.undo(one, by=ada), lambda: errors.workbook(one)):
        with pytest.raises(Refused):
            impossible()


def test_too_many_readings_of_a_wide_table_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "MOST", 5)
    said = Mapping(form="wide", time="t", columns={"a": "x/y", "b": "x/z"})
    with pytest.raises(Refused, match="5"):
        judging.readings(said, [["t", "a", "b"], *[("21/11/2026", 1, 2)] * 3])


def test_bits_say_which_positions() -> None:
    for positions in (set(), {0}, {7, 8}, set(range(33))):
        assert work.unpacked(work.packed(positions, 40)) == positions
    assert reading.MAX_BYTES == 20 * 1024 * 1024


@pytest.mark.parametrize(
    ("paths", "found"),
    [([""], ""), (["1/2/"], "1/2/"), (["1/2/", "1/3/"], "1/"), (["1/23/", "1/24/"], "1/"), (["1/", "2/"], ""),
     (["1/2/", "1/2/5/"], "1/2/")],
)  # fmt: skip
def test_lowest_path_above_all(paths: list[str], found: str) -> None:
    assert taking.root(paths) == found
