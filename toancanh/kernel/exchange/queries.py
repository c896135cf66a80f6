"""Which locality this installation serves, and whose data it shows."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language

from toancanh.kernel.exchange.models import Pack


def home() -> Pack | None:
    """The pack of the locality served: the first that was loaded with a unit of its own."""
    return Pack.objects.filter(unit__isnull=False).select_related("unit").order_by("pk").first()


def sources() -> list[str]:
    """Whose data is shown, each line once, in the order in which packs were loaded."""
    lines: dict[str, None] = {}
    for pack in Pack.objects.order_by("pk"):
        lines.update(dict.fromkeys(pack.sources))
    return list(lines)


def locality() -> dict[str, Any]:
    """The place served, in the reader's language; the product's own name before a pack is loaded."""
    pack = home()
    if pack is None or pack.unit is None:
        return {"name": "Toàn Cảnh", "code": "", "path": ""}
    name = pack.title_en if get_language() == "en" else pack.title
    return {"name": name, "code": pack.unit.code, "path": pack.unit.path}
