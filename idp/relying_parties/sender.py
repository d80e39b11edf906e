"""Members of client metadata that bind tokens to the client's key or certificate."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from idp.relying_parties import members
from idp.relying_parties.certificates import SAN_KINDS, flaw_in_x5c, parse_name
from idp.relying_parties.client_keys import parse_key
from idp.relying_parties.errors import InvalidMetadataError
from idp.relying_parties.redirects import is_host

SUBJECT_DN = "tls_client_auth_subject_dn"
SUBJECTS = (SUBJECT_DN, *SAN_KINDS)
BOUND = ("dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens")


def read_sender(
    metadata: Mapping[str, Any], *, method: str, jwks: object
) -> dict[str, Any]:
    """Read what RFC 9449 §5.2 and RFC 8705 §2 let a client register."""
    asked = {
        name: True for name in BOUND if members.flag(metadata, name, default=False)
    }
    if len(asked) > 1:
        raise InvalidMetadataError(f"only one of: {', '.join(BOUND)}")
    if method == "tls_client_auth":
        return asked | _subject(metadata)
    if method == "self_signed_tls_client_auth" and not metadata.get("jwks_uri"):
        _check_certificates(jwks)
    return dict(asked)


def _subject(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Read the one name that the client's certificate bears (RFC 8705 §2.1.2)."""
    given = {name: members.text(metadata, name) for name in SUBJECTS}
    named = {name: value for name, value in given.items() if value is not None}
    if len(named) != 1:
        raise InvalidMetadataError(
            f"tls_client_auth needs exactly one of: {', '.join(SUBJECTS)}"
        )
    ((name, value),) = named.items()
    try:
        return {name: _sound(name, value)}
    except ValueError as error:
        raise InvalidMetadataError(f"{name} cannot be read") from error


def _sound(name: str, value: str) -> str:
    if name == SUBJECT_DN:
        parse_name(value)
    elif name == "tls_client_auth_san_ip":
        return str(ip_address(value))
    elif name == "tls_client_auth_san_dns" and not is_host(value):
        raise ValueError("not a host name in lower case")
    return value


def _check_certificates(jwks: object) -> None:
    keys = jwks["keys"] if isinstance(jwks, dict) else []
    bearing = [key for key in keys if "x5c" in key]
    if not bearing:
        raise InvalidMetadataError(
            "self_signed_tls_client_auth needs jwks_uri, or keys with x5c in jwks "
            "(RFC 8705 §2.2.2)"
        )
    for key in bearing:
        flaw = flaw_in_x5c(parse_key(key), key["x5c"])
        if flaw:
            raise InvalidMetadataError(f"jwks: {flaw}")
