"""Which machines may be called: networks by CIDR, and the word `public`.

An empty list allows none (CWE-918: nothing is fetched that nobody allowed).
"""

from collections.abc import Sequence
from functools import cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PUBLIC = "public"
_NAT64, _COMPATIBLE = IPv6Network("64:ff9b::/96"), IPv6Network("::/96")
_UNICAST = IPv6Network("2000::/3")
_DOCUMENTATION = IPv6Network("3fff::/20")  # RFC 9637


def allow(names: Sequence[str], address: Address) -> bool:
    """Say whether a machine of this address may be called."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped  # RFC 4291 §2.5.5.2: the IPv4 machine is called
    if PUBLIC in names and is_public(address):
        return True
    return any(address in read(name) for name in names if name != PUBLIC)


@cache
def read(name: str) -> Network:
    """Return the network of this name, or raise `ValueError`."""
    return ip_network(name)


def is_public(address: Address) -> bool:
    """Say whether a machine of the public network has it, by itself and inside.

    An IPv6 address may only wrap an IPv4 one: mapped (RFC 4291), by NAT64 (RFC 6052)
    or by 6to4 (RFC 3056), and a gateway of ours would lead to that.
    """
    if address.is_multicast or not address.is_global:
        return False
    if isinstance(address, IPv4Address):
        return True
    inner = address.ipv4_mapped or address.sixtofour
    if address in _NAT64 or address in _COMPATIBLE:
        inner = IPv4Address(int(address) & 0xFFFF_FFFF)
    if inner is not None:
        return is_public(inner)
    # RFC 4291 §2.4: all else may be a translator of this very network.
    return address in _UNICAST and address not in _DOCUMENTATION
