"""Under which address others find the pages, and messages lead to them."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from toancanh.site.listening import Listening

CERT, KEY, PROXIES = Path("c"), Path("k"), (ip_network("10.0.0.0/8"),)


@pytest.mark.parametrize(
    ("known", "public", "beyond"),
    [
        (Listening(), "http://localhost:8000/", ""),
        (Listening(names=("ioc.vn",)), "http://localhost:8000/", ""),
        (Listening("0.0.0.0", ("ioc.vn",), CERT, KEY), "https://ioc.vn:8000/", "https://ioc.vn:8000"),
        (Listening("0.0.0.0", ("*", ".vn")), "https://localhost:8000/", ""),
        (Listening(names=("*", "ioc.vn"), proxies=PROXIES), "https://ioc.vn/", "https://ioc.vn"),
        (Listening("0.0.0.0", ("2001:db8::1",)), "https://[2001:db8::1]:8000/", "https://[2001:db8::1]:8000"),
    ],
)  # fmt: skip
def test_messages_lead_here_only_where_others_can_follow(known: Listening, public: str, beyond: str) -> None:
    assert (known.public_url(8000), known.beyond(8000)) == (public, beyond)
