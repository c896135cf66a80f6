"""How a device comes to trust this installation's own certificate, where it has one."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel.runtime.doors import door
from toancanh.lib.errors import NotFound


@door()
def trust(request: HttpRequest) -> HttpResponse:
    """The steps, and the fingerprint to compare with the one that the program printed at its start."""
    root = _root()
    digest = hashlib.sha256(root).hexdigest().upper() if root else ""
    pairs = [digest[at : at + 2] for at in range(0, len(digest), 2)]
    return render(request, "portal/trust.html", {"fingerprint": ":".join(pairs)})


@door()
def certificate(request: HttpRequest) -> HttpResponse:
    """The root as every system reads it; it is public, its key never leaves the folder."""
    root = _root()
    if not root:
        raise NotFound(_("This installation has no certificate authority of its own."))
    answer = HttpResponse(root, content_type="application/x-x509-ca-cert")
    answer["Content-Disposition"] = 'attachment; filename="toan-canh-root.crt"'
    return answer


def _root() -> bytes:
    file: Path | None = settings.TRUST_ROOT
    return ssl.PEM_cert_to_DER_cert(file.read_text("ascii")) if file and file.is_file() else b""
