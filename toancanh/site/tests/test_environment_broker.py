"""Settings of the outside broker, as the environment gives them."""

from __future__ import annotations

import pytest

from toancanh.kernel.exchange.broker.address import Address
from toancanh.site import environment


def test_without_a_url_there_is_no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BROKER_URL", raising=False)
    monkeypatch.setenv("BROKER_SHARE", "a/b")
    assert environment.broker() is None


def test_settings_make_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_URL", " mqtt://a ")
    monkeypatch.delenv("BROKER_SHARE", raising=False)
    assert environment.broker() == Address("a")
    monkeypatch.setenv("BROKER_SHARE", " ingest ")
    assert environment.broker() == Address("a", group="ingest")


def test_a_url_that_is_none_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_URL", "http://toan:secret@a")
    with pytest.raises(SystemExit, match="BROKER_URL") as ended:
        environment.broker()
    assert "secret" not in str(ended.value)


@pytest.mark.parametrize(
    ("name", "value"), [("BROKER_CA", "/nowhere/ca.crt"), ("BROKER_SHARE", "a/b"), ("BROKER_SHARE", "a" * 61)]
)
def test_a_bad_setting_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_URL", "mqtts://a")
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=name):
        environment.broker()
