"""How a client proves itself (RFC 7591 §2), and the keys by which it does."""

from collections.abc import Mapping
from typing import Any

from idp.relying_parties import members
from idp.relying_parties.client_keys import flaw_in_jwks
from idp.relying_parties.errors import InvalidMetadataError
from idp.relying_parties.sender import read_sender

ASSERTION_SIGNING = ("ES256", "PS256", "RS256", "EdDSA")
AUTH_METHODS = (
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
)


def read_proof(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members to register, or raise InvalidMetadataError."""
    method = members.choice(
        metadata, "token_endpoint_auth_method", AUTH_METHODS, "client_secret_basic"
    )
    jwks = metadata.get("jwks")
    if jwks is not None and (reason := flaw_in_jwks(jwks)):
        raise InvalidMetadataError(reason)
    if jwks is not None and metadata.get("jwks_uri") is not None:
        raise InvalidMetadataError("jwks and jwks_uri exclude each other")
    if method == "private_key_jwt" and not (jwks or metadata.get("jwks_uri")):
        raise InvalidMetadataError("private_key_jwt needs keys: jwks or jwks_uri")
    signing = "token_endpoint_auth_signing_alg"
    algorithm = members.choice(metadata, signing, ASSERTION_SIGNING, None)
    document: dict[str, Any] = {"token_endpoint_auth_method": method}
    if jwks is not None:
        document["jwks"] = {"keys": jwks["keys"]}
    if algorithm is not None:
        document[signing] = algorithm
    return document | read_sender(metadata, method=str(method), jwks=jwks)
