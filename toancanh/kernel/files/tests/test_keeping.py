"""Bytes and rows agree whatever happens between them; what nobody wants goes, what somebody wants stays."""

from __future__ import annotations

import errno
import io
import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from PIL import Image

from toancanh.kernel.files import actions, keeping, queries, storage, sweeping, work
from toancanh.kernel.files.messages import Box
from toancanh.kernel.files.models import Content, File, State, Variant
from toancanh.kernel.files.tests.making import OFFICER, encoded, pdf, photo, picture, sent, settled
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Full, Refused

DAYS = timedelta(days=2)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A storage of its own for every test: here it is counted what lies there."""
    monkeypatch.setattr(settings, "DATA", tmp_path)
    return tmp_path / "files"


def lying(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def named() -> set[str]:
    return set(Content.objects.values_list("sha256", flat=True))


@pytest.mark.django_db(transaction=True)
def test_rows_and_bytes_agree_through_a_life(own_folder: Path) -> None:
    file = settled(photo())
    assert lying(own_folder) == named()
    assert len(named()) == 2
    actions.redact(file, [Box(0.1, 0.1, 0.3, 0.3)], by=OFFICER)
    assert lying(own_folder) == named()
    assert len(named()) == 4
    actions.redact(file, [Box(0.1, 0.1, 0.5, 0.5)], by=OFFICER)
    assert lying(own_folder) == named()
    actions.redact(file, [], by=OFFICER)
    assert lying(own_folder) == named()
    assert len(named()) == 2
    actions.destroy(file, by=OFFICER, reason="Người gửi đề nghị")
    assert lying(own_folder) == named() == set()
    file.refresh_from_db()
    assert (file.state, file.name, file.next_at, file.lat) == (State.DESTROYED, "", None, None)
    assert file.destroyed_because == "Người gửi đề nghị"
    assert queries.of("case:1") == [file]
    entry = Entry.objects.get(action="files.destroyed")
    assert file.sha256 in entry.content
    with pytest.raises(Refused):
        actions.destroy(file, by=OFFICER, reason="lần nữa")


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["", "  ", "x" * 301])
def test_destroying_needs_a_reason(reason: str) -> None:
    with pytest.raises(Refused, match="300"):
        actions.destroy(settled(photo()), by=OFFICER, reason=reason)


@pytest.mark.django_db(transaction=True)
def test_bytes_that_another_file_names_stay(own_folder: Path) -> None:
    content = pdf()
    one, other = settled(content, "a.pdf"), settled(content, "b.pdf")
    actions.destroy(one, by=OFFICER, reason="gửi nhầm")
    assert lying(own_folder) == {other.sha256}
    actions.destroy(other, by=OFFICER, reason="gửi nhầm")
    assert lying(own_folder) == set()


@pytest.mark.django_db(transaction=True)
def test_worker_ends_what_a_kill_left_of_destroying(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = settled(photo())
    # Killed between the commit and what follows it.
    with monkeypatch.context() as patched:
        patched.setattr(transaction, "on_commit", lambda call: None)
        actions.destroy(file, by=OFFICER, reason="hết hạn lưu")
    assert lying(own_folder)
    assert work.Duty()() == 1
    assert lying(own_folder) == set()
    assert work.Duty()() == 0


@pytest.mark.django_db(transaction=True)
def test_destroyed_while_it_is_looked_at(own_folder: Path) -> None:
    file = sent(photo())
    one = work.lease(Q(pk=file.pk))
    assert one is not None
    actions.destroy(file, by=OFFICER, reason="gửi nhầm")
    work.settle(one)
    file.refresh_from_db()
    assert file.state == State.DESTROYED
    assert lying(own_folder) == set()


@pytest.mark.django_db(transaction=True)
def test_sweep_takes_what_nobody_names_after_a_day(own_folder: Path) -> None:
    stays, waits = settled(photo()), sent(photo(), subject="")
    orphan = storage.here().put(b"bytes whose row never came")
    half = own_folder / storage.COMING / "ab"
    half.write_bytes(b"half")
    foreign = own_folder / "ab" / "cd" / "note.txt"
    foreign.parent.mkdir(parents=True, exist_ok=True)
    foreign.write_text("put here by a person")
    before = lying(own_folder)
    assert sweeping.sweep() == 0
    assert lying(own_folder) == before
    with clock.set_to(clock.now() + DAYS):
        # One row and its bytes, the orphan, the half.
        assert sweeping.sweep() == 3
        assert lying(own_folder) == named() | {"note.txt"}
        assert sweeping.sweep() == 0
    assert not File.objects.filter(pk=waits.pk).exists()
    assert File.objects.filter(pk=stays.pk).exists()
    assert not storage.here().has(orphan)
    assert Entry.objects.filter(action="files.forgotten").count() == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_sweep_goes_through_all_parts(own_folder: Path) -> None:
    orphans = [storage.here().put(str(number).encode()) for number in range(20)]
    duty = sweeping.Duty()
    with clock.set_to(clock.now() + DAYS):
        for _part in range(sweeping.PARTS):
            duty()
    assert not lying(own_folder) & set(orphans)


@pytest.mark.django_db(transaction=True)
def test_content_sent_again_while_it_is_taken_away_is_there(own_folder: Path) -> None:
    """Somebody discards the bytes after they were put and before the row names them."""
    content = photo()
    put = keeping.put(content, "image/jpeg")
    assert keeping.discard(put.digest)
    with transaction.atomic():
        file = sent(content, subject="case:7")
        storage.here().remove(put.digest)
        keeping.name(file, {Variant.RAW: put})
    assert lying(own_folder) == named() == {put.digest}


def test_disk_that_is_full_leaves_nothing_behind(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoRoom(io.BytesIO):
        def write(self, content: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    real = os.fdopen

    def fdopen(handle: int, mode: str) -> object:
        real(handle, mode).close()
        return NoRoom()

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdopen", fdopen)
        with pytest.raises(Full):
            storage.here().put(b"x")
    assert lying(own_folder) == set()
    monkeypatch.setattr(storage, "RESERVE", 1 << 60)
    with pytest.raises(Full):
        storage.here().put(b"x")
    assert lying(own_folder) == set()


@pytest.mark.parametrize("digest", ["", "..", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n"])
def test_storage_knows_digests_and_nothing_else(digest: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        storage.here().open(digest)


@pytest.mark.django_db
def test_covered_parts_are_gone_from_the_public_version() -> None:
    image = Image.effect_noise((400, 200), 90).convert("RGB")
    file = settled(encoded(image, quality=95))
    actions.redact(file, [Box(0.1, 0.1, 0.2, 0.4), Box(0.5, 0.0, 0.5, 1.0, "coarse")], by=OFFICER)
    with storage.here().open(queries.variants(file)[Variant.PUBLIC].sha256) as content:
        public = Image.open(io.BytesIO(content.read())).convert("L")
    assert public.crop((44, 24, 116, 96)).getextrema()[1] < 20  # type: ignore[operator]
    # Noise averaged over a large square is nearly even within it, and as wild as ever beside.
    tile = public.crop((208, 8, 226, 26)).getextrema()
    assert tile[1] - tile[0] < 30  # type: ignore[operator]
    beside = public.crop((4, 110, 40, 146)).getextrema()
    assert beside[1] - beside[0] > 90  # type: ignore[operator]
    file.refresh_from_db()
    assert file.boxes == [[0.1, 0.1, 0.2, 0.4, "black"], [0.5, 0.0, 0.5, 1.0, "coarse"]]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "box",
    [
        Box(0, 0, 0, 1),
        Box(-0.1, 0, 1, 1),
        Box(0, 0, 1, 1.5),
        Box(float("nan"), 0, 1, 1),
        Box(0, float("inf"), 1, 1),
        Box(0, 0, 1, 1, "invisible"),
    ],
)
def test_box_lies_within_the_picture(box: Box) -> None:
    with pytest.raises(Refused) as refused:
        actions.redact(settled(photo()), [box], by=OFFICER)
    assert refused.value.code == "bad_box"


@pytest.mark.django_db
def test_only_a_photo_that_is_there_can_be_covered() -> None:
    for file in (settled(pdf(), "a.pdf"), sent(photo())):
        with pytest.raises(Refused) as refused:
            actions.redact(file, [Box(0, 0, 1, 1)], by=OFFICER)
        assert refused.value.code == "no_picture"
    with pytest.raises(Refused):
        actions.redact(settled(encoded(picture())), [Box(0, 0, 1, 1)] * 101, by=OFFICER)
