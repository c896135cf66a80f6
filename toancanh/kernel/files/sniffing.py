"""What a file is by its first bytes, and whether its name says the same: nothing of it is decoded here.

The few formats that are taken are told by rules of our own; a library that knows thousands would be asked for
five of them and could be talked into the others.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

from toancanh.kernel.files.models import Kind

JPEG, PNG, WEBP, HEIC, PDF = "image/jpeg", "image/png", "image/webp", "image/heic", "application/pdf"
BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
"""Of ISO base media files: pictures in HEVC, as telephones write them. AVIF and films have others."""
ENDINGS = {
    Kind.IMAGE: {"jpg", "jpeg", "jpe", "jfif", "png", "webp", "heic", "heif", "hif"},
    Kind.PDF: {"pdf"},
}
HEAD = 1_024
MARKUP = (b"<html", b"<!doctype", b"<script", b"<svg", b"<?xml", b"<?php", b"<body")


@dataclass(frozen=True)
class Found:
    """What the content is."""

    kind: Kind
    media: str


def look(content: bytes) -> Found | None:
    """What the content is; None where it is nothing that is taken."""
    if content.startswith(b"\xff\xd8\xff"):
        return Found(Kind.IMAGE, JPEG)
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return Found(Kind.IMAGE, PNG)
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return Found(Kind.IMAGE, WEBP)
    if content[4:8] == b"ftyp" and _brands(content) & BRANDS:
        return Found(Kind.IMAGE, HEIC)
    if content.startswith(b"%PDF-"):
        return Found(Kind.PDF, PDF)
    return None


def agrees(found: Found, ending: str) -> bool:
    """Whether a name with this ending may hold it: telephones and messengers swap the formats of pictures
    without renaming them, and what is shown is made anew; a picture is never a document."""
    return not ending or ending in ENDINGS[found.kind]


def is_two_things(content: bytes, found: Found) -> bool:
    """Whether other programs would take the same bytes for something else, such as an archive or a page."""
    if zipfile.is_zipfile(io.BytesIO(content)):
        return True
    if found.kind != Kind.PDF:
        # Whatever hides in a picture does not survive its being drawn anew.
        return False
    return any(mark in content[:HEAD].lower() for mark in MARKUP)


def ends_whole(content: bytes) -> bool:
    """Whether a PDF ends with its mark and blanks alone: one cut off, or with a tail, does not."""
    _body, mark, rest = content[-HEAD:].rpartition(b"%%EOF")
    return bool(mark) and not rest.strip(b"\r\n\t \0")


def _brands(content: bytes) -> set[bytes]:
    size = int.from_bytes(content[:4], "big")
    box = content[8 : min(max(size, 16), 256)]
    return {box[:4], *(box[at : at + 4] for at in range(8, len(box) - 3, 4))}
