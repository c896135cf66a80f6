"""Answers of the façade, apart from the protocol that carries them: HTTP, a part of a batch, a message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import DataError, InterfaceError, OperationalError
from django.utils.translation import gettext as _

from toancanh.kernel.runtime.web import is_full
from toancanh.lib.errors import Full, NotAllowed, NotFound, Refused, Unavailable

STATUS: Final[Mapping[str, int]] = {
    "unauthorized": 401,
    "method_not_allowed": 405,
    "taken": 409,
    "in_use": 409,
    "conflict": 409,
    "no_locality": 409,
    "too_large": 413,
    "bad_type": 415,
    "too_many": 429,
}
"""Of refusals by code; every other one is 400."""


ASK: Final[Mapping[str, str]] = {"WWW-Authenticate": 'Basic realm="toancanh", Bearer realm="toancanh"'}
"""Headers of an answer that asks for a token."""


@dataclass(frozen=True)
class Answer:
    """Status and JSON body; None is no body."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def location(self) -> str:
        """Address of what was made; empty where nothing was."""
        return self.headers.get("Location", "")


def refusal(status: int, message: str, **headers: str) -> Answer:
    """An error as clients of SensorThings read it."""
    return Answer(status, {"code": status, "type": "error", "message": message}, headers)


def fault(error: Exception) -> Answer | None:
    """What an exception is answered with; None for one that nobody foresaw."""
    if isinstance(error, NotFound):
        return refusal(404, error.message)
    if isinstance(error, NotAllowed):
        return refusal(403, error.message)
    if isinstance(error, Refused):
        status = STATUS.get(error.code, 400)
        return refusal(status, error.message, **(ASK if status == 401 else {}))
    if isinstance(error, Full) or is_full(error):
        return refusal(507, _("The disk is full; nothing of this was kept. Send it again later."))
    if isinstance(error, Unavailable | OperationalError | InterfaceError):
        text = _("The database does not answer; send this again in a moment.")
        return refusal(503, text, **{"Retry-After": "2"})
    if isinstance(error, DataError):
        return refusal(400, _("The request holds characters that no text has."))
    return None
