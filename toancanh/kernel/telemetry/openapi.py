"""Writes the observations door into the API document: it stands beside Django, the document is one."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI

ROW = {
    "type": "object",
    "additionalProperties": False,
    "required": ["thing", "series", "time", "value"],
    "properties": {
        "thing": {"type": "string", "description": "Code of the thing", "example": "hue-kim-long"},
        "series": {"type": "string", "example": "level"},
        "time": {"type": "string", "format": "date-time", "description": "RFC 3339 with offset"},
        "value": {"type": "number"},
        "correction": {
            "type": "boolean",
            "default": False,
            "description": "Replace what is kept at that time",
        },
        "seq": {
            "type": "integer",
            "minimum": 0,
            "description": "Number of the device's own: what is missing is noticed, what is kept is told",
        },
    },
}
REJECTED = {
    "type": "object",
    "required": ["index", "code", "reason"],
    "properties": {
        "index": {"type": "integer", "description": "Position in the list sent, from 0"},
        "code": {
            "type": "string",
            "enum": ["unknown_thing", "unknown_series", "forbidden", "future", "too_old", "conflict"],
        },
        "reason": {"type": "string"},
    },
}
ANSWER = {
    "type": "object",
    "required": ["accepted", "rejected"],
    "properties": {
        "accepted": {"type": "integer"},
        "rejected": {"type": "array", "items": REJECTED},
        "kept": {
            "type": "object",
            "additionalProperties": {"type": "integer"},
            "description": "Of things whose rows were numbered: all to this number are kept",
        },
    },
}
FAULTS = {
    "400": "Wrong shape or type: nothing was kept",
    "401": "No token, or one that is unknown, expired or revoked",
    "408": "The body came too slowly",
    "409": "The Idempotency-Key was used with another body",
    "413": "More than 8 MB or 50,000 rows",
    "429": "More than the token's rate",
    "503": "Too busy, or the database is away: nothing was kept, send again after Retry-After",
    "507": "The disk is full: nothing was kept, send again later",
}


def operation() -> dict[str, Any]:
    """The POST operation as OpenAPI 3.1 has it."""
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses: dict[str, Any] = {
        "200": {"description": "Committed to disk", "content": {"application/json": {"schema": ANSWER}}}
    }
    responses.update({code: {"description": text, "content": problem} for code, text in FAULTS.items()})
    return {
        "operationId": "post_observations",
        "tags": ["observations"],
        "summary": "Send readings",
        "description": "Answered after the commit: accepted means kept. An identical repeat is accepted.",
        "security": [{"token": []}],
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "maxLength": 255},
                "description": "The same key with the same body is answered as the first time, for 24 hours",
            }
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "array", "maxItems": 50_000, "items": ROW}}},
        },
        "responses": responses,
    }


def document(api: NinjaAPI) -> None:
    """Let the API's own document tell of the door too."""
    made = api.get_openapi_schema

    def schema(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the framework's own signature
        found = made(*args, **kwargs)
        found["paths"]["/api/v1/observations"] = {"post": operation()}
        components = found.setdefault("components", {})
        components.setdefault("securitySchemes", {})["token"] = {"type": "http", "scheme": "bearer"}
        return found

    api.get_openapi_schema = schema  # type: ignore[method-assign]
