"""The watched folder on a real disk: what is found, what is left, and that no way leads out of it."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from toancanh.kernel.exchange.inbox import finding
from toancanh.kernel.exchange.inbox.disk import LONGEST, Inbox
from toancanh.kernel.exchange.inbox.names import Changed, Seen, is_ignored, shown

CLAIM = "20261121-120000-abc123"


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    """A folder that is ready."""
    made = Inbox(tmp_path / "inbox")
    made.prepare("k")
    return made


def put(inbox: Inbox, way: str, text: bytes = b"x") -> Seen:
    """A file in the folder, as a look finds it."""
    file = inbox.path / way
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text)
    return next(one for one in inbox.look().found if shown(one.way) == way)


@contextmanager
def nobody() -> Iterator[None]:
    """As a user who owns nothing, where the tests run as root."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_names_that_are_left_alone() -> None:
    left = [".x.csv", "a.csv.part", "A.TMP", "~$b.xlsx", "c.csv~", "Thumbs.db", "d.filepart", ".x.csv.Ab12Cd"]
    assert [name for name in left if not is_ignored(name)] == []
    assert [name for name in ("a.csv", "part.csv", "số đo.xlsx", "tmp") if is_ignored(name)] == []


def test_prepared_folder_keeps_its_key(inbox: Inbox) -> None:
    assert inbox.prepare("other") == "k"
    assert sorted(path.name for path in inbox.path.iterdir()) == [".inbox", ".taking", "done", "refused"]


def test_look_finds_files_oldest_first_and_nothing_of_its_own(inbox: Inbox) -> None:
    for number, way in enumerate(("b.csv", "a/c.csv", "a/done/d.csv", "done/e.csv", "refused/f.csv", ".g/h")):
        file = inbox.path / way
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
        os.utime(file, (2_000 - number, 2_000 - number))
    assert [shown(one.way) for one in inbox.look().found] == ["a/done/d.csv", "a/c.csv", "b.csv"]


