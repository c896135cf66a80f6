"""What stands before the edge where people come by HTTPS: who really calls, over what, and the way to HTTPS.

A proxy is believed about its caller only when it is one of those named; what anybody else claims is struck
out, so that nothing behind this page ever sees a forged address.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from django.http.request import split_domain_port, validate_host

from toancanh.kernel.runtime.edge import App, Message, Receive, Scope, Send, discard, refuse

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Headers = list[tuple[bytes, bytes]]

CLAIMS = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port", b"forwarded")
LASTING = (b"strict-transport-security", b"max-age=31536000")


class Front:
    """The application as the outside meets it."""

    def __init__(
        self, app: App, *, proxies: Sequence[Network] = (), hosts: Sequence[str] = (), lasting: bool = False
    ) -> None:
        self._app = app
        self._proxies = proxies
        self._redirect = Redirect(hosts, 443)
        self._lasting = lasting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        came_plain = self._settle(scope)
        if came_plain:
            return await self._redirect(scope, receive, send)
        if self._lasting and scope["scheme"] == "https":
            send = _with(LASTING, send)
        await self._app(scope, receive, send)

    def _settle(self, scope: Scope) -> bool:
        """Believe or strike out what is claimed; whether a person came without HTTPS and must come again."""
        headers: Headers = scope["headers"]
        claims = {name: value for name, value in headers if name in CLAIMS}
        if claims:
            # Of a header that came twice the proxy wrote the last one; all of them name who called.
            claims[CLAIMS[0]] = b",".join(value for name, value in headers if name == CLAIMS[0])
            scope["headers"] = headers = [header for header in headers if header[0] not in CLAIMS]
        if not self._proxies:
            return False
        peer = _address((scope.get("client") or ("",))[0])
        if peer is None or not self._trusts(peer):
            return peer is not None and not peer.is_loopback
        if not claims:
            return False
        scope["client"] = (str(self._caller(peer, claims[CLAIMS[0]])), 0)
        scheme = claims.get(b"x-forwarded-proto", b"https").rpartition(b",")[2].strip().lower()
        scope["scheme"] = "http" if scheme == b"http" else "https"
        host = claims.get(b"x-forwarded-host", b"").rpartition(b",")[2].strip()
        if host:
            scope["headers"] = [(b"host", host), *(header for header in headers if header[0] != b"host")]
        return bool(scope["scheme"] == "http")

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._proxies)

    def _caller(self, peer: Address, told: bytes) -> Address:
        """The nearest address that is no proxy of ours: what stands before it anyone may have written."""
        caller = peer
        for text in reversed(told.decode("latin-1").split(",")):
            found = _address(text.strip())
            if found is None:
                break
            caller = found
            if not self._trusts(found):
                break
        return caller


class Redirect:
    """Answers every request with the same address over HTTPS."""

    def __init__(self, hosts: Sequence[str], port: int) -> None:
        self._hosts = list(hosts)
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
        domain, _port = split_domain_port(asked)
        if not domain or not validate_host(domain, self._hosts):
            return await refuse(400, scope, receive, send)
        path = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        port = "" if self._port == 443 else f":{self._port}"
        location = b"https://" + f"{domain}{port}".encode() + path
        headers = [(b"location", location), (b"content-length", b"0"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 308, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        await discard(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _address(text: str) -> Address | None:
    try:
        found = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    # A socket for both families tells IPv4 callers in IPv6's clothes.
    return getattr(found, "ipv4_mapped", None) or found


def _with(header: tuple[bytes, bytes], send: Send) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), header]}
        await send(message)

    return marked
