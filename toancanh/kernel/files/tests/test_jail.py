"""What code in a decoder could do: tried in a process that went into the jail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BY_LIMITS = {
    "read a file": "open('/etc/hostname').read()",
    "write a file": "open({here!r}, 'w').write('x')",
    "list a folder": "os.listdir('/')",
    "call out": "socket.create_connection(('127.0.0.1', 9))",
    "take much memory": "bytearray(1_600_000_000)",
    "open a file in place of another": "os.close(0); os.open('/etc/hostname', os.O_RDONLY)",
    "speak in place of another": "os.close(0); socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
}
BY_LANDLOCK = {
    "start a program": "os.execv('/bin/true', ['true'])",
    "remove a file": "os.unlink({here!r})",
    "end its parent": "os.kill(os.getppid(), 0)",
}


def run(code: str) -> tuple[bool, str]:
    """Whether the kernel has closed the file system, and what the code came to."""
    # What Python itself loads late is loaded before, as the child does.
    program = (
        "import os, socket\n"
        "from toancanh.kernel.files import jail\n"
        "print(jail.enter(), flush=True); jail.begin()\n"
        f"try:\n    {code}\n"
        "except (OSError, MemoryError) as fault:\n    print('no')\n"
        "else:\n    print('yes')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    closed, *said = done.stdout.split()
    return closed == "True", " ".join(said) or done.stderr


@pytest.mark.parametrize("what", [*BY_LIMITS, *BY_LANDLOCK])
def test_decoder_cannot(what: str, tmp_path: Path) -> None:
    here = tmp_path / "x"
    here.write_text("mine")
    code = {**BY_LIMITS, **BY_LANDLOCK}[what]
    is_closed, said = run(code.format(here=str(here)))
    if what in BY_LANDLOCK and not is_closed:
        pytest.skip("this kernel knows no Landlock")
    assert said == "no"
    assert here.read_text() == "mine"


@pytest.mark.slow
def test_decoder_can_still_compute_and_answer() -> None:
    assert run("print(sum(bytearray(50_000_000)))")[1] == "0 yes"
