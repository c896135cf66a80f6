"""The service's root document: its sets, and what of the standard it does."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

from toancanh.kernel.exchange.sensorthings.entities import SETS
from toancanh.kernel.telemetry.devices.reach import AT_HOME

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
)
_OVER_MQTT: Final = (
    "create-observations-via-mqtt/observations-creation",
    "receive-updates-via-mqtt/receive-updates",
)
CONFORMANCE: Final = tuple(f"{_SPEC}/{name}" for name in (*_READING, *_WRITING))
OVER_MQTT: Final = tuple(f"{_SPEC}/{name}" for name in _OVER_MQTT)


def document(base: str) -> dict[str, Any]:
    """Where the sets are, which requirements of OGC 18-088 are met, and where MQTT is spoken."""
    told: dict[str, Any] = {"conformance": list(CONFORMANCE)}
    endpoint = _mqtt(urlsplit(base).hostname or "")
    if endpoint is not None:
        told["conformance"] += OVER_MQTT
        told |= {name: {"endpoints": [endpoint]} for name in OVER_MQTT}
    return {"value": [{"name": name, "url": f"{base}/{name}"} for name in SETS], "serverSettings": told}


def _mqtt(host: str) -> str | None:
    """The address of the MQTT door under that name; None where it is closed, or deaf to other machines."""
    mqtt = settings.MQTT
    if not mqtt or (mqtt.host in AT_HOME and host not in AT_HOME):
        return None
    told = f"[{host}]" if ":" in host else host
    return f"{'mqtts' if mqtt.certificate else 'mqtt'}://{told}:{mqtt.port}"
