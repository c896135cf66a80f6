"""Which addresses the program may reach at all: the rule of the egress door, without its sockets."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from toancanh.lib.errors import Refused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


METADATA = _networks(
    "169.254.169.254/32", "169.254.170.2/32", "168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32",
    "fd00:ec2::254/128", "fd20:ce::254/128",
)  # fmt: skip
"""Where clouds hand out the machine's own keys: opened by nothing."""
PRIVATE = _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""What a connector may be allowed by naming networks within."""
DENIED = _networks(
    "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
    "::/96", "::1/128", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    "5f00::/16", "fe80::/10", "fec0::/10", "ff00::/8",
)  # fmt: skip
"""Ourselves, the link, groups, forms that hide another address; opened by the host's administrator alone."""
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Private networks as a connector's owner may open them; raises Refused for anything else."""
    found = []
    for text in texts:
        try:
            network = ipaddress.ip_network(text.strip(), strict=False)
        except ValueError as fault:
            said = _("%(text)s is no network; write it like 192.168.10.0/24.") % {"text": text.strip()}
            raise Refused(said, "bad_network") from fault
        if not _within(network, PRIVATE):
            said = _(
                "%(text)s is not a private network. Public addresses need no permission; this machine itself "
                "is opened by its administrator alone (EGRESS_ALLOW)."
            )
            raise Refused(said % {"text": text.strip()}, "bad_network")
        found.append(network)
    return tuple(found)


def _within(network: Network, others: Iterable[Network]) -> bool:
    return any(
        network.version == other.version and network.subnet_of(other)  # type: ignore[arg-type]
        for other in others
    )


def meant(address: Address) -> Address:
    """The address that a packet to ``address`` reaches: mapped and translated forms say another one."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_allowed(address: Address, opened: Sequence[Network], always: Sequence[Network]) -> bool:
    """Whether one may connect: ``opened`` by the connector's owner, ``always`` by who runs the host."""
    target = meant(address)
    if _in(target, METADATA):
        return False
    if _in(target, always):
        return True
    if _in(target, PRIVATE):
        return _in(target, opened)
    return target.is_global and not _in(target, DENIED)


def _in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def is_ipv4(host: str) -> bool:
    """Whether it is written as four plain decimal numbers."""
    try:
        return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False


def is_ipv6(host: str) -> bool:
    """Whether it is such an address, without the zone of a link."""
    try:
        return "%" not in host and bool(ipaddress.IPv6Address(host))
    except ValueError:
        return False
