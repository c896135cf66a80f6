"""BROKER_URL: what it names, and that its password is told to nobody."""

from __future__ import annotations

import pytest

from toancanh.kernel.exchange.broker.address import Address, BadAddress, parsed


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://broker.hue.vn", Address("broker.hue.vn")),
        ("mqtts://broker.hue.vn", Address("broker.hue.vn", 8883, True)),
        ("mqtt://toan:c%40nh%2F@10.0.0.1:1884/", Address("10.0.0.1", 1884, False, "toan", "c@nh/")),
        ("mqtt://[::1]:1883", Address("::1", 1883)),
    ],
)
def test_an_address_is_read(url: str, expected: Address) -> None:
    assert parsed(url) == expected


@pytest.mark.parametrize(
    "url",
    ["broker.hue.vn", "http://a", "mqtt://", "mqtt://u:secret@a:0", "mqtt://a:99999", "mqtt://a/x"],
)
def test_what_is_no_address_is_refused_without_telling_it(url: str) -> None:
    with pytest.raises(BadAddress) as caught:
        parsed(url)
    assert str(caught.value) == ""


def test_the_password_is_never_shown() -> None:
    address = parsed("mqtts://toan:secret@broker.hue.vn")
    assert str(address) == "mqtts://broker.hue.vn:8883"
    assert "secret" not in repr(address)
    assert str(parsed("mqtt://[::1]")) == "mqtt://[::1]:1883"
