"""The one egress door: every request to an address that somebody configured leaves through here.

A name is looked up once, every address it has is judged, and the connection is made to the very address that
was judged, so that a name which changes its mind meanwhile leads nowhere. Redirects begin all over again.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
import socket
import ssl
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from toancanh.kernel.runtime.reach import Address, Network, is_allowed, is_ipv4, is_ipv6
from toancanh.lib.errors import Refused

if TYPE_CHECKING:
    import httpx

for _name in ("httpx", "httpcore"):
    # At finer levels they write whole addresses down, and some hold a key.
    logging.getLogger(_name).setLevel(logging.WARNING)

Resolve = Callable[[str, int], Iterable[str]]

AGENT = "ToanCanh"
TRIED = 3
"""Addresses of one name that are tried before it counts as unreachable."""
PIECE = 64 * 1024
REDIRECTS = frozenset((301, 302, 303, 307, 308))


_label = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_label}(?:\.{_label})*\.?", re.ASCII)
_NUMBER = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)\.?", re.ASCII)
"""A name whose last part is a number: resolvers read such as addresses, each in its own way."""
_resolvers = ThreadPoolExecutor(8, thread_name_prefix="resolve")


class Stopped(Refused):
    """The request did not leave, or its answer was not taken; the message says why and what to do."""

    code = "egress"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much of an answer is taken; seconds are for everything from the look-up to the last byte."""

    bytes: int = 20 * 1024 * 1024
    seconds: float = 30.0
    redirects: int = 5


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """An answer of the other side, whatever its status; ``body`` is unpacked."""

    status: int
    url: str
    body: bytes = b""
    content_type: str = ""
    etag: str = ""
    last_modified: str = ""
    retry_after: str = ""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What to ask for.

    ``secrets`` are headers for the first host alone; ``networks`` the private ones that the connector's owner
    opened for it.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    networks: Sequence[Network] = ()
    etag: str = ""
    last_modified: str = ""


def parsed(text: str) -> httpx.URL:
    """The address as the parser reads it that also makes the request; raises Stopped for doubtful ones."""
    import httpx  # slow import

    if not text.isprintable() or " " in text or "\\" in text:
        raise Stopped(_("An address holds no spaces, backslashes or control characters."), "bad_url")
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError, ValueError) as fault:
        raise Stopped(_("%(url)s is no address of the web.") % {"url": text[:200]}, "bad_url") from fault
    if url.scheme not in ("http", "https"):
        raise Stopped(_("Only addresses that begin with http:// or https:// are fetched."), "bad_scheme")
    if url.userinfo or "@" in url.netloc.decode("ascii", "replace"):
        said = _("An address with a name or password before @ is not fetched; use a secret header instead.")
        raise Stopped(said, "userinfo")
    host = url.raw_host.decode("ascii", "replace").lower()
    is_name = bool(_NAME.fullmatch(host)) and len(host) <= 253
    if not (is_name or is_ipv6(host)) or not 0 < port_of(url) < 65536:
        raise Stopped(_("%(url)s is no address of the web.") % {"url": text[:200]}, "bad_url")
    if _NUMBER.fullmatch(host) and not is_ipv4(host):
        said = _("Write the numbers of an address plainly, like 203.162.1.10.")
        raise Stopped(said, "bad_url")
    return url