def test_links_pipes_and_second_names_are_not_taken(inbox: Inbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret.key"
    secret.write_text("s")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.csv").write_text("x")
    (inbox.path / "link.csv").symlink_to(secret)
    (inbox.path / "folder").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(inbox.path / "pipe.csv")
    os.link(secret, inbox.path / "second.csv")
    found = {shown(one.way): one for one in inbox.look().found}
    assert {name: one.trouble for name, one in found.items()} == {
        "link.csv": "link",
        "folder": "link",
        "second.csv": "",
    }
    assert inbox.trouble(found["second.csv"]) == "linked"
    with pytest.raises(OSError, match="symbolic"):
        inbox.read(found["link.csv"])


def test_folder_that_becomes_a_link_leads_nowhere(inbox: Inbox, tmp_path: Path) -> None:
    """Whoever swaps a folder for a link between two steps gets neither reading nor writing elsewhere."""
    outside = tmp_path / "outside"
    outside.mkdir()
    seen = put(inbox, "a/b.csv")
    inbox.take_aside(seen, CLAIM)
    (inbox.path / "a").rmdir()
    (inbox.path / "a").symlink_to(outside)
    (inbox.path / "done" / "a").symlink_to(outside)
    with pytest.raises(NotADirectoryError):
        inbox.put_away(CLAIM, seen.way, "done", {".txt": b"x"})
    with pytest.raises(NotADirectoryError):
        inbox.give_back(CLAIM)
    assert list(outside.iterdir()) == []
    assert inbox.aside(CLAIM) is not None


def test_file_goes_aside_and_away_with_what_stands_beside_it(inbox: Inbox) -> None:
    seen = put(inbox, "trạm mưa/số đo.csv", b"t;v\n")
    inbox.take_aside(seen, CLAIM)
    assert inbox.look().found == []
    assert inbox.claims() == [CLAIM]
    assert inbox.aside(CLAIM) == seen
    assert inbox.read_aside(CLAIM, seen) == b"t;v\n"
    way = inbox.put_away(CLAIM, seen.way, "refused", {".ly-do.txt": b"no"})
    assert shown(way) == f"refused/trạm mưa/{CLAIM} số đo.csv"
    there = inbox.path / "refused" / "trạm mưa"
    assert sorted(path.name for path in there.iterdir()) == [
        f"{CLAIM} số đo.csv",
        f"{CLAIM} số đo.csv.ly-do.txt",
    ]
    assert (inbox.claims(), inbox.aside(CLAIM)) == ([], None)


def test_name_given_back_never_covers_a_newer_file(inbox: Inbox) -> None:
    inbox.take_aside(put(inbox, "a/b.csv", b"old"), CLAIM)
    put(inbox, "a/b.csv", b"new")
    inbox.give_back(CLAIM)
    found = {path.name: path.read_bytes() for path in (inbox.path / "a").iterdir()}
    assert found == {"b.csv": b"new", f"b ({CLAIM}).csv": b"old"}
    inbox.give_back(CLAIM)
    assert len(found) == 2


def test_file_that_changes_is_not_taken(inbox: Inbox) -> None:
    seen = put(inbox, "a.csv", b"1")
    (inbox.path / "a.csv").write_bytes(b"22")
    assert inbox.trouble(seen) == "moving"
    with pytest.raises(Changed):
        inbox.take_aside(seen, CLAIM)
    assert (inbox.path / "a.csv").read_bytes() == b"22"


def test_file_that_a_program_has_open_for_writing_waits(inbox: Inbox) -> None:
    """However long an upload pauses: a file that looks whole may be half of one."""
    seen = put(inbox, "a.csv", b"1")
    with (inbox.path / "a.csv").open("ab"):
        assert inbox.trouble(seen) == "writing"
    assert inbox.trouble(seen) == ""


@pytest.mark.parametrize(
    "name",
    [b"\xff\xfe.csv", "tên có\nxuống dòng.csv".encode(), ("đ" * 120 + ".csv").encode(), "🌧 mưa.csv".encode(),
     unicodedata.normalize("NFD", "Nước.csv").encode(), b"-rf.csv", b"a\\b.csv"],
)  # fmt: skip
def test_any_name_is_carried_unharmed(inbox: Inbox, name: bytes) -> None:
    (inbox.path / os.fsdecode(name)).write_bytes(b"x")
    [seen] = inbox.look().found
    shown(seen.way).encode("utf-8")
    inbox.take_aside(seen, CLAIM)
    way = inbox.put_away(CLAIM, seen.way, "done", {".dong-bi-tu-choi.csv": b"y"})
    assert (inbox.path / Path(*way)).read_bytes() == b"x"
    assert len(os.fsencode(way[-1])) <= LONGEST + len(CLAIM) + 1


def test_what_may_not_be_read_is_told(inbox: Inbox) -> None:
    seen = put(inbox, "a.csv")
    put(inbox, "closed/b.csv")
    inbox.path.parent.chmod(0o755)
    inbox.path.chmod(0o755)
    (inbox.path / "a.csv").chmod(0o600)
    (inbox.path / "closed").chmod(0o700 if os.geteuid() == 0 else 0)
    above = [folder for folder in inbox.path.parents if folder.stat().st_uid == os.geteuid()]
    modes = [(folder, folder.stat().st_mode) for folder in above]
    try:
        for folder, mode in modes:
            folder.chmod(mode | 0o055)
        if os.geteuid():
            (inbox.path / "a.csv").chmod(0)
        with nobody():
            assert inbox.trouble(seen) == "unreadable"
            assert {shown(one.way): one.trouble for one in inbox.look().found} == {
                "a.csv": "",
                "closed": "unreadable",
            }
            if not os.access(inbox.path, os.W_OK, effective_ids=True):
                with pytest.raises(PermissionError):
                    inbox.prepare("x")
    finally:
        (inbox.path / "closed").chmod(0o700)
        for folder, mode in modes:
            folder.chmod(mode)


def test_file_with_a_rule_is_found_however_many_wait_without_one(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST", 3)
    monkeypatch.setattr(finding, "IDLE", 2)
    for number in range(20):
        (inbox.path / f"{number}.txt").write_text("x")
    (inbox.path / "z").mkdir()
    for name in ("a.csv", "b.txt"):
        (inbox.path / "z" / name).write_text("x")
    made = inbox.look(lambda way: way[-1].endswith(".csv"))
    assert sum(1 for one in made.found if one.way[-1].endswith(".txt")) == 2
    assert ("z", "a.csv") in {one.way for one in made.found}
    assert made.more == 19
