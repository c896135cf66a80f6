"""The child process that sets a PDF: takes JSON on its input, gives the pages on its output. No Django.

The text of people is data to the template, never part of it: nothing that a commune types is a command.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

MEMORY = 2_000_000_000
SECONDS = 20


def document(said: str) -> bytes:
    """The pages, in fonts that come with the setter and hold every Vietnamese letter."""
    import typst  # slow to load, 80 MB

    made = typst.compile(
        (Path(__file__).parent / "report.typ").read_bytes(),
        ignore_system_fonts=True,
        sys_inputs={"said": said},
    )
    assert isinstance(made, bytes)
    return made


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    sys.stdout.buffer.write(document(sys.stdin.buffer.read().decode()))
