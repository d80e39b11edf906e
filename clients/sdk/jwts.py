"""JWTs signed with one of known keys, of one type, by an algorithm that we take."""

from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from clients.sdk.sd_jwt import CredentialError, parsed

ISSUER_ALGORITHMS = ("ES256",)
HOLDER_ALGORITHMS = ("ES256",)


def verified(
    token: str,
    *,
    keys: Key | KeySet,
    typ: str,
    algorithms: tuple[str, ...] = ISSUER_ALGORITHMS,
) -> Mapping[str, Any]:
    """Return the claims of a compact JWS, or raise `CredentialError`."""
    try:
        found = jws.deserialize_compact(
            token.encode("ascii"), keys, algorithms=list(algorithms)
        )
    except (JoseError, ValueError) as error:
        raise CredentialError("not signed by a key that is known") from error
    if found.headers().get("typ") != typ:
        raise CredentialError(f"not of the type {typ}")
    claims = parsed(token.split(".")[1])
    if not isinstance(claims, dict):
        raise CredentialError("the claims are no object")
    return claims
