"""Which addresses may be called: what a name gives is checked as a number, so no spelling of it gets around."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from secretaria.egress.refusals import DestinationRefused

TUNNELS = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")))
METADATA = frozenset(map(ipaddress.ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200")))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def checked_addresses(found: Iterable[str], *, trusted: bool) -> list[str]:
    """Return the addresses of a name if all of them may be called: one bad address condemns the name.

    Args:
        found: What the name resolves to.
        trusted: Whether the operator configured this very origin: then it may be private.

    Raises:
        DestinationRefused: One of them may not be called.
    """
    addresses = [_plain(ipaddress.ip_address(address.partition("%")[0])) for address in found]
    allowed = _is_usable_inside if trusted else _is_public
    if not all(map(allowed, addresses)):
        raise DestinationRefused("address")
    return [str(address) for address in addresses]


def _plain(address: Address) -> Address:
    return (address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None) or address


def _is_public(address: Address) -> bool:
    """Tell whether an address is one of the open Internet; a tunnel to an IPv4 address counts as its worst case."""
    if any(address.version == tunnel.version and address in tunnel for tunnel in TUNNELS):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved and address not in METADATA


def _is_usable_inside(address: Address) -> bool:
    never = address.is_link_local or address.is_multicast or address.is_unspecified
    return not never and address not in METADATA
