"""The child process that opens an answer: JSON as tables, anything else as a file is opened. No Django.

Its one argument is the path of the table that is wanted; empty: all there are.
"""

from __future__ import annotations

import sys
from typing import Any

from toancanh.kernel.exchange.feeds import trees
from toancanh.kernel.exchange.sheets import child
from toancanh.kernel.exchange.sheets.child import Fault

MOST_CELLS = 3_000_000


def opened(content: bytes, wanted: str) -> dict[str, Any]:
    """The tables of an answer, told apart by its content, never by its Content-Type."""
    head = content[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"<"):
        raise Fault("markup")
    if not head.startswith((b"{", b"[")):
        return child.book(content)
    found = trees.tables(trees.parsed(content), wanted or None)
    sheets: list[dict[str, Any]] = []
    cells = 0
    for name, rows in found:
        cells += len(rows) * max(map(len, rows), default=0)
        if sheets and cells > MOST_CELLS:
            break
        sheets.append(child.sheet(name, rows))
    if not sheets:
        raise Fault("no_records")
    return {"kind": "json", "encoding": "utf-8", "sheets": sheets}


if __name__ == "__main__":
    child.serve(lambda content: opened(content, sys.argv[1] if len(sys.argv) > 1 else ""))
