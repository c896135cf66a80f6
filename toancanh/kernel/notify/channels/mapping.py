"""How a gateway is spoken to, as an administrator writes it down: templates out, paths and words back in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote

import msgspec
from django.utils.translation import gettext as _

from toancanh.lib.errors import Refused

HOLE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,60}")
FORMATS = {"json": "application/json", "form": "application/x-www-form-urlencoded", "xml": "text/xml"}


def filled(template: str, words: Mapping[str, str], how: str) -> str:
    """The template with its holes filled, each value written as the format ``how`` needs it."""
    return HOLE.sub(lambda hole: _written(words[hole[1]], how), template)


def _written(text: str, how: str) -> str:
    if how == "json":
        return msgspec.json.encode(text).decode()[1:-1]
    if how in ("form", "url"):
        return quote(text, safe="")
    if how == "xml":
        marks = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"))
        for mark, said in marks:
            text = text.replace(mark, said)
        return text
    return text


def check(template: str, holes: Sequence[str], how: str) -> None:
    """Raise Refused for a template with unknown holes, or of which no JSON would come."""
    unknown = sorted({hole for hole in HOLE.findall(template) if hole not in holes})
    if unknown:
        told = _("Nothing is known as {%(name)s}; there are: %(names)s.")
        names = ", ".join(f"{{{name}}}" for name in holes)
        raise Refused(told % {"name": unknown[0], "names": names}, "bad_template")
    if how == "json" and template:
        try:
            msgspec.json.decode(filled(template, dict.fromkeys(holes, 'a"b\\'), how))
        except msgspec.DecodeError as fault:
            told = _("The template is no JSON once its holes are filled: %(fault)s")
            raise Refused(told % {"fault": str(fault)[:150]}, "bad_template") from fault


def headers(lines: str, words: Mapping[str, str]) -> dict[str, str]:
    """Headers, one a line; raises Refused."""
    found: dict[str, str] = {}
    for line in lines.splitlines():
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        if not colon or not HEADER.fullmatch(name.strip()):
            told = _("“%(line)s” is no header; write it like X-Api-Key: {secret}")
            raise Refused(told % {"line": line[:60]}, "bad_header")
        said = filled(value.strip(), words, "plain")
        if not (said.isascii() and said.isprintable()):
            raise Refused(
                _("The header %(name)s holds what no header may hold.") % {"name": name}, "bad_header"
            )
        found[name.strip()] = said
    return found


def read(body: bytes, content_type: str = "") -> Any:  # noqa: ANN401 - whatever the other side says
    """An answer or a receipt as a tree: JSON, a form, or its text."""
    if body[:1] in (b"{", b"["):
        try:
            return msgspec.json.decode(body)
        except msgspec.DecodeError:
            return body.decode("utf-8", "replace")
    text = body.decode("utf-8", "replace").strip()
    if "urlencoded" in content_type:
        return dict(parse_qsl(text))
    return text


def at(tree: Any, path: str) -> str:  # noqa: ANN401 - as above
    """What stands at a path such as ``data.0.id``, as text; ``.`` is the whole; empty where nothing does."""
    found = tree
    for step in [] if path == "." else path.split("."):
        if isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(found, Sequence) and not isinstance(found, str) and step.isdigit():
            found = found[int(step)] if int(step) < len(found) else None
        else:
            return ""
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found).strip() if isinstance(found, str | int | float) else ""


def words(line: str) -> frozenset[str]:
    """Values that are listed with commas, in lower case."""
    return frozenset(word.strip().casefold() for word in line.split(",") if word.strip())
