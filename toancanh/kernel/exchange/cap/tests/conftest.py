"""The peer of the feeds' tests, and messages as centres send them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.city import NOON, City, actor
from tests.web_peer import Peer, peer
from toancanh.kernel.declare import Actor
from toancanh.kernel.people import actions as people
from toancanh.kernel.runtime import clock
from toancanh.lib.cap.message import Alert, Area, Info, as_reference
from toancanh.lib.cap.writing import write

OPEN = "127.0.0.7"
SAMPLES = Path("toancanh/lib/cap/tests/samples")
SQUARE = ((16.0, 107.0), (16.1, 107.0), (16.1, 107.1), (16.0, 107.0))
STORM = Alert(
    identifier="KTTV-2026-11",
    sender="dubao@kttv.example.vn",
    sent=NOON - timedelta(minutes=10),
    status="Actual",
    msg_type="Alert",
    scope="Public",
    infos=(
        Info(
            language="vi-VN",
            categories=("Met",),
            event="Lũ trên sông Hương",
            response_types=("Prepare",),
            urgency="Expected",
            severity="Severe",
            certainty="Likely",
            expires=NOON + timedelta(hours=6),
            sender_name="Đài Khí tượng Thủy văn",
            headline="Lũ trên sông Hương lên mức báo động 2",
            description="Mực nước tại Kim Long đang lên.",
            instruction="Chuẩn bị kê cao tài sản.",
            areas=(Area(area_desc="Hạ lưu sông Hương", polygons=(SQUARE,)),),
        ),
    ),
)


def update(earlier: Alert = STORM, kind: str = "Update", minutes: int = 5, **more: Any) -> Alert:
    """What follows a message some minutes later."""
    sent = earlier.sent + timedelta(minutes=minutes)
    name = f"{earlier.identifier}-{kind}-{minutes}"
    return replace(
        earlier, identifier=name, sent=sent, msg_type=kind, references=(as_reference(earlier),), **more
    )


def atom(*entries: Alert | str) -> bytes:
    """A feed of messages, or of addresses where they stand."""
    said = []
    for one in entries:
        if isinstance(one, str):
            inner = f'<link type="application/cap+xml" href="{one}"/>'
        else:
            text = write(one).decode().partition("\n")[2]
            inner = f'<content type="application/cap+xml">{text}</content>'
        said.append(f"<entry>{inner}</entry>")
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{"".join(said)}</feed>'.encode()


@pytest.fixture(scope="package")
def service() -> Iterator[Peer]:
    """A server of somebody else's."""
    with peer(OPEN) as found:
        yield found


@pytest.fixture(autouse=True)
def own_house(service: Peer, settings: Any, tmp_path: Path) -> Iterator[None]:
    """The peer may be reached, keys lie in a folder of the test, and it is noon."""
    service.says.clear()
    service.heard.clear()
    settings.EGRESS_ALLOW = [f"{OPEN}/32"]
    settings.DATA = tmp_path
    with clock.set_to(NOON):
        yield


@pytest.fixture
def ada(city: City) -> Actor:
    """The administrator of everything."""
    return actor("ada", None, people.ADMINISTRATOR)
