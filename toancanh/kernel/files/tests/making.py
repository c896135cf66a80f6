"""Files as people send them, honest and otherwise; small, so that tests stay quick."""

from __future__ import annotations

import io
import secrets
import zipfile
import zlib
from typing import Any

import pillow_heif
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject, TextStringObject

from toancanh.kernel.declare import Actor
from toancanh.kernel.files import actions, work
from toancanh.kernel.files.models import File

pillow_heif.register_heif_opener()
CITIZEN = Actor(name="", key="anyone")
OFFICER = Actor(name="Nguyễn Văn Tiếp", key="person:1")
HUE = (16.4637, 107.5909)


def picture(size: tuple[int, int] = (48, 32)) -> Image.Image:
    """Red on the left, blue on the right, so that it can be told which side is up."""
    made = Image.new("RGB", size, "blue")
    made.paste("red", (0, 0, size[0] // 2, size[1]))
    return made


def said_by_camera(orientation: int = 1, place: tuple[float, float] | None = HUE) -> Image.Exif:
    """What a telephone writes into its photos."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "SecretMaker"
    exif.get_ifd(ExifTags.IFD.Exif).update(
        {
            ExifTags.Base.DateTimeOriginal: "2025:10:27 06:30:15",
            ExifTags.Base.BodySerialNumber: "SecretSerial",
        }
    )
    if place:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(
            {
                ExifTags.GPS.GPSLatitudeRef: "N",
                ExifTags.GPS.GPSLatitude: _parts(place[0]),
                ExifTags.GPS.GPSLongitudeRef: "E",
                ExifTags.GPS.GPSLongitude: _parts(place[1]),
            }
        )
    return exif


def _parts(degrees: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    whole, rest = divmod(degrees, 1)
    minutes, rest = divmod(rest * 60, 1)
    return IFDRational(int(whole)), IFDRational(int(minutes)), IFDRational(round(rest * 60 * 1000), 1000)


def encoded(image: Image.Image, form: str = "JPEG", **how: Any) -> bytes:
    """The image in a format."""
    into = io.BytesIO()
    image.save(into, form, **how)
    return into.getvalue()


def photo(**how: Any) -> bytes:
    """A photo of its own: no two are the same bytes."""
    return encoded(picture(), comment=secrets.token_hex(4).encode(), **how)


def pdf(*, script: str = "", password: str = "", attached: bool = False, form: bool = False) -> bytes:
    """A document of one page."""
    writer = PdfWriter()
    page = writer.add_blank_page(200, 200)
    stream = DecodedStreamObject()
    stream.set_data(b"0 0 m 100 100 l S")
    page[NameObject("/Contents")] = writer._add_object(stream)
    if script:
        act = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject(script)}
        writer._root_object[NameObject("/OpenAction")] = DictionaryObject(act)
    if attached:
        writer.add_attachment("macro.exe", b"MZ")
    if form:
        fields = DictionaryObject({NameObject("/XFA"): TextStringObject("<xdp/>")})
        writer._root_object[NameObject("/AcroForm")] = fields
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    into = io.BytesIO()
    writer.write(into)
    return into.getvalue()


def archive(content: bytes = b"class Evil") -> bytes:
    """A zip file."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("Evil.class", content)
    return into.getvalue()


def png_head(width: int, height: int) -> bytes:
    """A PNG of so many pixels that holds none of them."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = zlib.crc32(name + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + name + content + check

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    body = zlib.compress(b"\0" * 100)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def key() -> str:
    """Of a new sending."""
    return secrets.token_urlsafe(16)


def sent(content: bytes, name: str = "anh.jpg", *, by: Actor = CITIZEN, **how: Any) -> File:
    """Taken, and not looked at yet."""
    how.setdefault("subject", "case:1")
    return actions.take(content, name, by=by, key=how.pop("key", "") or key(), **how)


def settled(content: bytes, name: str = "anh.jpg", **how: Any) -> File:
    """Taken and looked at."""
    return work.prepare(sent(content, name, **how))
