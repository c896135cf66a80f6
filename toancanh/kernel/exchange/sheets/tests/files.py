"""Files as offices make them, written anew for each test."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from collections.abc import Sequence
from typing import Any

import xlsxwriter

from toancanh.kernel.exchange.sheets.text import TCVN3

TONES = "\u0300\u0301\u0303\u0309\u0323"


def workbook(sheets: dict[str, Sequence[Sequence[Any]]]) -> bytes:
    """An .xlsx; datetimes become dates of Excel."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"default_date_format": "dd/mm/yyyy hh:mm", "strings_to_formulas": False})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if value is not None:
                    sheet.write(number, column, value)
    book.close()
    return out.getvalue()


def changed(content: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """The workbook with some bytes of one part replaced."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as given,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for name in given.namelist():
            body = given.read(name)
            if name == part:
                assert old in body
                body = body.replace(old, new)
            made.writestr(name, body)
    return out.getvalue()


def opendocument(rows: Sequence[Sequence[str | float]]) -> bytes:
    """An .ods of one sheet."""
    lines = []
    for row in rows:
        cells = ""
        for value in row:
            kind = f'float" office:value="{value}' if isinstance(value, int | float) else "string"
            cells += (
                f'<table:table-cell office:value-type="{kind}"><text:p>{value}</text:p></table:table-cell>'
            )
        lines.append(f"<table:table-row>{cells}</table:table-row>")
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces}><office:body>'
        f'<office:spreadsheet><table:table table:name="Trang1">{"".join(lines)}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0"?><manifest:manifest'
        ' xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("mimetype", kind)
        made.writestr("content.xml", content)
        made.writestr("META-INF/manifest.xml", manifest)
    return out.getvalue()


def windows_1258(text: str) -> bytes:
    """As old Windows saves Vietnamese: tones as letters of their own."""
    out = b""
    for letter in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", letter)
        base = unicodedata.normalize("NFC", "".join(part for part in parts if part not in TONES))
        out += base.encode("cp1258") + "".join(part for part in parts if part in TONES).encode("cp1258")
    return out


def tcvn3(text: str) -> bytes:
    """As still older programs save it."""
    byte = {letter: number for number, letter in TCVN3.items()}
    return bytes(byte.get(letter, ord(letter)) for letter in text)
