"""A mosquitto of the tests' own, configured by the very files that we ship."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.ports import free_port

SHIPPED = Path(__file__).resolve().parents[1] / "deploy" / "mosquitto"
PASSWORD = "a password of the tests"
OURS = "toancanh"
WAIT = 10.0


def mosquitto_available() -> str | None:
    """None when the tests can start a broker here, else the reason why not."""
    return None if program() else "no mosquitto (Debian: apt-get install mosquitto mosquitto-clients)"


def program() -> str | None:
    """Debian keeps it where only root looks."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


@dataclass
class Mosquitto:
    """One broker: its folder, its port, and the process while it runs."""

    folder: Path
    users: tuple[str, ...] = (OURS, "gateway")
    more: str = ""
    """Lines beyond the files that we ship, such as those of TLS."""
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(SHIPPED / "toancanh.acl", self.folder)
        own = self._own((SHIPPED / "toancanh.conf").read_text())
        # What Debian's own file says, with the folder of the test.
        debian = (
            f"persistence true\npersistence_location {self.folder}/\nuser root\nlog_dest file {self.log}\n"
        )
        (self.folder / "mosquitto.conf").write_text(debian + own + self.more)
        (self.folder / "toancanh.passwd").write_text("".join(f"{user}:{PASSWORD}\n" for user in self.users))
        subprocess.run(["mosquitto_passwd", "-U", str(self.folder / "toancanh.passwd")], check=True)

    def _own(self, text: str) -> str:
        """The shipped file, with the port and the folder of the test."""
        assert "listener 1883 127.0.0.1\n" in text
        own = text.replace("listener 1883 127.0.0.1\n", f"listener {self.port} 127.0.0.1\n")
        return own.replace("/etc/mosquitto/", f"{self.folder}/")

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / "mosquitto.log"

    @property
    def saved_at(self) -> float:
        """When it last wrote down what it holds; 0 before the first time."""
        written = self.folder / "mosquitto.db"
        return written.stat().st_mtime if written.exists() else 0.0

    def url(self, user: str = OURS, password: str = PASSWORD) -> str:
        """What BROKER_URL is to be."""
        return f"mqtt://{user}:{password.replace(' ', '%20')}@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and wait until it listens."""
        found = program()
        assert found is not None, mosquitto_available()
        command = [found, "-c", str(self.folder / "mosquitto.conf")]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + WAIT
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                said = self.log.read_text() if self.log.exists() else ""
                assert self.process.poll() is None, f"mosquitto ended at its start: {said}"
                assert time.monotonic() < end, f"mosquitto does not listen: {said}"
                time.sleep(0.01)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """End it properly: it writes down what it holds."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(WAIT)
            except subprocess.TimeoutExpired:
                self.kill()

    def __enter__(self) -> Mosquitto:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
