"""Reports for tests, as a phone sends them."""

from __future__ import annotations

import io
import uuid
from typing import Any

from PIL import Image

from toancanh.domains.reports import actions, sending
from toancanh.domains.reports.actions import Sent

PHOTO_SIZE = (64, 48)


def key() -> str:
    """A key as a form makes one."""
    return str(uuid.uuid4())


def said(**more: str) -> dict[str, str]:
    """What a form brings: a drain in the west of the small city."""
    found = {"key": key(), "words": "Nắp cống vỡ trước số 12, rất nguy hiểm", "category": "water.drain"}
    return {**found, "lon": "107.05", "lat": "16.05", **more}


def send(photos: tuple[str, ...] = (), **more: Any) -> Sent:
    """Send it."""
    proof = more.pop("proof", "")
    return actions.send(sending.read(said(**more), list(photos), "vi"), proof=proof)


def photo(colour: str = "red") -> bytes:
    """A small photo."""
    made = io.BytesIO()
    Image.new("RGB", PHOTO_SIZE, colour).save(made, "JPEG")
    return made.getvalue()
