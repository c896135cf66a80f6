"""Files made to do harm: refused with a sentence, or drawn anew so that nothing of them is left."""

from __future__ import annotations

import io
import signal
import time
import zlib
from collections.abc import Callable
from contextlib import suppress

import pytest

from toancanh.kernel.files import beside, names, queries, storage, words, work
from toancanh.kernel.files.beside import Broken, Workshop
from toancanh.kernel.files.messages import Bad, Check, Good
from toancanh.kernel.files.models import File, Kind, State
from toancanh.kernel.files.tests.making import (
    archive,
    encoded,
    pdf,
    photo,
    picture,
    png_head,
    sent,
    settled,
)
from toancanh.lib.errors import Refused

pytestmark = pytest.mark.django_db
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(document.domain)</script>"
PAYLOAD = b"<script>alert(/xss/)</script>"


def jpeg_that_is_javascript() -> bytes:
    """Begins as a photo whose comment is a program."""
    content = photo()
    body = b"*/=1;alert(1);/*" + PAYLOAD
    return content[:2] + b"\xff\xfe" + (len(body) + 2).to_bytes(2, "big") + body + content[2:]


TURNED_AWAY: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "svg": (lambda: SVG, "anh.svg", "unknown"),
    "svg as photo": (lambda: SVG, "anh.jpg", "unknown"),
    "page": (lambda: HTML, "anh.jpg", "unknown"),
    "page after blanks": (lambda: b"\n \t" + HTML, "a.png", "unknown"),
    "nothing": (lambda: b"", "anh.jpg", "empty"),
    "gif": (lambda: encoded(picture(), "GIF"), "anh.gif", "unknown"),
    "tiff": (lambda: encoded(picture(), "TIFF"), "anh.tif", "unknown"),
    "avif": (lambda: encoded(picture(), "AVIF"), "anh.heic", "unknown"),
    "program": (lambda: b"MZ\x90\0" + b"\0" * 500, "anh.jpg", "unknown"),
    "zip": (archive, "anh.zip", "unknown"),
    "zip bomb": (lambda: archive(b"\0" * 20_000_000), "anh.jpg", "unknown"),
    "photo with archive": (lambda: photo() + archive(), "anh.jpg", "two_things"),
    "png with archive": (lambda: encoded(picture(), "PNG") + archive(), "anh.png", "two_things"),
    "pdf with archive": (lambda: pdf() + archive(), "a.pdf", "two_things"),
    "pdf in an archive's comment": (lambda: _zipped_pdf(), "a.pdf", "two_things"),
    "pdf that is a page": (lambda: b"%PDF-1.4\n" + HTML + pdf(), "a.pdf", "two_things"),
    "page that is a pdf": (lambda: HTML + pdf(), "a.pdf", "unknown"),
    "pdf with a tail": (lambda: pdf() + b"MZ and a program", "a.pdf", "damaged"),
    "pdf cut off": (lambda: pdf()[:-30], "a.pdf", "damaged"),
    "photo called a document": (photo, "don.pdf", "misnamed"),
    "document called a photo": (pdf, "anh.jpg", "misnamed"),
    "photo called a program": (photo, "anh.jpg.exe", "misnamed"),
    "photo called a page": (photo, "anh.html", "misnamed"),
    "photo called a script": (photo, "anh.php", "misnamed"),
}


def _zipped_pdf() -> bytes:
    """A document after which an archive stands whose comment ends as a document does."""
    packed = bytearray(archive())
    comment = b"\n%%EOF\n"
    packed[-2:] = len(comment).to_bytes(2, "little")
    return pdf() + bytes(packed) + comment


@pytest.mark.parametrize("case", TURNED_AWAY)
def test_is_turned_away_before_anything_is_kept(case: str) -> None:
    make, name, code = TURNED_AWAY[case]
    with pytest.raises(Refused) as refused:
        sent(make(), name)
    assert refused.value.code == code
    assert refused.value.message == words.fault(code)
    assert not File.objects.exists()


def heic_cut() -> bytes:
    return encoded(picture((200, 200)), "HEIF")[:-200]


