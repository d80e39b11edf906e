"""One logout token to one portal, by HTTP, to nowhere else (Back-Channel Logout §2.5).

The address was registered by an operator and may still be wrong or hostile: the machine
that was looked at is the one that is called, redirects, proxies and credentials of the
environment are not used, no more than the answer's first line is read, and machines of
our own network are not called. However slowly the portal answers, one deadline holds
for connecting, sending and reading together.
"""

import re
import socket
import ssl
import time
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlencode, urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

Address = IPv4Address | IPv6Address

_HEARD = (HTTPStatus.OK, HTTPStatus.NO_CONTENT)
_NAT64, _COMPATIBLE = IPv6Network("64:ff9b::/96"), IPv6Network("::/96")
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r\n]")
_LONGEST_LINE = 1024


class NotHeardError(Exception):
    """The portal could not be told; its text names a class or a status.

    `is_silent` says that it gave no answer at all.
    """

    def __init__(self, detail: str, *, is_silent: bool = False) -> None:
        super().__init__(detail)
        self.is_silent = is_silent


def post(uri: str, token: str, *, timeout: float, allow_private: bool) -> None:
    """Post the token, or raise `NotHeardError`; `timeout` is for the whole exchange."""
    ends = time.monotonic() + timeout
    try:
        parts = urlsplit(uri)
        addresses = _look_up(parts)
        if not allow_private and not all(is_public(one) for one in addresses):
            raise NotHeardError("an address of a private network")
        with _connect(parts, addresses, ends) as connection:
            connection.settimeout(_left(ends))
            connection.sendall(_message(parts, token))
            status = _status(connection, ends)
    except (OSError, ValueError) as error:
        raise NotHeardError(type(error).__name__, is_silent=True) from None
    if status not in _HEARD:
        raise NotHeardError(f"answered {status}")


def _look_up(parts: SplitResult) -> list[Address]:
    found = socket.getaddrinfo(parts.hostname, _port(parts), type=socket.SOCK_STREAM)
    return [ip_address(item[4][0]) for item in found]


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _connect(
    parts: SplitResult, addresses: list[Address], ends: float
) -> socket.socket:
    """Connect to one of these machines; by TLS it has to prove the portal's name."""
    connection = _reach(addresses, _port(parts), ends)
    if parts.scheme != "https":
        return connection
    try:
        connection.settimeout(_left(ends))
        context = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
        return context.wrap_socket(connection, server_hostname=parts.hostname)
    except BaseException:
        connection.close()
        raise


def _reach(addresses: list[Address], port: int, ends: float) -> socket.socket:
    """Connect to the first machine that takes the call; each has its share of time."""
    *others, last = addresses
    for position, address in enumerate(others):
        share = _left(ends) / (len(addresses) - position)
        try:
            return socket.create_connection((str(address), port), share)
        except OSError:
            continue
    return socket.create_connection((str(last), port), _left(ends))


def _message(parts: SplitResult, token: str) -> bytes:
    body = urlencode({"logout_token": token})
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = (
        f"POST {path} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", body)).encode("ascii")


def _status(connection: socket.socket, ends: float) -> int:
    """Read the answer's first line, and of it no more than its status."""
    line = b""
    while b"\n" not in line and len(line) < _LONGEST_LINE:
        connection.settimeout(_left(ends))
        part = connection.recv(_LONGEST_LINE)
        if not part:
            break
        line += part
    found = _STATUS.match(line)
    if found is None:
        raise NotHeardError("no answer of HTTP", is_silent=True)
    return int(found[1])


def _left(ends: float) -> float:
    """Return the seconds that are left, or raise that there are none."""
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


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
