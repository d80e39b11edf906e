"""Reading a credential's status out of a status list token (Token Status List §8.3)."""

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joserfc.jwk import KeySet

from clients.sdk.jwts import verified
from clients.sdk.sd_jwt import CredentialError, octets

TYPE = "statuslist+jwt"
VALID, INVALID, SUSPENDED = 0, 1, 2
MAX_OCTETS = 4_194_304
_BITS = (1, 2, 4, 8)


def status_of(token: str, *, uri: str, index: int, keys: KeySet, now: datetime) -> int:
    """Return the status at `index`, or raise: what cannot be read says nothing."""
    claims = verified(token, keys=keys, typ=TYPE)
    if claims.get("sub") != uri:
        raise CredentialError("the status list of something else")
    if not isinstance(claims.get("iat"), int | float):
        raise CredentialError("a status list without a time")
    expires = claims.get("exp", now.timestamp() + 1)
    if not isinstance(expires, int | float) or expires <= now.timestamp():
        raise CredentialError("the status list has expired")
    return _at(claims.get("status_list"), index)


def _at(value: Any, index: int) -> int:
    if not isinstance(value, Mapping) or value.get("bits") not in _BITS:
        raise CredentialError("not a status list")
    bits: int = value["bits"]
    in_byte = 8 // bits
    listed = _decompressed(str(value.get("lst", "")))
    if index // in_byte >= len(listed):
        raise CredentialError("the status list does not reach so far")
    return listed[index // in_byte] >> bits * (index % in_byte) & (1 << bits) - 1


def _decompressed(text: str) -> bytes:
    stream = zlib.decompressobj()
    try:
        listed = stream.decompress(octets(text), MAX_OCTETS)
    except zlib.error as error:
        raise CredentialError("the status list cannot be decompressed") from error
    if not stream.eof:
        raise CredentialError("the status list is too long, or cut short")
    return listed