def look_up(host: str, port: int) -> list[str]:
    """Every address of a name, as the machine's resolver has them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Egress:
    """Fetches; ``always`` is what the host's administrator opened by EGRESS_ALLOW."""

    def __init__(
        self, always: Iterable[str] = (), resolve: Resolve = look_up, trust: ssl.SSLContext | None = None
    ) -> None:
        self._always = tuple(ipaddress.ip_network(text) for text in always)
        self._resolve = resolve
        self._trust = trust

    def fetch(self, asked: Asked, limits: Limits = Limits()) -> Fetched:
        """GET the address from a thread that may wait; raises Stopped with a sentence that says why."""
        return asyncio.run(self.fetch_soon(asked, limits))

    async def fetch_soon(self, asked: Asked, limits: Limits = Limits()) -> Fetched:
        """The same on an event loop."""
        try:
            async with asyncio.timeout(limits.seconds):
                return await self._follow(asked, limits)
        except TimeoutError as fault:
            said = _("The other side took longer than %(seconds)s seconds.") % {
                "seconds": f"{limits.seconds:g}"
            }
            raise Stopped(said, "too_slow") from fault

    async def _follow(self, asked: Asked, limits: Limits) -> Fetched:
        url, secrets = parsed(asked.url), dict(asked.secrets)
        for _hop in range(limits.redirects + 1):
            headers = {**asked.headers, **secrets}
            found = await self._once(url, headers, asked, limits)
            if isinstance(found, Fetched):
                return found
            onward = parsed(str(url.join(found)))
            if url.scheme == "https" and onward.scheme == "http":
                raise Stopped(
                    _("The other side leads from https to http, which is not followed."), "redirect"
                )
            if (onward.scheme, onward.host, port_of(onward)) != (url.scheme, url.host, port_of(url)):
                secrets = {}
            url = onward
        raise Stopped(_("The other side leads on and on; check the address."), "redirect")

    async def _once(
        self, url: httpx.URL, headers: Mapping[str, str], asked: Asked, limits: Limits
    ) -> Fetched | str:
        """The answer, or where it leads."""
        import httpx  # slow import

        addresses = await self.judged(url.raw_host.decode("ascii"), port_of(url), asked.networks)
        sent = {"User-Agent": AGENT, "Accept-Encoding": "gzip", **headers, "Host": url.netloc.decode("ascii")}
        if asked.etag:
            sent["If-None-Match"] = asked.etag
        if asked.last_modified:
            sent["If-Modified-Since"] = asked.last_modified
        transport = httpx.AsyncHTTPTransport(verify=self.trusted(), trust_env=False)
        # Nothing of the environment (proxies, .netrc) may send the request elsewhere.
        async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=limits.seconds) as client:
            for number, address in enumerate(addresses[:TRIED], start=1):
                request = client.build_request("GET", url.copy_with(host=str(address)), headers=sent)
                request.extensions["sni_hostname"] = url.raw_host.decode("ascii")
                try:
                    answer = await client.send(request, stream=True)
                except (httpx.ConnectError, httpx.ConnectTimeout) as fault:
                    if number == min(len(addresses), TRIED):
                        raise _unreachable(url, fault) from fault
                    continue
                except (httpx.HTTPError, httpx.InvalidURL, ValueError) as fault:
                    raise _unreachable(url, fault) from fault
                try:
                    return await _taken(url, answer, limits)
                except httpx.HTTPError as fault:
                    raise _unreachable(url, fault) from fault
                finally:
                    await answer.aclose()
        raise AssertionError("unreachable: a name without address was refused before")

    def trusted(self) -> ssl.SSLContext:
        """Whose certificates are believed."""
        return self._trust or _trusted()

    async def judged(self, host: str, port: int, opened: Sequence[Network] = ()) -> list[Address]:
        """Every address of the name, looked up once; raises Stopped if a single one of them is denied."""
        try:
            # The door's own threads: a resolver that hangs holds up nobody else's work.
            loop = asyncio.get_running_loop()
            texts = await loop.run_in_executor(_resolvers, lambda: list(self._resolve(host, port)))
            addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in texts]
        except (OSError, UnicodeError, ValueError) as fault:
            raise Stopped(_("There is no host named %(host)s.") % {"host": host}, "unresolved") from fault
        if not addresses:
            raise Stopped(_("There is no host named %(host)s.") % {"host": host}, "unresolved")
        for address in addresses:
            if not is_allowed(address, opened, self._always):
                said = _(
                    "%(host)s is at %(address)s, which this connection may not reach. An address within the "
                    "office network is opened by naming its network."
                )
                raise Stopped(said % {"host": host, "address": address}, "denied")
        return addresses


def door() -> Egress:
    """The egress door of this installation."""
    from django.conf import settings

    return Egress(settings.EGRESS_ALLOW)


def port_of(url: httpx.URL) -> int:
    """The port of an address, said or usual."""
    if url.port is not None:
        return url.port
    return 443 if url.scheme == "https" else 80


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """The machine's authorities and, for machines without any, those that come with the program."""
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _unreachable(url: httpx.URL, fault: Exception) -> Stopped:
    said = _("%(host)s does not answer as a web server does: %(fault)s")
    return Stopped(
        said % {"host": url.host, "fault": str(fault)[:200] or type(fault).__name__}, "unreachable"
    )


async def _taken(url: httpx.URL, answer: httpx.Response, limits: Limits) -> Fetched | str:
    if answer.status_code in REDIRECTS and "location" in answer.headers:
        return str(answer.headers["location"])
    heads = answer.headers
    packed = heads.get("content-encoding", "").strip().lower()
    if packed not in ("", "identity", "gzip", "deflate"):
        raise Stopped(_("The answer is packed as %(how)s.") % {"how": packed[:40]}, "bad_answer")
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if packed in ("gzip", "deflate") else None
    body, came = bytearray(), 0
    async for piece in answer.aiter_raw(PIECE):
        came += len(piece)
        try:
            # One byte more than may come: what is cut off there is never unpacked.
            room = limits.bytes + 1 - len(body)
            body += unpack.decompress(piece, room) if unpack else piece
        except zlib.error as fault:
            raise Stopped(_("The answer is damaged."), "bad_answer") from fault
        if len(body) > limits.bytes:
            said = _("The answer is larger than %(size)s MB.")
            raise Stopped(said % {"size": f"{limits.bytes / 1_048_576:g}"}, "too_large")
    if unpack is not None and came and (not unpack.eof or unpack.unused_data):
        raise Stopped(_("The answer is damaged."), "bad_answer")
    return Fetched(
        status=answer.status_code,
        url=str(url),
        body=bytes(body),
        content_type=heads.get("content-type", "")[:200],
        etag=heads.get("etag", "")[:300],
        last_modified=heads.get("last-modified", "")[:100],
        retry_after=heads.get("retry-after", "")[:40],
    )
