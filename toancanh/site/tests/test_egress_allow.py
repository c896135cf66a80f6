"""Which closed networks the host's administrator opens by the environment."""

from __future__ import annotations

import pytest

from toancanh.site import environment


def test_administrator_opens_networks_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGRESS_ALLOW", " 127.0.0.0/8, ::1/128 ")
    assert environment.egress_allow() == ("127.0.0.0/8", "::1/128")
    monkeypatch.setenv("EGRESS_ALLOW", "127.0.0.1/8")
    with pytest.raises(SystemExit, match="EGRESS_ALLOW"):
        environment.egress_allow()
    monkeypatch.delenv("EGRESS_ALLOW")
    assert environment.egress_allow() == ()
