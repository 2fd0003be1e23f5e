"""Places on the network: which addresses are one for counting.

A host of IPv6 has a /64 to itself and can send each try from another address of it, so the /64 is the address. A
network is what one owner rents at a time: a /24 of IPv4, a /48 of IPv6.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

UNKNOWN: Final = "unknown"
"""All that is no address: one place, so that nonsense buys no fresh counter."""
_HOST_BITS: Final = {4: 32, 6: 64}
_NETWORK_BITS: Final = {4: 24, 6: 48}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request came from, as it is counted."""

    address: str
    network: str


def place(raw: str) -> Place:
    """Return the place of an address in text; IPv4 within IPv6 (``::ffff:192.0.2.1``) is the IPv4 address."""
    try:
        address: IPv4Address | IPv6Address = ip_address(raw.partition("%")[0])
    except ValueError:
        return Place(UNKNOWN, UNKNOWN)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return Place(_within(address, _HOST_BITS), _within(address, _NETWORK_BITS))


def shown(raw: str) -> str:
    """Return the network of an address as people may see it who are not its owner: ``203.0.113.x``, ``2001:db8:1::``."""
    network = place(raw).network
    if network == UNKNOWN:
        return ""
    base = network.partition("/")[0]
    return f"{base.rpartition('.')[0]}.x" if "." in base else base


def _within(address: IPv4Address | IPv6Address, bits: dict[int, int]) -> str:
    return str(ip_network((address, bits[address.version]), strict=False))
