"""Who is really calling: forwarded addresses count only from configured proxies, and what counts as inside."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from litestar.connection import ASGIConnection

UNKNOWN = "-"
FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")
IPV6_SITE = 64  # one household or server has at least this many bits to itself

Network = IPv4Network | IPv6Network
Connection = ASGIConnection[Any, Any, Any, Any]


def peer(connection: Connection) -> str:
    """Return the address of the caller; behind a configured proxy, the one that it vouches for."""
    return connection.client.host if connection.client else UNKNOWN


def site_of(address: str) -> str:
    """Return what counts as one caller: an IPv4 address, or the network an IPv6 address was drawn from."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return UNKNOWN
    return address if parsed.version == 4 else str(ip_network(f"{address}/{IPV6_SITE}", strict=False))  # noqa: PLR2004


def is_internal(connection: Connection, networks: Collection[Network], *, behind_proxy: bool) -> bool:
    """Say whether a caller sits in one of our networks.

    Args:
        connection: The request.
        networks: What counts as inside.
        behind_proxy: Whether proxies are configured. Where none is, a forwarded request came through one nobody told
            us of, and its true sender is unknown.
    """
    if not behind_proxy and any(name in connection.headers for name in FORWARDED):
        return False
    try:
        address = ip_address(peer(connection))
    except ValueError:
        return False
    return any(address in network for network in networks)
