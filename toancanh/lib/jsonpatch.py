"""JSON Patch (RFC 6902): a list of operations that turns one JSON document into another."""

from __future__ import annotations

import copy
from typing import Any

Json = Any
"""What `json` decodes to."""

OPERATIONS = {
    "add": {"value"},
    "remove": set(),
    "replace": {"value"},
    "move": {"from"},
    "copy": {"from"},
    "test": {"value"},
}


class PatchFault(ValueError):
    """An operation is not as the RFC has it, or does not fit the document; the text says which and why."""


def apply(document: Json, patch: Json) -> Json:
    """The document after all operations; the one given stays as it is. Raises PatchFault."""
    if not isinstance(patch, list):
        raise PatchFault("a JSON Patch is a list of operations")
    whole = copy.deepcopy(document)
    for number, operation in enumerate(patch):
        try:
            whole = _apply(whole, operation)
        except PatchFault as fault:
            raise PatchFault(f"operation {number}: {fault}") from None
    return whole


def _apply(whole: Json, operation: Json) -> Json:
    if not isinstance(operation, dict):
        raise PatchFault("is no object")
    name = operation.get("op")
    if not isinstance(name, str) or name not in OPERATIONS:
        raise PatchFault(f"op is one of {', '.join(OPERATIONS)}")
    for member in OPERATIONS[name]:
        if member not in operation:
            raise PatchFault(f"{name} needs {member!r}")
    path = _pointer(operation.get("path"))
    if name == "remove":
        return _remove(whole, path)[0]
    if name == "move":
        source = _pointer(operation["from"])
        if path[: len(source)] == source and path != source:
            raise PatchFault("a value cannot be moved into itself")
        whole, value = _remove(whole, source)
        return _add(whole, path, value)
    if name == "copy":
        return _add(whole, path, copy.deepcopy(_at(whole, _pointer(operation["from"]))))
    value = copy.deepcopy(operation["value"])
    if name == "add":
        return _add(whole, path, value)
    found = _at(whole, path)
    if name == "test":
        if not equal(found, value):
            raise PatchFault(f"{operation['path']} is not the value that was tested for")
        return whole
    return _replace(whole, path, value)


def equal(one: Json, other: Json) -> bool:
    """Equality of JSON: numbers by value, and never a number that equals a truth value."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def _pointer(text: Json) -> list[str]:
    """The parts of a JSON Pointer (RFC 6901)."""
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise PatchFault(f"{text!r} is no JSON Pointer")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _at(whole: Json, path: list[str]) -> Json:
    for part in path:
        whole = whole[_key(whole, part)]
    return whole


def _key(place: Json, part: str) -> Any:  # noqa: ANN401 - a key of an object or an index of a list
    """The key or index under which the part is found; it has to be there."""
    if isinstance(place, dict):
        if part in place:
            return part
    elif isinstance(place, list) and (index := _index(part)) is not None and index < len(place):
        return index
    raise PatchFault(f"there is no {part!r}")


def _index(part: str) -> int | None:
    plain = part.isascii() and part.isdigit() and len(part) <= 9
    return int(part) if plain and (part == "0" or part[0] != "0") else None


def _add(whole: Json, path: list[str], value: Json) -> Json:
    if not path:
        return value
    place, last = _at(whole, path[:-1]), path[-1]
    if isinstance(place, dict):
        place[last] = value
        return whole
    index = len(place) if last == "-" and isinstance(place, list) else _index(last)
    if not isinstance(place, list) or index is None or index > len(place):
        raise PatchFault(f"nothing can be added at {last!r}")
    place.insert(index, value)
    return whole


def _replace(whole: Json, path: list[str], value: Json) -> Json:
    if not path:
        return value
    place = _at(whole, path[:-1])
    place[_key(place, path[-1])] = value
    return whole


def _remove(whole: Json, path: list[str]) -> tuple[Json, Json]:
    if not path:
        return None, whole
    place = _at(whole, path[:-1])
    key = _key(place, path[-1])  # before `pop` is looked up, which a number or null does not have
    return whole, place.pop(key)
