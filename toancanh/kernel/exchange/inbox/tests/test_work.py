"""Files put down in the folder, taken in by the worker's own duties on the real store."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.city import NOON, City, actor
from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.inbox import actions, work
from toancanh.kernel.exchange.inbox.disk import Inbox
from toancanh.kernel.exchange.inbox.models import Arrival, Outcome, Rule, Sample, Watched
from toancanh.kernel.exchange.sheets import actions as sheets
from toancanh.kernel.exchange.sheets import reading
from toancanh.kernel.exchange.sheets import work as imports
from toancanh.kernel.exchange.sheets.mapping import Mapping
from toancanh.kernel.exchange.sheets.models import Import, State
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import actions as people
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import engine
from toancanh.lib.errors import NotFound, Refused

LONG = "Thời gian;Trạm;Mực nước\n21/11/2026 07:00;Cầu Gỗ;1,10\n21/11/2026 08:00;Cầu Gỗ;1,20\n".encode()
MIXED = LONG + "21/11/2026 09:00;Cầu Gỗ;cao\n".encode()
SAID = Mapping(
    time="Thời gian", thing="Trạm", value="Mực nước", fixed_series="level", things={"Cầu Gỗ": "gauge"}
)


class Place:
    """The folder with a worker beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "inbox"
        self.duty = work.Duty(self.folder, settled=0)

    def replaced(self, settled: float = 0) -> None:
        """The worker has died, and another one begins in its place."""
        self.duty = work.Duty(self.folder, settled=settled)
        Watched.objects.update(holder="")

    def put(self, way: str, text: bytes = LONG) -> Path:
        """A file appears."""
        file = self.folder / way
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
        return file

    def work(self) -> None:
        """Everything that the worker does about what is there."""
        take_in = imports.Duty()
        for _ in range(3):
            self.duty()
            while take_in():
                pass

    def files(self) -> list[str]:
        """Where everything lies now, without claims in the names."""
        found = (path.relative_to(self.folder) for path in self.folder.rglob("*") if path.is_file())
        return sorted(plain(path) for path in found if path.name != ".inbox")


def plain(path: Path) -> str:
    """A path without the claim with which names of what was put away begin."""
    is_away = path.parts[0] in ("done", "refused")
    return str(path.with_name(path.name.partition(" ")[2] if is_away else path.name))