def bomb_of_text() -> bytes:
    """A PNG with a comment that unpacks to 60 MB."""
    packed = zlib.compress(b"\0" * 60_000_000, 9)
    body = b"zTXt" + b"Comment\0\0" + packed
    chunk = (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    content = encoded(picture(), "PNG")
    return content[:33] + chunk + content[33:]


REFUSED: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "one pixel that says 60,000 x 60,000": (lambda: png_head(60_000, 60_000), "a.png", "too_many_pixels"),
    "too wide": (lambda: png_head(40_000, 1), "a.png", "too_many_pixels"),
    "pixels that are not there": (lambda: png_head(4_000, 4_000), "a.png", "damaged"),
    "no pixels at all": (lambda: png_head(0, 5), "a.png", "damaged"),
    "jpeg cut off": (lambda: encoded(picture((200, 200)))[:-400], "a.jpg", "damaged"),
    "jpeg of a head alone": (lambda: b"\xff\xd8\xff\xe0" + b"A" * 100, "a.jpg", "damaged"),
    "heic cut off": (heic_cut, "a.heic", "damaged"),
    "webp of nonsense": (lambda: b"RIFF\x20\0\0\0WEBPVP8 " + b"\xff" * 40, "a.webp", "damaged"),
    "comment that unpacks": (bomb_of_text, "a.png", "damaged"),
    "locked document": (lambda: pdf(password="123"), "a.pdf", "locked"),
    "document with a program": (lambda: pdf(script="app.alert(1)"), "a.pdf", "acts"),
    "document with a file": (lambda: pdf(attached=True), "a.pdf", "acts"),
    "document that is a form": (lambda: pdf(form=True), "a.pdf", "acts"),
    "document of nothing": (lambda: b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n", "a.pdf", "damaged"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_is_refused_once_it_was_looked_at(case: str, django_capture_on_commit_callbacks) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    make, name, code = REFUSED[case]
    began = time.process_time()
    with django_capture_on_commit_callbacks(execute=True):
        file = settled(make(), name)
    assert (file.state, file.fault) == (State.REFUSED, code)
    assert words.fault(file.fault)
    assert not file.contents.exists()
    assert not storage.here().has(file.sha256)
    assert time.process_time() - began < 2  # ours: it is the child that decodes


def test_picture_that_is_a_program_too_comes_out_as_a_picture() -> None:
    content = jpeg_that_is_javascript()
    assert PAYLOAD in content
    file = settled(content)
    assert file.state == State.READY
    for one in queries.variants(file).values():
        with storage.here().open(one.sha256) as kept:
            assert PAYLOAD[:7] not in kept.read()


@pytest.mark.slow
def test_photo_larger_than_the_limit_is_refused_with_a_word_about_it() -> None:
    content = photo() + b"\0" * words.most(Kind.IMAGE)
    with pytest.raises(Refused) as refused:
        sent(content)
    assert refused.value.code == "too_large"
    assert "30 MB" in refused.value.message
    with pytest.raises(Refused, match="30 MB"):
        sent(io.BytesIO(content + b"\0" * 270_000_000))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "shown", "served"),
    [
        ("Ảnh ngập.jpg", "Ảnh ngập.jpg", "anh-ngap.jpg"),
        ("A\u0309nh nga\u0323\u0302p.JPG", "Ảnh ngập.JPG", "anh-ngap.jpg"),
        ("../../../etc/passwd.png", "passwd.png", "passwd.jpg"),
        ("C:\\Users\\Lan\\Đường Lê Lợi.png", "Đường Lê Lợi.png", "duong-le-loi.jpg"),
        ("a\0b.jpg", "ab.jpg", "ab.jpg"),
        ("gpj.exe\u202e.jpg", "gpj.exe.jpg", "gpj-exe.jpg"),
        ("\u202egpj.hna.jpg", "gpj.hna.jpg", "gpj-hna.jpg"),
        ("zero\u200bwidth\ufeff.jpg", "zerowidth.jpg", "zerowidth.jpg"),
        ('x"; filename="y.jpg', "x; filename=y.jpg", "x-filename-y.jpg"),
        ("a\r\nSet-Cookie: b.jpg", "aSet-Cookie b.jpg", "aset-cookie-b.jpg"),
        ("<img src=x>.jpg", "img src=x.jpg", "img-src-x.jpg"),
        ("", "tep", "tep.jpg"),
        (".jpg", "tep.jpg", "tep.jpg"),
        ("...", "tep", "tep.jpg"),
        ("con/", "tep", "tep.jpg"),
        ("😀.jpg", "😀.jpg", "tep.jpg"),
        ("dài" * 200 + ".jpg", "dài" * 37 + ".jpg", "dai" * 20 + ".jpg"),
        ("blob", "blob", "blob.jpg"),
        ("ảnh.tar.jpg", "ảnh.tar.jpg", "anh-tar.jpg"),
    ],
)
def test_names_are_as_people_write_them_and_nothing_else(given: str, shown: str, served: str) -> None:
    assert names.shown(given) == shown
    assert names.slug(shown, "image/jpeg") == served
    assert names.served(names.shown(given), "image/jpeg").count(".") == 1
    assert sent(photo(), given).name == shown


def test_child_that_falls_is_asked_again_before_the_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # A decoder does not fall by order: the child is one that ends at once.
    monkeypatch.setattr(beside, "CHILD", "toancanh.kernel.files.no_such_child")
    monkeypatch.setattr(beside, "workshop", Workshop())
    monkeypatch.setattr(work, "AGAIN", -work.LEASE)
    file = sent(photo())
    for expected in (State.WAITING, State.WAITING, State.REFUSED):
        assert work.prepare(file).state == expected
    assert file.fault == "broken"
    monkeypatch.undo()
    assert settled(photo()).state == State.READY


@pytest.mark.slow
def test_file_that_breaks_its_reader_costs_the_next_one_nothing() -> None:
    shop = Workshop(1)
    good, nonsense = Check("image/jpeg", photo()), Check("image/jpeg", b"x" * 20)
    try:
        assert isinstance(shop.do(good), Good)
        (child,) = shop._resting
        assert shop.do(nonsense) == Bad("damaged")
        assert shop._resting == [child]
        child._process.kill()
        with suppress(Broken):
            shop.do(good)
        assert isinstance(shop.do(good), Good)
        assert shop._resting != [child]
    finally:
        shop.close()
    assert shop._resting == []


def test_child_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "SECONDS", 0.5)
    child = beside._Child()
    child._process.send_signal(signal.SIGSTOP)
    with pytest.raises(EOFError):
        child.ask(Check("image/jpeg", photo()))
    child.end()
