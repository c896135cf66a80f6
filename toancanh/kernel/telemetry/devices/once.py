"""A new secret on its way to the one who made it: shown for ten minutes in his browser, kept nowhere here.

A phone reloads a page that was in its pocket, so a secret that only one answer carried would be lost too
easily. It travels in a signed cookie that scripts cannot read, bound to the device and to who made it.
"""

from __future__ import annotations

import hashlib

from django.core import signing
from django.http import HttpRequest, HttpResponse

from toancanh.kernel.declare import Actor

SHOWN_S = 600
PATH = "/console/devices/"
SALT = "toancanh.device.secret"


def show(response: HttpResponse, name: str, secret: str, *, by: Actor) -> None:
    """Let the next pages of this device show the secret to ``by``."""
    sealed = signing.dumps([name, secret, by.key], salt=SALT, compress=True)
    response.set_cookie(_cookie(name), sealed, max_age=SHOWN_S, path=PATH, httponly=True, samesite="Strict")


def shown(request: HttpRequest, name: str, *, to: Actor) -> str:
    """The secret of that device where ``to`` has made it within the last ten minutes; else empty."""
    sealed = request.COOKIES.get(_cookie(name), "")
    try:
        of, secret, maker = signing.loads(sealed, salt=SALT, max_age=SHOWN_S)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(secret) if (of, maker) == (name, to.key) else ""


def hide(response: HttpResponse, name: str) -> None:
    """It was noted down, or the token has ended."""
    response.delete_cookie(_cookie(name), path=PATH, samesite="Strict")


def _cookie(name: str) -> str:
    return f"toancanh_once_{hashlib.sha256(name.encode()).hexdigest()[:12]}"
