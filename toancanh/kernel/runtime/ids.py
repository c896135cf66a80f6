"""Names that nobody can guess."""

import hashlib
import secrets
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request being served; goes into journal entries and error pages."""


def new_request_id() -> str:
    """A short id that a person can read out on the phone."""
    return secrets.token_hex(6)


def new_secret() -> str:
    """A secret of 256 bits, safe in URLs and headers; the prefix lets scanners recognise a leak."""
    return f"tc_{secrets.token_urlsafe(32)}"


def digest(secret: str) -> str:
    """What is stored of a secret: SHA-256 suffices because the secret itself is random."""
    return hashlib.sha256(secret.encode()).hexdigest()
