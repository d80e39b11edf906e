"""One logout token to one portal, by HTTP, to nowhere else (Back-Channel Logout §2.5).

The address was registered by an operator and may still be wrong or hostile: redirects,
proxies and credentials of the environment are not used, no more than the answer's
status is read, and machines of our own network are not called.
"""

import socket
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import requests

Address = IPv4Address | IPv6Address

_HEARD = (HTTPStatus.OK, HTTPStatus.NO_CONTENT)
_NAT64, _COMPATIBLE = IPv6Network("64:ff9b::/96"), IPv6Network("::/96")


class NotHeardError(Exception):
    """The portal could not be told; its text names a class or a status."""


def post(uri: str, token: str, *, timeout: float, allow_private: bool) -> None:
    """Post the token, or raise `NotHeardError`.

    A name that leads elsewhere between the look and the call gains nothing: there, TLS
    would have to prove the same name.
    """
    if not allow_private:
        _refuse_private(uri)
    with requests.Session() as http:
        http.trust_env = False
        try:
            with http.post(
                uri,
                data={"logout_token": token},
                timeout=timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                status = answer.status_code
        except requests.RequestException as error:
            raise NotHeardError(type(error).__name__) from None
    if status not in _HEARD:
        raise NotHeardError(f"answered {status}")


def _refuse_private(uri: str) -> None:
    parts = urlsplit(uri)
    try:
        found = socket.getaddrinfo(
            parts.hostname, parts.port or 443, type=socket.SOCK_STREAM
        )
    except OSError:
        raise NotHeardError("unknown host") from None
    addresses = [ip_address(item[4][0]) for item in found]
    if not addresses or not all(is_public(address) for address in addresses):
        raise NotHeardError("an address of a private network")


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
    return inner is None or is_public(inner)
