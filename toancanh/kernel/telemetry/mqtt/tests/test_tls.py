"""The door behind TLS."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from pathlib import Path

import pytest

from toancanh.kernel.telemetry.mqtt.tests.house import Device, House, run, seconds_ago, written
from toancanh.kernel.telemetry.store import open_store


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate of its own for localhost, and the context of a server that shows it."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = ["openssl", *words, *names, "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return cert, context


@pytest.mark.slow
@pytest.mark.clients
def test_mosquitto_pub_over_tls(tmp_path: Path) -> None:
    cert, context = certificate(tmp_path)
    store = open_store(str(tmp_path / "telemetry.db"))
    house = House(store, tls=context)

    async def publish(*words: str) -> int:
        sign_in = ["-h", "localhost", "-p", str(house.port), "-u", "device", "-P", "device secret"]
        what = ["-q", "1", "-t", "toancanh/a/level", "-m", "1.5"]
        process = await asyncio.create_subprocess_exec(
            "mosquitto_pub", *sign_in, *what, *words, stderr=asyncio.subprocess.DEVNULL
        )
        return await asyncio.wait_for(process.wait(), 20)

    async def act() -> None:
        assert await publish("--cafile", str(cert)) == 0
        assert house.kept() == [1.5]
        assert await publish() != 0, "without TLS at a door that speaks it"

    run(house, act)
    store.close()


@pytest.mark.slow
def test_large_lists_and_their_acknowledgements_go_through_tls(tmp_path: Path) -> None:
    cert, context = certificate(tmp_path)
    store = open_store(str(tmp_path / "telemetry.db"))
    house = House(store, tls=context)

    async def act() -> None:
        trust = ssl.create_default_context(cafile=str(cert))
        reader, writer = await asyncio.open_connection("localhost", house.port, ssl=trust)
        device = Device(reader, writer, 4)
        await device.signed_in()
        newest = seconds_ago(0)
        for first in range(0, 20_000, 2_000):
            rows = b",".join(written(1, newest - n) for n in range(first, first + 2_000))
            number = device.publish("toancanh/a/level", b"[%s]" % rows)
            assert await device.acked() == (number, 0)

    run(house, act)
    assert len(house.kept()) == 20_000
    store.close()
