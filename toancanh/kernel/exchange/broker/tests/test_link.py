"""One connection to a real mosquitto under the shipped configuration: promises, bounds, plain troubles."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mosquitto import PASSWORD, SHIPPED, Mosquitto
from tests.ports import free_port
from toancanh.kernel.exchange.broker import link as linking
from toancanh.kernel.exchange.broker import look as looking
from toancanh.kernel.exchange.broker.address import Address, parsed
from toancanh.kernel.exchange.broker.link import IN_FLIGHT, Link
from toancanh.kernel.exchange.broker.look import look
from toancanh.kernel.exchange.broker.tests.parts import (
    OldBroker,
    Taken,
    linked,
    ours,
    publish,
    until,
)
from toancanh.kernel.exchange.broker.troubles import HUNG_UP, UNSTEADY, Trouble, words

pytestmark = [pytest.mark.mosquitto, pytest.mark.xdist_group("mosquitto")]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("mosquitto")) as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("level", [5, 4])
def test_acknowledged_only_once_it_is_kept(broker: Mosquitto, level: int) -> None:
    """What was not acknowledged when the connection broke comes again over the next; what was, does not."""

    async def act() -> None:
        first, second, third = Taken(), Taken(), Taken()
        client = f"kept-{level}"
        async with linked(ours(broker), first, client, level=level):
            await asyncio.to_thread(publish, broker, "toancanh/a/level", "1")
            await until(lambda: first.payloads == [b"1"])
            first.gate.clear()
            await asyncio.to_thread(publish, broker, "toancanh/a/level", "2", "3")
            await until(lambda: len(first.messages) == 3)
        # Kept now, too late: the connection over which it came is no more.
        first.gate.set()
        async with linked(ours(broker), second, client, level=level):
            await until(lambda: second.payloads == [b"2", b"3"])
            second.answer = False
            await asyncio.to_thread(publish, broker, "toancanh/a/level", "4")
            await until(lambda: len(second.messages) == 3)
            # While nobody of us is there, the broker holds what comes.
        await asyncio.to_thread(publish, broker, "toancanh/a/level", "5")
        async with linked(ours(broker), third, client, level=level):
            await until(lambda: third.payloads == [b"4", b"5"])

    asyncio.run(act())


@pytest.mark.slow
def test_no_more_in_flight_than_we_said(broker: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    async def act() -> None:
        taken = Taken()
        taken.gate.clear()
        async with linked(ours(broker), taken, "bounded"):
            await asyncio.to_thread(publish, broker, "toancanh/a/level", *map(str, range(30)))
            await until(lambda: len(taken.messages) == 7)
            await asyncio.sleep(0.2)
            assert len(taken.messages) == 7
            taken.gate.set()
            await until(lambda: taken.payloads == [b"%d" % number for number in range(30)])

    assert IN_FLIGHT <= 1000
    monkeypatch.setattr(linking, "IN_FLIGHT", 7)
    asyncio.run(act())


def test_receipts_wait_for_room_and_the_newest_wins(tmp_path: Path) -> None:
    async def act(broker: Mosquitto) -> None:
        heard = Taken()
        gateway = parsed(broker.url("gateway"))
        link = Link(gateway, "gateway", heard)
        await link.open()
        await link.listen(["toancanh/+/ack"])
        taken = Taken()
        async with linked(ours(broker), taken) as own:
            for number in range(3):
                for thing in range(200):
                    own.post(f"toancanh/t{thing}/ack", b'{"seq":%d}' % number)
            await until(lambda: len({m.topic for m in heard.messages if b":2" in m.payload}) == 200)
            # The first few went at once; of all that had to wait, only the newest left.
            assert len(heard.messages) < 300
            assert taken.messages == []
        await link.close()

    # One connection may have no more than this on its way, also to the broker.
    with Mosquitto(tmp_path, more="") as broker:
        config = broker.folder / "mosquitto.conf"
        broker.kill()
        config.write_text(
            config.read_text().replace("max_inflight_messages 1000", "max_inflight_messages 20")
        )
        broker.start()
        asyncio.run(act(broker))


@pytest.mark.slow
def test_retained_messages_are_old_ones(broker: Mosquitto) -> None:
    async def act(level: int) -> None:
        taken = Taken()
        async with linked(ours(broker), taken, f"retained-{level}", level=level):
            await asyncio.to_thread(publish, broker, "toancanh/a/level", "6")
            await until(lambda: taken.payloads == [b"6"])

    said = ["mosquitto_pub", "-p", str(broker.port), "-u", "gateway", "-P", PASSWORD, "-r", "-q", "1"]
    subprocess.run([*said, "-t", "toancanh/old/level", "-m", "5"], check=True, timeout=30)
    for level in (5, 4):
        asyncio.run(act(level))


def test_the_newer_connection_of_a_name_wins(broker: Mosquitto) -> None:
    async def act() -> None:
        address = ours(broker)
        async with linked(address, Taken(), "twice") as first, linked(address, Taken(), "twice") as second:
            assert (await asyncio.wait_for(first.lost, 5)).code in ("lost", UNSTEADY)
            assert not first.is_open
            assert second.is_open

    asyncio.run(act())


@pytest.mark.slow
@pytest.mark.parametrize("refusal", [b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00", b""])
def test_a_broker_without_5_is_known_by_its_refusal(broker: Mosquitto, refusal: bytes) -> None:
    async def act() -> None:
        old = OldBroker(broker, refusal)
        async with old as address:
            with pytest.raises(Trouble) as caught:
                await Link(address, "old", Taken()).open()
            assert caught.value.code == HUNG_UP
            taken = Taken()
            async with linked(address, taken, "old", level=4):
                await asyncio.to_thread(publish, broker, "toancanh/a/level", "7")
                await until(lambda: taken.payloads == [b"7"])
            assert old.levels == [5, 4]

    asyncio.run(act())


def trouble_of(address: Address, level: int = 5) -> Trouble:
    async def act() -> Trouble:
        link = Link(address, "troubled", Taken(), level=level)
        with pytest.raises(Trouble) as caught:
            await link.open()
        assert not link.is_open
        return caught.value

    return asyncio.run(act())


@pytest.mark.parametrize("level", [5, 4])
def test_a_wrong_password_is_called_one(broker: Mosquitto, level: int) -> None:
    trouble = trouble_of(parsed(broker.url(password="wrong")), level)
    assert trouble.code == "refused"
    said = words(trouble.code, trouble.said, address=str(ours(broker)), user="toancanh")
    assert "toancanh" in said.what
    assert "BROKER_URL" in said.mend


def test_an_absent_broker_is_called_unreachable() -> None:
    trouble = trouble_of(Address("127.0.0.1", free_port()))
    assert trouble.code == "unreachable"
    assert trouble.said == "Connection refused"
    assert trouble_of(Address("no-such-host.invalid")).code == "unreachable"


@pytest.mark.slow
def test_what_is_no_broker_is_called_so() -> None:
    async def act() -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            address = Address("127.0.0.1", server.sockets[0].getsockname()[1])
            link = Link(address, "lost", Taken(), patience=0.5)
            with pytest.raises(Trouble) as caught:
                await link.open()
            assert caught.value.code in ("odd", "unreachable")

    asyncio.run(act())


class TestTls:
    """A broker that speaks TLS under a certificate of an authority of its own."""

    @pytest.fixture(scope="class")
    @classmethod
    def secured(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
        folder = tmp_path_factory.mktemp("tls")
        make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        make += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        make += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "ca.pem")]
        subprocess.run(make, check=True, capture_output=True, timeout=60)
        more = f"certfile {folder}/ca.pem\nkeyfile {folder}/key.pem\n"
        with Mosquitto(folder / "broker", more=more) as running:
            yield running

    def address(self, secured: Mosquitto) -> Address:
        return replace(ours(secured), host="localhost", is_tls=True)

    def test_the_named_authority_is_trusted(self, secured: Mosquitto) -> None:
        async def act() -> None:
            address = replace(self.address(secured), authority=secured.folder.parent / "ca.pem")
            async with linked(address, Taken(), "safe") as link:
                assert link.is_open

        asyncio.run(act())

    def test_another_one_is_not(self, secured: Mosquitto) -> None:
        trouble = trouble_of(self.address(secured))
        assert trouble.code == "certificate"
        assert "self" in trouble.said
        assert "BROKER_CA" in words(trouble.code).mend

    def test_the_name_must_be_the_certificates(self, secured: Mosquitto) -> None:
        authority = secured.folder.parent / "ca.pem"
        address = replace(self.address(secured), host="127.0.0.1", authority=authority)
        assert trouble_of(address).code == "certificate"

    def test_no_authority_is_told(self, secured: Mosquitto) -> None:
        address = replace(self.address(secured), authority=secured.folder / "mosquitto.conf")
        assert trouble_of(address).code in ("certificate", "tls")

    def test_plain_where_tls_is_wanted(self, secured: Mosquitto) -> None:
        assert trouble_of(replace(self.address(secured), is_tls=False)).code == HUNG_UP

    def test_tls_where_plain_is_spoken(self, broker: Mosquitto) -> None:
        assert trouble_of(replace(ours(broker), is_tls=True)).code == "tls"


class TestAccessList:
    """Mosquitto says nothing to whom its list forbids."""

    def test_the_shipped_one_lets_us_hear_and_tell(self, broker: Mosquitto) -> None:
        assert look(ours(broker)) is None

    @pytest.mark.slow
    @pytest.mark.parametrize("line", ["topic read toancanh/+/+", "topic write toancanh/+/ack"])
    def test_one_without_us_is_noticed(
        self, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(looking, "PATIENCE", 1.0)
        broker = Mosquitto(tmp_path)
        rules = broker.folder / "toancanh.acl"
        rules.write_text(rules.read_text().replace(f"{line}\n", "", 1))
        with broker:
            told = look(ours(broker))
        assert told is not None
        assert told.code == "broker_acl"

    @pytest.mark.slow
    def test_devices_publish_and_hear_only_their_own(self, broker: Mosquitto, tmp_path: Path) -> None:
        with Mosquitto(tmp_path, users=("toancanh", "gateway", "t1", "t2")) as own:

            async def act() -> None:
                taken, heard = Taken(), Taken()
                device = Link(parsed(own.url("t1")), "device", heard)
                await device.open()
                await device.listen(["#"])
                async with linked(ours(own), taken) as link:
                    for topic in ("toancanh/t1/level", "toancanh/t2/level"):
                        await asyncio.to_thread(publish, own, topic, "1", user="t1")
                    for thing in ("t1", "t2"):
                        link.post(f"toancanh/{thing}/ack", b'{"seq":1}')
                        link.post(f"toancanh/{thing}/cmd", b"{}")
                    await asyncio.to_thread(publish, own, "toancanh/t2/cmd/ack", "{}", user="t1")
                    await asyncio.to_thread(publish, own, "toancanh/t2/level", "2", user="gateway")
                    await until(lambda: len(taken.messages) == 2)
                    await until(lambda: len(heard.messages) == 2)
                    await asyncio.sleep(0.2)
                assert [m.topic for m in taken.messages] == ["toancanh/t1/level", "toancanh/t2/level"]
                assert taken.payloads == [b"1", b"2"]
                assert {m.topic for m in heard.messages} == {"toancanh/t1/ack", "toancanh/t1/cmd"}
                await device.close()

            asyncio.run(act())


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_handbook_shows_what_is_tested_here(language: str) -> None:
    page = (SHIPPED.parents[1] / "docs" / "handbook" / language / "broker.md").read_text()
    for name in ("toancanh.conf", "toancanh.acl"):
        assert (SHIPPED / name).read_text() in page
