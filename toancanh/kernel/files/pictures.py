"""Pictures drawn anew: only what can be seen goes into the new file. Runs in the child process. No Django."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import pillow_heif
from PIL import (
    ExifTags,
    Image,
    ImageCms,
    ImageDraw,
    ImageFile,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from toancanh.kernel.files.messages import MAX_PIXELS, Bad, Box, Drawn, Good

LONGEST = 30_000
FULL, SMALL = 2_560, 480
"""The longer side: enough to read a number plate; enough for a list."""
QUALITY = {FULL: 85, SMALL: 78}
COARSE = 6
"""Squares along the longer side of a coarse box."""
PLUGINS = (JpegImagePlugin, MpoImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin)
"""Loaded before the jail closes; that of TIFF reads what cameras say."""
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/heic": "HEIF"}
TURNS = {
    2: [Image.Transpose.FLIP_LEFT_RIGHT],
    3: [Image.Transpose.ROTATE_180],
    4: [Image.Transpose.FLIP_TOP_BOTTOM],
    5: [Image.Transpose.TRANSPOSE],
    6: [Image.Transpose.ROTATE_270],
    7: [Image.Transpose.TRANSVERSE],
    8: [Image.Transpose.ROTATE_90],
}
# What reading a damaged file may raise; anything else is a fault of ours and ends the child.
DAMAGED = (OSError, ValueError, TypeError, SyntaxError, EOFError, IndexError, KeyError, RuntimeError,
           OverflowError, ZeroDivisionError, AttributeError)  # fmt: skip


class Unfit(Exception):
    """The picture is not taken; the parent has the sentence for the code."""


def prepare() -> None:
    """Load all that decoding needs: afterwards no file can be opened any more."""
    # We judge the size ourselves, before decoding and for every format alike.
    Image.MAX_IMAGE_PIXELS = None
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    pillow_heif.register_heif_opener(thumbnails=False)
    Image.preinit()
    # Both load modules when they are first asked.
    _moment({ExifTags.Base.DateTimeOriginal: "2026:01:01 00:00:00"})
    check(io_jpeg(Image.new("RGB", (8, 8)), FULL), "image/jpeg")


def check(content: bytes, media: str) -> Good | Bad:
    """The picture as it is kept, a small one beside it, and what the camera says about it."""
    try:
        with _opened(content, media) as image:
            taken, lon, lat = _said(image)
            turned = _upright(image, media)
    except Unfit as fault:
        return Bad(str(fault))
    except DAMAGED:
        return Bad("damaged")
    return Good(drawn(turned, FULL), drawn(turned, SMALL), taken, lon, lat)


def cover(content: bytes, boxes: Sequence[Box]) -> Good | Bad:
    """A JPEG of ours with rectangles covered."""
    with Image.open(io.BytesIO(content), formats=["JPEG"]) as opened:
        image = opened.convert("RGB")
    for box in boxes:
        edges = _edges(box, image.size)
        if edges is None:
            continue
        if box.way == "coarse":
            _blur(image, edges)
        else:
            left, top, right, bottom = edges
            ImageDraw.Draw(image).rectangle((left, top, right - 1, bottom - 1), fill="black")
    return Good(drawn(image, FULL), drawn(image, SMALL))


def drawn(image: Image.Image, longest: int) -> Drawn:
    """The picture no longer than that, as a JPEG without a word in it."""
    if max(image.size) > longest:
        image = image.copy()
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return Drawn(io_jpeg(image, longest), image.width, image.height)


def io_jpeg(image: Image.Image, longest: int) -> bytes:
    """A JPEG of a picture that carries nothing but its pixels."""
    bare = Image.new("RGB", image.size, "white")
    bare.paste(image)
    into = io.BytesIO()
    bare.save(into, "JPEG", quality=QUALITY[longest], progressive=True)
    return into.getvalue()


@contextmanager
def _opened(content: bytes, media: str) -> Iterator[Image.Image]:
    with Image.open(io.BytesIO(content), formats=[FORMATS[media]]) as image:
        if image.width * image.height > MAX_PIXELS or max(image.size) > LONGEST:
            raise Unfit("too_many_pixels")
        yield image


def _upright(image: Image.Image, media: str) -> Image.Image:
    """Decoded, in sRGB on white, no longer than we keep, turned as it was held."""
    turns = TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1), [])
    profile = image.info.get("icc_profile")
    if media == "image/jpeg":
        share = FULL / max(image.size)
        if share < 1:
            # A JPEG can be decoded at a half or a quarter of its size: for a fraction of the memory.
            image.draft(None, (max(1, round(image.width * share)), max(1, round(image.height * share))))
    image.load()
    plain = _eight_bits(image)
    if max(plain.size) > FULL:
        plain.thumbnail((FULL, FULL), Image.Resampling.LANCZOS, reducing_gap=2.0)
    plain = _in_srgb(plain, profile)
    for turn in turns:
        plain = plain.transpose(turn)
    return plain


def _eight_bits(image: Image.Image) -> Image.Image:
    """In a mode that can be made smaller: grey, RGB, CMYK, with or without transparency."""
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("RGB", "L", "CMYK", "RGBA", "LA"):
        return image
    if image.mode in ("P", "PA") or "transparency" in image.info:
        return image.convert("RGBA")
    return image.convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if image.mode in ("RGBA", "LA"):
        flat = Image.new("RGB", image.size, "white")
        flat.paste(image.convert("RGB"), mask=image.getchannel("A"))
        image = flat
    if profile and image.mode in ("RGB", "CMYK"):
        try:
            said = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            changed = ImageCms.profileToProfile(image, said, srgb, outputMode="RGB")
            return changed or image.convert("RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            # A profile that nobody can read leaves the colours as they are.
            return image.convert("RGB")
    return image.convert("RGB")


def _said(image: Image.Image) -> tuple[str, float | None, float | None]:
    """When and where the camera says it was; empty where it does not say or nobody can read it."""
    try:
        exif = image.getexif()
        shot = exif.get_ifd(ExifTags.IFD.Exif)
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    except DAMAGED:
        return "", None, None
    lat = _degrees(place, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "S", 90)
    lon = _degrees(place, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "W", 180)
    if lat is None or lon is None or (lat == 0 and lon == 0):
        lat = lon = None
    return _moment(shot), lon, lat


def _moment(shot: dict[int, object]) -> str:
    said = str(shot.get(ExifTags.Base.DateTimeOriginal, "")).strip("\0 ")
    offset = str(shot.get(ExifTags.Base.OffsetTimeOriginal, "")).strip("\0 ")
    for text, form in ((said + offset, "%Y:%m:%d %H:%M:%S%z"), (said, "%Y:%m:%d %H:%M:%S")):
        try:
            return datetime.strptime(text, form).isoformat()  # noqa: DTZ007 - the parent gives it its zone
        except ValueError:
            continue
    return ""


def _degrees(place: dict[int, object], where: int, side: int, negative: str, most: int) -> float | None:
    parts = place.get(where)
    if not isinstance(parts, tuple) or len(parts) != 3:
        return None
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
    except DAMAGED:
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value) or not 0 <= value <= most:
        return None
    return round(-value if str(place.get(side, "")).strip("\0 ").upper() == negative else value, 6)


def _edges(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Rounded outwards, within the picture; None where nothing of it lies there."""
    width, height = size
    left, top = max(0, math.floor(box.x * width)), max(0, math.floor(box.y * height))
    right = min(width, math.ceil((box.x + box.width) * width))
    bottom = min(height, math.ceil((box.y + box.height) * height))
    return (left, top, right, bottom) if right > left and bottom > top else None


def _blur(image: Image.Image, edges: tuple[int, int, int, int]) -> None:
    part = image.crop(edges)
    share = COARSE / max(part.size)
    few = (max(1, round(part.width * share)), max(1, round(part.height * share)))
    image.paste(part.resize(few, Image.Resampling.BOX).resize(part.size, Image.Resampling.NEAREST), edges)
