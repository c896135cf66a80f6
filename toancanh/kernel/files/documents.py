"""PDFs looked through: whole, not locked, nothing in them that acts. Runs in the child process. No Django."""

from __future__ import annotations

import io
import logging

from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject

from toancanh.kernel.files.messages import Bad, Good

MOST_OBJECTS = 150_000
MOST_PAGES = 3_000
ACTS = {"/JS", "/JavaScript", "/EmbeddedFile", "/EmbeddedFiles", "/RichMedia", "/XFA", "/RichMediaContent"}
"""Keys of scripts, forms that are programs, and files within the file."""
DOES = {"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/GoToE", "/Rendition"}
"""Actions (``/S``) other than going to a page or an address."""
HOLDS = {"/FileAttachment", "/RichMedia", "/Screen", "/Movie", "/Sound", "/3D"}
"""Notes on a page (``/Subtype``) that hold something that runs or plays."""
DAMAGED = (PyPdfError, OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError,
           AssertionError, NotImplementedError, OverflowError)  # fmt: skip


def prepare() -> None:
    """Say nothing of oddities: what is wrong with a stranger's file is no line in our log."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    writer = PdfWriter()
    writer.add_blank_page(72, 72)
    into = io.BytesIO()
    writer.write(into)
    # What pypdf loads late, it loads here.
    check(into.getvalue())


def check(content: bytes) -> Good | Bad:
    """Whether the document may be handed on as it is."""
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            return Bad("locked")
        pages = len(reader.pages)
        if pages > MOST_PAGES:
            return Bad("too_long")
        # Of each page what it shows must be there; a count alone is easily written.
        if not pages or not all("/Type" in page for page in reader.pages):
            return Bad("damaged")
        return _walk(reader)
    except DAMAGED:
        return Bad("damaged")


def _walk(reader: PdfReader) -> Good | Bad:
    """Every object that can be reached from the root of the document."""
    waiting: list[object] = [reader.trailer["/Root"]]
    seen: set[tuple[int, int]] = set()
    looked = 0
    while waiting:
        one = waiting.pop()
        if isinstance(one, IndirectObject):
            if (one.idnum, one.generation) in seen:
                continue
            seen.add((one.idnum, one.generation))
            one = one.get_object()
        looked += 1
        if looked > MOST_OBJECTS * 4 or len(seen) > MOST_OBJECTS:
            return Bad("too_long")
        if isinstance(one, DictionaryObject):
            if _acts(one):
                return Bad("acts")
            waiting += [value for value in one.values() if _is_more(value)]
        elif isinstance(one, ArrayObject):
            waiting += [value for value in one if _is_more(value)]
    return Good()


def _acts(one: DictionaryObject) -> bool:
    if not ACTS.isdisjoint(one):
        return True
    does, holds = (
        one.raw_get("/S") if "/S" in one else None,
        one.raw_get("/Subtype") if "/Subtype" in one else None,
    )
    return (isinstance(does, NameObject) and does in DOES) or (
        isinstance(holds, NameObject) and holds in HOLDS
    )


def _is_more(value: object) -> bool:
    return isinstance(value, IndirectObject | DictionaryObject | ArrayObject)
