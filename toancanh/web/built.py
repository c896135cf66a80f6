"""Knows which hashed file stands for which asset, and which icon files there are."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

HERE = Path(__file__).resolve().parent
MANIFEST = HERE / "static" / "web" / "manifest.json"
ICONS = HERE / "icons"


class AssetsMissing(ImproperlyConfigured):
    """The front end has not been built in this checkout."""


@lru_cache(maxsize=2)
def _read(path: Path, changed_ns: int) -> dict[str, str]:
    """One parse for each build: the modification time is part of the key."""
    names: dict[str, str] = json.loads(path.read_text("utf-8"))
    return names


def asset_file(name: str, manifest: Path | None = None) -> str:
    """The hashed file name of an asset, such as app.js -> app-5HXQ.js."""
    path = manifest or MANIFEST
    try:
        names = _read(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        raise AssetsMissing(f"The front end is not built (no {path}): run `toancanh web build`.") from None
    try:
        return names[name]
    except KeyError:
        known = ", ".join(sorted(names))
        raise AssetsMissing(f"No asset {name!r}, only {known}: run `toancanh web build`.") from None


@lru_cache(maxsize=512)
def icon_body(name: str) -> str:
    """The drawing inside one icon's <svg>, as @tabler/icons draws it."""
    path = ICONS / f"{name}.svg"
    if not name.replace("-", "").isalnum() or not path.is_file():
        raise AssetsMissing(f"No icon {name!r}: add it to assets/icons.txt and run `node assets/icons.mjs`.")
    return path.read_text("utf-8").strip()
