"""Certificates of a test's own, and a program that speaks HTTPS."""

from __future__ import annotations

import http.client
import ssl
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.running import READY, Program


def made(folder: Path, name: str, *names: str, days: int = 30) -> tuple[Path, Path]:
    """A certificate that signed itself, and its key, for these names (``DNS:…``, ``IP:…``)."""
    cert, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    facts = ["-subj", f"/CN={name}", "-days", str(days), "-addext", f"subjectAltName={','.join(names)}"]
    command = ["openssl", *words, *facts, "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    return cert, key


@dataclass
class Secure(Program):
    """An installation that people reach by HTTPS."""

    ca: Path = field(default=Path())
    """What its callers trust."""

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def ask(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body as a client gets them who trusts `ca` alone."""
        trust = ssl.create_default_context(cafile=str(self.ca))
        with closing(http.client.HTTPSConnection("localhost", self.port, timeout=20, context=trust)) as line:
            line.request("GET", path, headers=headers)
            answer = line.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, told, answer.read()

    def wait(self, seconds: float = READY) -> None:
        assert self.process is not None
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process.poll() is None, (self.folder / "log.txt").read_text()
            try:
                if self.ask("/readyz")[0] == 200:
                    return
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
        raise AssertionError(f"not ready after {seconds} s: {(self.folder / 'log.txt').read_text()}")


def shown(port: int, ca: Path, name: str = "localhost") -> str:
    """The serial number of the certificate that the port shows to a client that trusts ``ca``, by openssl."""
    words = ["s_client", "-connect", f"127.0.0.1:{port}", "-servername", name, "-CAfile", str(ca)]
    checks = ["-verify_return_error", "-verify_hostname", name]
    told = subprocess.run(
        ["openssl", *words, *checks], input=b"", capture_output=True, timeout=20, check=False
    )
    assert told.returncode == 0, told.stderr.decode()
    serial = ["openssl", "x509", "-noout", "-serial"]
    return subprocess.run(serial, input=told.stdout, capture_output=True, check=True).stdout.decode().strip()
