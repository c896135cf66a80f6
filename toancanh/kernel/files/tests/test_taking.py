"""What people send is taken once, drawn anew, and says nothing about them any more."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from PIL import Image

from toancanh.kernel.files import actions, queries, storage, troubles, work
from toancanh.kernel.files.models import INTERNAL, Content, File, State, Variant
from toancanh.kernel.files.tests.making import (
    CITIZEN,
    OFFICER,
    encoded,
    key,
    pdf,
    photo,
    picture,
    said_by_camera,
    sent,
    settled,
)
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotFound, Refused

pytestmark = pytest.mark.django_db


def kept(file: File, variant: Variant = Variant.FULL) -> bytes:
    with storage.here().open(queries.variants(file)[variant].sha256) as content:
        return content.read()


def shown(file: File, variant: Variant = Variant.FULL) -> Image.Image:
    return Image.open(io.BytesIO(kept(file, variant)))


def near(pixel: tuple[int, ...], wanted: tuple[int, int, int]) -> bool:
    return all(abs(had - want) < 40 for had, want in zip(pixel, wanted, strict=True))


def test_photo_is_on_the_disk_and_in_a_row_before_it_is_decoded() -> None:
    content = photo()
    file = sent(content, "Ảnh ngập.JPG")
    assert (file.state, file.kind, file.name, file.size) == ("waiting", "image", "Ảnh ngập.JPG", len(content))
    assert (file.made_by, file.level, file.subject) == ("anyone", INTERNAL, "case:1")
    assert [one.variant for one in queries.of("case:1")[0].contents.all()] == [Variant.RAW]
    path = Path(settings.DATA) / "files" / file.sha256[:2] / file.sha256[2:4] / file.sha256
    assert path.read_bytes() == content
    assert path.stat().st_mode & 0o077 == 0


def test_worker_draws_it_anew_and_lets_what_came_go(django_capture_on_commit_callbacks) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    file = sent(photo(exif=said_by_camera()))
    with django_capture_on_commit_callbacks(execute=True):
        assert work.Duty()() == 1
    assert work.Duty()() == 0
    file.refresh_from_db()
    assert file.state == State.READY
    assert file.next_at is None
    assert set(queries.variants(file)) == {Variant.FULL, Variant.SMALL}
    assert not storage.here().has(file.sha256)
    assert near(shown(file).getpixel((2, 16)), (255, 0, 0))  # type: ignore[arg-type]


def test_nothing_is_left_of_what_the_camera_said() -> None:
    content = photo(exif=said_by_camera(), xmp=b"<x:xmpmeta>SecretMeta</x:xmpmeta>")
    assert b"SecretMaker" in content
    assert b"SecretMeta" in content
    file = settled(content)
    for variant in (Variant.FULL, Variant.SMALL):
        assert b"Secret" not in kept(file, variant)
        image = shown(file, variant)
        assert dict(image.getexif()) == {}
        # The density of a JPEG's head, and nothing else.
        assert set(image.info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "progressive",
            "progression",
        }
        assert image.format == "JPEG"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_time_and_place_are_kept_as_proposals(form: str) -> None:
    file = settled(encoded(picture(), form, exif=said_by_camera(6).tobytes()), "anh")
    assert shown(file).size == (32, 48)
    assert b"Secret" not in kept(file)
    assert file.taken_at == datetime(2025, 10, 27, 6, 30, 15, tzinfo=clock.VIETNAM)
    assert file.lat == pytest.approx(16.4637, abs=1e-5)
    assert file.lon == pytest.approx(107.5909, abs=1e-5)


@pytest.mark.parametrize("place", [(0.0, 0.0), None])
def test_no_place_is_proposed_where_the_camera_knew_none(place: tuple[float, float] | None) -> None:
    file = settled(photo(exif=said_by_camera(place=place)))
    assert (file.lat, file.lon) == (None, None)


@pytest.mark.parametrize(
    ("orientation", "red_at", "size"),
    [(1, "left", (48, 32)), (3, "right", (48, 32)), (6, "top", (32, 48)), (8, "bottom", (32, 48))],
)
def test_picture_is_turned_as_it_was_held(orientation: int, red_at: str, size: tuple[int, int]) -> None:
    image = shown(settled(photo(exif=said_by_camera(orientation))))
    assert image.size == size
    width, height = size
    ends = {"left": (3, 16), "right": (width - 4, 16), "top": (16, 3), "bottom": (16, height - 4)}
    opposite = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
    assert near(image.getpixel(ends[red_at]), (255, 0, 0))  # type: ignore[arg-type]
    assert near(image.getpixel(ends[opposite[red_at]]), (0, 0, 255))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("form", "name"), [("JPEG", "a.jpeg"), ("PNG", "a.png"), ("WEBP", "a.webp"), ("HEIF", "a.HEIC")]
)
def test_formats_of_telephones_are_taken(form: str, name: str) -> None:
    file = settled(encoded(picture(), form), name)
    assert (file.state, file.fault) == (State.READY, "")
    assert shown(file).size == (48, 32)
    assert near(shown(file).getpixel((4, 16)), (255, 0, 0))  # type: ignore[arg-type]
    assert near(shown(file).getpixel((44, 16)), (0, 0, 255))  # type: ignore[arg-type]


def test_large_photo_is_made_smaller_and_a_small_one_is_not_made_larger() -> None:
    large = settled(encoded(picture((3000, 1500))))
    sizes = {variant: (one.width, one.height) for variant, one in queries.variants(large).items()}
    assert sizes == {Variant.FULL: (2560, 1280), Variant.SMALL: (480, 240)}
    assert shown(large, Variant.SMALL).size == (480, 240)
    small = settled(encoded(picture((20, 10))))
    assert {one.width for one in queries.variants(small).values()} == {20}


def test_colours_of_rare_kinds_come_out_as_they_were() -> None:
    cmyk = shown(settled(encoded(picture().convert("CMYK"))))
    assert near(cmyk.getpixel((4, 16)), (255, 0, 0))  # type: ignore[arg-type]
    deep = shown(settled(encoded(Image.new("I;16", (20, 20), 0x8000), "PNG"), "x.png"))
    assert near(deep.getpixel((10, 10)), (128, 128, 128))  # type: ignore[arg-type]
    see_through = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    assert near(shown(settled(encoded(see_through, "PNG"), "x.png")).getpixel((9, 9)), (255, 255, 255))  # type: ignore[arg-type]
    few = picture().convert("P", palette=Image.Palette.ADAPTIVE)
    assert near(shown(settled(encoded(few, "PNG"), "x.png")).getpixel((4, 16)), (255, 0, 0))  # type: ignore[arg-type]


def test_moving_picture_stands_still() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    content = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=50)
    image = shown(settled(content, "x.webp"))
    assert near(image.getpixel((9, 9)), (255, 0, 0))  # type: ignore[arg-type]
    assert getattr(image, "n_frames", 1) == 1


def test_document_is_kept_as_it_is() -> None:
    content = pdf()
    file = settled(content, "Quyết định.pdf")
    assert (file.state, file.kind) == (State.READY, "pdf")
    assert kept(file) == content
    assert set(queries.variants(file)) == {Variant.FULL}


def test_same_sending_is_one_file_however_often_it_arrives() -> None:
    content, mark = photo(), key()
    first = sent(content, key=mark)
    assert sent(content, "other name.jpg", key=mark).pk == first.pk
    work.prepare(first)
    assert sent(content, key=mark).state == State.READY
    assert File.objects.count() == 1
    assert Entry.objects.filter(action="files.taken").count() == 1
    with pytest.raises(Refused) as refused:
        sent(photo(), key=mark)
    assert refused.value.code == "key_used"
    # Of somebody else the same key is another sending.
    assert sent(content, key=mark, by=OFFICER).pk != first.pk


@pytest.mark.parametrize("mark", ["", "short", "x" * 101, "with space 1234567", "../../../../etc/passwd"])
def test_key_is_long_enough_not_to_be_guessed(mark: str) -> None:
    with pytest.raises(Refused, match="16"):
        actions.take(photo(), "a.jpg", by=CITIZEN, key=mark)


def test_file_sent_ahead_is_attached_by_its_sender_once() -> None:
    file = sent(photo(), subject="")
    assert queries.sent(file.key, CITIZEN) == file
    with pytest.raises(NotFound):
        actions.attach(file, "case:2", by=OFFICER)
    assert actions.attach(file, "case:2", by=CITIZEN).subject == "case:2"
    assert actions.attach(file, "case:2", by=CITIZEN).subject == "case:2"
    assert Entry.objects.filter(action="files.attached").count() == 1
    with pytest.raises(Refused) as refused:
        actions.attach(file, "case:3", by=CITIZEN)
    assert refused.value.code == "attached"
    assert queries.of("case:2") == [file]


def test_stream_is_read_no_further_than_the_limit() -> None:
    read: list[int] = []

    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            read.append(size)
            return b"\xff\xd8\xff" + b"\0" * (size - 3)

    with pytest.raises(Refused) as refused:
        sent(Endless())  # type: ignore[arg-type]
    assert refused.value.code == "too_large"
    assert "30 MB" in refused.value.message
    assert read == [30 * 1024 * 1024 + 1]


def test_same_content_of_two_files_lies_there_once() -> None:
    content = photo()
    settled(content)
    settled(content)
    full = Content.objects.filter(variant=Variant.FULL)
    assert full.count() == 2
    assert full.values("sha256").distinct().count() == 1


def test_files_of_many_subjects_cost_two_queries(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    for number in range(1, 4):
        sent(photo(), subject=f"case:{number}")
    with django_assert_num_queries(2):
        found = queries.of_many(["case:1", "case:2", "case:3", "case:4"])
        assert [len(files) for files in found.values()] == [1, 1, 1]
        assert [list(queries.variants(file)) for files in found.values() for file in files] == [["raw"]] * 3


def test_health_tells_of_files_that_nobody_sees_to() -> None:
    file, now = sent(photo()), clock.now()
    assert list(troubles.found(now)) == []
    (told,) = troubles.found(now + timedelta(minutes=11))
    assert (told.code, told.is_grave) == ("files_waiting", False)
    assert told.what.startswith("1 ")
    work.prepare(file)
    assert list(troubles.found(now + timedelta(minutes=11))) == []


def test_names_stay_out_of_the_journal() -> None:
    settled(photo(), "Giấy khai sinh Nguyễn Thị Bí Mật.jpg")
    assert not any("Bí Mật" in entry.content for entry in Entry.objects.all())