@pytest.fixture
def ada(city: City) -> Actor:
    """The administrator of everything, with a way of reading that is kept."""
    made = actor("ada", None, people.ADMINISTRATOR)
    sheets.save_mapping("Sổ đo tay", SAID, by=made)
    return made


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder."""
    return Place(tmp_path)


def stored(city: City) -> list[float]:
    """What the gauge has."""
    return [row.value for row in engine.store().range(city.level.pk, 0, clock.to_us(NOON) * 2, limit=10_000)]


@pytest.mark.slow
def test_file_is_taken_in_by_the_rule_of_its_folder(city: City, ada: Actor, place: Place) -> None:
    rule = actions.set_rule("tram-mua", "*", "Sổ đo tay", by=ada)
    place.put("tram-mua/2026/số đo.csv", MIXED)
    place.work()
    assert stored(city) == [1.1, 1.2]
    one = Import.objects.get()
    assert (one.door, one.file, one.made_by, one.actor) == (
        "folder",
        "số đo.csv",
        "Thư mục tram-mua",
        ada.key,
    )
    assert (one.state, one.new, one.refused, one.mapping_name) == (State.DONE, 2, 1, rule.mapping.name)
    arrival = Arrival.objects.get()
    assert (arrival.outcome, arrival.of_id, arrival.path) == (Outcome.DONE, one.pk, "tram-mua/2026/số đo.csv")
    names = ["số đo.csv", "số đo.csv.dong-bi-tu-choi.csv"]
    assert place.files() == [f"done/tram-mua/2026/{name}" for name in names]
    errors = (place.folder / arrival.target).with_name(
        f"{Path(arrival.target).name}{work.ROWS}"
    ).read_text("utf-8-sig")  # fmt: skip
    assert "cao" in errors
    assert "1,20" not in errors
    told = Entry.objects.filter(subject=f"import:{one.pk}").order_by("pk").values_list("action", flat=True)
    assert list(told) == ["exchange.inbox_taken", "exchange.import_finished"]
    sheets.undo(one, by=ada)
    place.work()
    assert stored(city) == []


@pytest.mark.slow
def test_same_file_again_is_taken_and_changes_nothing(city: City, ada: Actor, place: Place) -> None:
    actions.set_rule("", "*.csv", "Sổ đo tay", by=ada)
    place.put("a.csv")
    place.work()
    place.put("a.csv")
    place.work()
    first, again = Import.objects.order_by("pk")
    assert (first.new, again.new, again.same, again.digest == first.digest) == (2, 0, 2, True)
    assert place.files() == ["done/a.csv", "done/a.csv"]


@pytest.mark.slow
def test_rule_that_corrects_and_rule_that_rests(city: City, ada: Actor, place: Place) -> None:
    actions.set_rule("", "*", "Sổ đo tay", by=ada)
    place.put("a.csv")
    place.work()
    changed = LONG.replace(b"1,20", b"1,25")
    rule = actions.set_rule("", "*", "Sổ đo tay", by=ada, replaces=True)
    actions.switch(rule.pk, False, by=ada)
    place.put("b.csv", changed)
    place.work()
    assert [one["why"] for one in Watched.objects.get().waiting] == ["off"]
    assert stored(city) == [1.1, 1.2]
    actions.switch(rule.pk, True, by=ada)
    place.work()
    assert stored(city) == [1.1, 1.25]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04 no workbook", "bị hỏng"),
        ("Giờ;Trị số\n07:00;1\n".encode(), "không có cột Thời gian"),
        ("Thời gian;Trạm;Mực nước\n".encode(), "không có số liệu"),
        (b"x" * (reading.MAX_BYTES + 1), "quá lớn"),
    ],
)
def test_file_that_is_not_read_is_left_aside_with_the_reason(
    city: City, ada: Actor, place: Place, content: bytes, told: str
) -> None:
    actions.set_rule("", "*", "Sổ đo tay", by=ada)
    place.put("a.csv", content)
    place.work()
    arrival = Arrival.objects.get()
    assert (arrival.of, arrival.outcome) == (None, Outcome.REFUSED)
    assert told in arrival.fault
    assert place.files() == ["refused/a.csv", "refused/a.csv.ly-do.txt"]
    reason = next(place.folder.glob("refused/*.ly-do.txt")).read_text("utf-8-sig")
    assert told in reason
    assert Entry.objects.filter(action="exchange.inbox_refused").count() == 1
    assert not Import.objects.exists()


@pytest.mark.slow
def test_file_whose_every_row_is_refused_lies_with_the_refused(city: City, ada: Actor, place: Place) -> None:
    actions.set_rule("", "*", "Sổ đo tay", by=ada)
    place.put("a.csv", LONG.replace("Cầu Gỗ".encode(), "Nơi Nào".encode()))
    place.work()
    assert place.files() == ["refused/a.csv", "refused/a.csv.dong-bi-tu-choi.csv"]
    assert Import.objects.get().refused == 2


@pytest.mark.slow
def test_nearest_folder_and_longest_pattern_rule(city: City, ada: Actor, place: Place) -> None:
    sheets.save_mapping("Khác", SAID, by=ada)
    for folder, pattern, name in (
        ("", "*", "Sổ đo tay"),
        ("a", "*", "Khác"),
        ("a", "MUA-*.csv", "Sổ đo tay"),
    ):
        actions.set_rule(folder, pattern, name, by=ada)
    for way in ("x.csv", "a/b/x.csv", "a/mua-1.csv"):
        place.put(way)
    place.work()
    used = {arrival.path: arrival.of.mapping_name for arrival in Arrival.objects.all() if arrival.of}
    assert used == {"x.csv": "Sổ đo tay", "a/b/x.csv": "Khác", "a/mua-1.csv": "Sổ đo tay"}


@pytest.mark.slow
def test_unfinished_file_is_not_touched_before_it_is_whole(city: City, ada: Actor, place: Place) -> None:
    actions.set_rule("", "*", "Sổ đo tay", by=ada)
    place.replaced(settled=1000)
    place.put("a.csv")
    place.put("b.csv.part")
    place.work()
    assert [(one["path"], one["why"]) for one in Watched.objects.get().waiting] == [("a.csv", "settling")]
    place.replaced()
    with (place.folder / "a.csv").open("ab") as upload:
        place.work()
        assert [one["why"] for one in Watched.objects.get().waiting] == ["writing"]
        upload.write("21/11/2026 09:00;Cầu Gỗ;1,30\n".encode())
    place.work()
    assert stored(city) == [1.1, 1.2, 1.3]
    (place.folder / "b.csv.part").rename(place.folder / "b.csv")
    place.work()
    assert place.files() == ["done/a.csv", "done/b.csv"]


@pytest.mark.slow
def test_file_that_grew_after_it_was_read_is_read_again_whole(city: City, ada: Actor, place: Place) -> None:
    actions.set_rule("", "*", "Sổ đo tay", by=ada)
    place.put("a.csv")
    place.duty()
    [aside] = place.folder.glob(".taking/*/a.csv")
    with aside.open("ab") as late:
        late.write("21/11/2026 09:00;Cầu Gỗ;1,30\n".encode())
    place.work()
    outcomes = list(Arrival.objects.order_by("pk").values_list("outcome", flat=True))
    assert outcomes == [Outcome.GROWN, Outcome.DONE]
    assert stored(city) == [1.1, 1.2, 1.3]
    assert place.files() == ["done/a.csv"]


class Killed(BaseException):
    """What no code of the product catches."""


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", ["take_aside", "take", "put_away", "save"])
def test_kill_between_any_two_steps_takes_the_file_exactly_once(
    city: City, ada: Actor, place: Place, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    actions.set_rule("", "*", "Sổ đo tay", by=ada)
    place.put("a/b.csv", MIXED)
    owner: Any = {"take": actions, "save": Arrival}.get(step, Inbox)
    real: Callable[..., Any] = getattr(owner, step)

    def dying(*given: Any, **named: Any) -> Any:
        if step == "save" and "update_fields" not in named:
            return real(*given, **named)
        if not after:
            raise Killed
        real(*given, **named)
        raise Killed

    with monkeypatch.context() as deadly:
        deadly.setattr(owner, step, dying)
        with pytest.raises(Killed):
            place.work()
    place.replaced()
    place.work()
    assert Import.objects.count() == 1
    assert Arrival.objects.get().put_at is not None
    assert stored(city) == [1.1, 1.2]
    assert place.files() == ["done/a/b.csv", "done/a/b.csv.dong-bi-tu-choi.csv"]
    assert list((place.folder / ".taking").iterdir()) == []


@pytest.mark.slow
def test_one_of_two_workers_takes_and_the_other_takes_over(city: City, ada: Actor, place: Place) -> None:
    actions.set_rule("", "*", "Sổ đo tay", by=ada)
    other = work.Duty(place.folder, settled=0)
    place.duty()
    place.put("a.csv")
    assert other() == 0
    assert place.files() == ["a.csv"]
    with clock.set_to(NOON + work.LEASE * 2):
        other()
        assert Arrival.objects.count() == 1
        place.duty()
    assert Watched.objects.count() == 1


@pytest.mark.slow
def test_worker_that_lost_the_folder_while_it_read_notes_nothing(
    city: City, ada: Actor, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that hung for a minute wakes with the file in hand; the other one has taken it meanwhile."""
    actions.set_rule("", "*", "Sổ đo tay", by=ada)
    place.put("a.csv")
    other = work.Duty(place.folder, settled=0)
    real = actions._opened

    def slow(*given: Any) -> Any:
        monkeypatch.setattr(actions, "_opened", real)
        with clock.set_to(NOON + work.LEASE * 2):
            other()
        return real(*given)

    monkeypatch.setattr(actions, "_opened", slow)
    assert place.duty() == 0
    assert Import.objects.count() == 1
    with clock.set_to(NOON + work.LEASE * 2):
        take_in = imports.Duty()
        while take_in():
            pass
        other()
    assert place.files() == ["done/a.csv"]


