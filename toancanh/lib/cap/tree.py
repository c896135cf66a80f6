"""XML of strangers as a small tree, within bounds: no document type, no entities, nothing fetched.

Built on expat alone, which decodes UTF-8, UTF-16 and whatever one-byte encoding Python knows. What a document
type could do (bombs of entities, files of ours read in) is refused with the document type itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from unicodedata import normalize
from xml.parsers import expat

MAX_BYTES = 5 * 1024 * 1024
MAX_DEPTH = 30
MAX_ELEMENTS = 50_000
_SPACE = " \t\r\n"


class Unreadable(Exception):
    """Why nothing could be read; whoever shows it has the sentence for the code."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code, facts)
        self.code = code
        self.facts = facts


@dataclass
class Node:
    """One element; ``text`` is what stands directly in it, without the space around."""

    namespace: str
    name: str
    line: int
    attributes: Mapping[str, str]
    start: int = 0
    """Where it begins in the document, in bytes …"""
    end: int = 0
    """… and where its end tag does."""
    children: list[Node] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What stands directly in it, letters composed."""
        return normalize("NFC", "".join(self.pieces)).strip(_SPACE)

    def within(self, name: str, namespace: str | None = None) -> Iterator[Node]:
        """The elements of that name directly in it, of its own namespace unless one is given."""
        wanted = self.namespace if namespace is None else namespace
        return (one for one in self.children if one.name == name and one.namespace == wanted)


class _Builder:
    def __init__(self) -> None:
        self.root: Node | None = None
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self._open: list[Node] = []
        self._count = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise Unreadable("too_many_elements", most=MAX_ELEMENTS)
        if len(self._open) >= MAX_DEPTH:
            raise Unreadable("too_deep", most=MAX_DEPTH)
        namespace, _space, local = name.rpartition(" ")
        parser = self.parser
        node = Node(namespace, local, parser.CurrentLineNumber, attributes, parser.CurrentByteIndex)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def _end(self, _name: str) -> None:
        self._open.pop().end = self.parser.CurrentByteIndex

    def _text(self, text: str) -> None:
        self._open[-1].pieces.append(text)

    def _doctype(self, *_said: object) -> None:
        raise Unreadable("doctype")


def parsed(content: bytes, most: int = MAX_BYTES) -> Node:
    """The outermost element; raises Unreadable."""
    if len(content) > most:
        raise Unreadable("too_large", most=most)
    if not content.strip():
        raise Unreadable("empty")
    builder = _Builder()
    try:
        # In one piece: read in parts, one long token would be looked at again with each.
        builder.parser.Parse(content, True)
    except expat.ExpatError as fault:
        known = {expat.errors.codes[expat.errors.XML_ERROR_UNKNOWN_ENCODING],
                 expat.errors.codes[expat.errors.XML_ERROR_INCORRECT_ENCODING]}  # fmt: skip
        if fault.code in known:
            raise Unreadable("bad_encoding") from fault
        said = expat.ErrorString(fault.code) or ""
        raise Unreadable("not_xml", line=fault.lineno, column=fault.offset + 1, fault=said) from fault
    except (LookupError, ValueError, UnicodeError) as fault:
        # An encoding that Python does not know, or one of several bytes a letter.
        raise Unreadable("bad_encoding") from fault
    if builder.root is None:
        raise Unreadable("empty")
    return builder.root
