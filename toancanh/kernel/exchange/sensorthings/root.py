"""The service's root document: its sets, and what of the standard it does."""

from __future__ import annotations

from typing import Any, Final

from toancanh.kernel.exchange.sensorthings.entities import SETS

_SPEC: Final = "http://www.opengis.net/spec/iot_sensing/1.1/req"
_KINDS: Final = (
    "thing",
    "location",
    "historical-location",
    "datastream",
    "sensor",
    "observed-property",
    "observation",
    "feature-of-interest",
)
_READING: Final = (
    "datamodel",
    *(f"datamodel/{kind}/{part}" for kind in _KINDS for part in ("properties", "relations")),
    "datamodel/entity-control-information/common-control-information",
    "resource-path",
    "resource-path/resource-path-to-entities",
    "request-data",
    *(
        f"request-data/{part}"
        for part in (
            "status-code",
            "query-status-code",
            "order",
            "expand",
            "select",
            "orderby",
            "top",
            "skip",
            "count",
            "filter",
            "built-in-filter-operations",
            "built-in-query-functions",
            "pagination",
        )
    ),
)
_WRITING: Final = (
    *(
        f"create-update-delete/{part}"
        for part in (
            "create-entity",
            "link-to-existing-entities",
            "deep-insert",
            "deep-insert-status-code",
            "update-entity",
            "update-entity-put",
            "update-entity-jsonpatch",
            "delete-entity",
            "historical-location-auto-creation",
            "historical-location-manual-creation",
        )
    ),
    "batch-request/batch-request",
    "data-array/data-array",
    "create-observations-via-mqtt/observations-creation",
    "receive-updates-via-mqtt/receive-updates",
)
CONFORMANCE: Final = tuple(f"{_SPEC}/{name}" for name in (*_READING, *_WRITING))


def document(base: str) -> dict[str, Any]:
    """Where the sets are, and which requirements of OGC 18-088 are met."""
    return {
        "value": [{"name": name, "url": f"{base}/{name}"} for name in SETS],
        "serverSettings": {"conformance": list(CONFORMANCE)},
    }