def test_folder_that_cannot_be_used_is_told_and_mended(city: City, ada: Actor, place: Place) -> None:
    place.folder.write_text("a file where the folder should be")
    place.duty()
    broken = Watched.objects.get()
    assert str(place.folder) in broken.trouble or "directory" in broken.trouble
    place.folder.unlink()
    place.duty()
    assert sorted(Watched.objects.values_list("trouble", flat=True)) == [""]


@pytest.mark.slow
def test_full_disk_leaves_the_file_where_it_is(
    city: City, ada: Actor, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.set_rule("", "*", "Sổ đo tay", by=ada)
    place.put("a.csv")
    place.duty()
    with monkeypatch.context() as full:

        def no_room(*given: Any, **named: Any) -> None:
            raise OSError(28, os.strerror(28))

        full.setattr(os, "fsync", no_room)
        full.setattr(os, "mkdir", no_room)
        place.work()
        assert Watched.objects.get().trouble == "Ổ đĩa đã đầy."
    place.work()
    assert place.files() == ["done/a.csv"]
    assert stored(city) == [1.1, 1.2]


@pytest.mark.slow
def test_waiting_file_is_opened_and_its_reading_becomes_the_rule(
    city: City, ada: Actor, place: Place
) -> None:
    file = place.put("mới/a.csv", LONG.replace(b"Tr\xe1\xba\xa1m;", "Nơi đo;".encode()))
    place.work()
    watched = Watched.objects.get()
    assert [(one["path"], one["why"]) for one in watched.waiting] == [("mới/a.csv", "no_rule")]
    with pytest.raises(NotFound):
        actions.ask(watched, "nothing.csv", by=ada)
    sample = actions.ask(watched, "mới/a.csv", by=ada)
    place.duty()
    sample.refresh_from_db()
    draft = sample.of
    assert draft is not None
    assert (draft.state, draft.door, file.exists(), stored(city)) == (State.DRAFT, "folder", True, [])
    assert draft.preview is not None
    with pytest.raises(Refused, match="tên"):
        actions.settle(sample, "mới", "*", " ", by=ada)
    actions.settle(sample, "mới", "*", "Sổ mới", by=ada)
    assert not Import.objects.exists()
    assert not Sample.objects.exists()
    place.work()
    assert stored(city) == [1.1, 1.2]


@pytest.mark.slow
def test_rules_of_others_are_not_changed_nor_undercut(city: City, ada: Actor, place: Place) -> None:
    west = actor("tay", city.west, ("telemetry.arrange",))
    rule = actions.set_rule("a", "*", "Sổ đo tay", by=ada)
    for folder in ("a", "a/b"):
        with pytest.raises(Refused, match="Nguyễn ada"):
            actions.set_rule(folder, "*", "Sổ đo tay", by=west)
    with pytest.raises(Refused):
        actions.drop_rule(rule.pk, by=west)
    with pytest.raises(Refused, match="tên khác"):
        sheets.save_mapping("Sổ đo tay", SAID, by=west)
    with pytest.raises(Refused, match="tên khác"):
        sheets.forget_mapping("Sổ đo tay", by=west)
    with pytest.raises(Refused, match="đang được"):
        sheets.forget_mapping("Sổ đo tay", by=ada)
    actions.set_rule("w", "*", "Sổ đo tay", by=west)
    place.put("w/a.csv", LONG + b"21/11/2026 07:00;rain;5\n")
    place.work()
    assert (Import.objects.get().new, Import.objects.get().refused) == (2, 1)
    actions.drop_rule(rule.pk, by=ada)
    assert [one.folder for one in Rule.objects.all()] == ["w"]


@pytest.mark.parametrize(
    "folder", ["../x", "a/../b", ".x", "done", "refused/a", "a//b", "a\nb", "/".join("abcdefghi")]
)
def test_folder_that_cannot_be_is_told(city: City, ada: Actor, folder: str) -> None:
    with pytest.raises(Refused):
        actions.set_rule(folder, "*", "Sổ đo tay", by=ada)


@pytest.mark.slow
def test_fault_in_one_file_holds_up_no_other(
    city: City, ada: Actor, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.set_rule("", "*", "Sổ đo tay", by=ada)
    real = actions._opened

    def failing(rule: Rule, file: actions.File, content: bytes | None) -> Any:
        if file.path == "a.csv":
            raise ZeroDivisionError
        return real(rule, file, content)

    monkeypatch.setattr(actions, "_opened", failing)
    place.put("a.csv")
    place.put("b.csv")
    place.work()
    assert place.files() == ["a.csv", "done/b.csv"]


def test_quiet_folder_costs_little(
    city: City, ada: Actor, place: Place, django_assert_max_num_queries: Any
) -> None:
    place.duty()
    place.duty()
    with django_assert_max_num_queries(5):
        place.duty()
    assert timedelta(seconds=work.EVERY) < work.RENEW < work.LEASE


@pytest.mark.slow
def test_what_lies_in_the_way_of_one_file_holds_up_no_other(city: City, ada: Actor, place: Place) -> None:
    actions.set_rule("", "*", "Sổ đo tay", by=ada)
    place.duty()
    (place.folder / "done" / "tram").write_text("a file where a folder should be")
    place.put("tram/a.csv")
    place.work()
    place.put("b.csv")
    place.work()
    assert Arrival.objects.get(path="b.csv").target.startswith("done/")
    watched = Watched.objects.get()
    assert (watched.trouble, [one["path"] for one in watched.waiting]) == ("", ["tram/a.csv"])
    (place.folder / "done" / "tram").unlink()
    place.replaced()
    place.work()
    assert place.files() == ["done/b.csv", "done/tram/a.csv"]


def test_nobody_opens_a_file_of_a_folder_that_others_arrange(city: City, ada: Actor, place: Place) -> None:
    rule = actions.set_rule("tram", "*", "Sổ đo tay", by=ada)
    actions.switch(rule.pk, False, by=ada)
    place.put("tram/a.csv")
    place.work()
    watched = Watched.objects.get()
    assert [one["path"] for one in watched.waiting] == ["tram/a.csv"]
    with pytest.raises(NotFound):
        actions.ask(watched, "tram/a.csv", by=actor("bo", city.west, people.ADMINISTRATOR))
    assert actions.ask(watched, "tram/a.csv", by=ada).path == "tram/a.csv"
