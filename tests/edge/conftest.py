"""The real program on a port of its own, with Huế loaded, for a module's tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import running
from tests.running import Program


@dataclass
class House:
    """A running program and a token that may write every thing."""

    program: Program
    token: str

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.program.port

    @property
    def pid(self) -> int:
        """Its process."""
        assert self.program.process is not None
        return self.program.process.pid


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One program for the tests of a module; they leave it as they found it."""
    with running.city(Path(tmp_path_factory.mktemp("edge")), "hue") as program:
        yield House(program, program.token("edge"))
