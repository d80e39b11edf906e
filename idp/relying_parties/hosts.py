"""Hosts that nobody may register: look-alikes, hidden addresses, inside machines."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from idp import networks
from idp.relying_parties.lookalikes import is_plain

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

_PUNYCODE = "xn--"
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
# RFC 6761, RFC 6762, RFC 8375 and what networks use for themselves.
_INSIDE = frozenset(
    {"localhost", "local", "internal", "intranet", "lan", "home", "corp", "private"}
    | {"arpa", "onion"}
)


def flaw_in_host(host: str) -> str | None:
    """Say why nobody should be shown this host, or None."""
    # Browsers read such a name as an IPv4 address (WHATWG URL, "ends in a number").
    if _NUMBER.fullmatch(host.rpartition(".")[2]) and not _is_address(host):
        return "hides an address in a number"
    labels = [label for label in host.split(".") if label.startswith(_PUNYCODE)]
    if not all(_is_told_apart(label) for label in labels):
        return "has letters that are easily taken for others"
    return None


def _is_told_apart(label: str) -> bool:
    """Say whether an internationalised label shows Latin letters alone (RFC 5891)."""
    try:
        shown = label.removeprefix(_PUNYCODE).encode("ascii").decode("punycode")
    except UnicodeError:
        return False
    again = shown.encode("punycode").decode("ascii")
    is_name = is_plain(shown) and shown.replace("-", "").isalnum()
    return is_name and not shown.isascii() and _PUNYCODE + again == label


def inside_member(document: Mapping[str, Any]) -> str | None:
    """Name a member that leads to a machine of an inside network, or None (CWE-918).

    Native apps listen on the loopback host (RFC 8252 §7.3), and no web portal does
    (OIDC Registration §2, application_type).
    """
    is_native = document["application_type"] == "native"
    for member, address in _addresses(document):
        host = urlsplit(address).hostname
        is_app = is_native and member.endswith("redirect_uris")
        if host and not (is_app and host in LOOPBACK_HOSTS) and is_inside(host):
            return member
    return None


def _addresses(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for member, value in document.items():
        if member.partition("#")[0].endswith(("_uri", "_endpoint")):
            yield member, value
        elif member.endswith("_uris"):
            yield from ((member, address) for address in value)


def is_inside(host: str) -> bool:
    """Say whether a host, as far as its name tells, is on an inside network."""
    if _is_address(host):
        return not networks.is_public(ip_address(host))
    return "." not in host or host.rpartition(".")[2] in _INSIDE


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
