"""How messages to and from a relying party are signed and encrypted.

Request objects (RFC 9101), authorization responses (JARM), introspection (RFC 9701),
and what of our answers is encrypted for the party (RFC 7516): to a key that is
registered, so a party that asks for it without one is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.relying_parties import members
from idp.relying_parties.client_keys import may_encrypt
from idp.relying_parties.errors import InvalidMetadataError

REQUEST_SIGNING = ("ES256", "PS256", "EdDSA", "RS256")
RESPONSE_SIGNING = ("RS256", "ES256")
KEY_MANAGEMENT = ("ECDH-ES", "RSA-OAEP-256")
CONTENT_ENCRYPTION = ("A256GCM",)

# What may be encrypted, and the two members that ask for it.
ENCRYPTED = {
    "id_token": ("id_token_encrypted_response_alg", "id_token_encrypted_response_enc"),
    "userinfo": ("userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc"),
    "authorization": (
        "authorization_encrypted_response_alg",
        "authorization_encrypted_response_enc",
    ),
    "introspection": (
        "introspection_encrypted_response_alg",
        "introspection_encrypted_response_enc",
    ),
}
CALLS = "backchannel_authentication_request_signing_alg"
PROTECTIONS = (
    "require_signed_request_object",
    "request_object_signing_alg",
    CALLS,
    *(alg for alg, _ in ENCRYPTED.values()),
)
_SIGNED_RESPONSES = (
    "authorization_signed_response_alg",
    "introspection_signed_response_alg",
)


@dataclass(frozen=True, slots=True)
class Encryption:
    """The algorithms by which one kind of answer is encrypted (RFC 7518 §4, §5)."""

    alg: str
    enc: str


@dataclass(frozen=True, slots=True)
class Messages:
    """What one party registered; both responses are RS256 by default (JARM §5)."""

    request_object_alg: str | None = None
    must_sign_requests: bool = False
    call_alg: str | None = None
    authorization_alg: str = "RS256"
    introspection_alg: str = "RS256"
    encryption: Mapping[str, Encryption] = field(default_factory=dict)


def read_messages(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members to register, or raise InvalidMetadataError.

    The caller has checked `jwks`.
    """
    signing, required = "request_object_signing_alg", "require_signed_request_object"
    document: dict[str, Any] = {
        signing: members.choice(metadata, signing, REQUEST_SIGNING, None),
        required: members.flag(metadata, required, default=False),
        CALLS: members.choice(metadata, CALLS, REQUEST_SIGNING, None),
    }
    has_keys = metadata.get("jwks") or metadata.get("jwks_uri")
    for member in (required, CALLS):
        if document[member] and not has_keys:
            raise InvalidMetadataError(f"{member} needs keys: jwks or jwks_uri")
    for member in _SIGNED_RESPONSES:
        document[member] = members.choice(metadata, member, RESPONSE_SIGNING, None)
    for pair in ENCRYPTED.values():
        document.update(_encryption(metadata, *pair))
    return {name: value for name, value in document.items() if value}


def build_messages(document: Mapping[str, Any]) -> Messages:
    """Return what `read_messages` let in."""
    authorization, introspection = _SIGNED_RESPONSES
    return Messages(
        request_object_alg=document.get("request_object_signing_alg"),
        must_sign_requests=document.get("require_signed_request_object", False),
        call_alg=document.get(CALLS),
        authorization_alg=document.get(authorization, "RS256"),
        introspection_alg=document.get(introspection, "RS256"),
        encryption={
            kind: Encryption(document[alg], document[enc])
            for kind, (alg, enc) in ENCRYPTED.items()
            if alg in document
        },
    )


def _encryption(metadata: Mapping[str, Any], alg: str, enc: str) -> dict[str, Any]:
    chosen = members.choice(metadata, alg, KEY_MANAGEMENT, None)
    content = members.choice(metadata, enc, CONTENT_ENCRYPTION, None)
    if chosen is None:
        if content is not None:
            raise InvalidMetadataError(f"{enc} needs {alg}")
        return {}
    keys = (metadata.get("jwks") or {"keys": []})["keys"]
    is_elsewhere = metadata.get("jwks_uri") is not None
    if not is_elsewhere and not any(may_encrypt(key, chosen) for key in keys):
        raise InvalidMetadataError(f"{alg} needs a key in jwks that {chosen} can use")
    # Registration's default is A128CBC-HS256, which we do not write: the answer tells.
    return {alg: chosen, enc: content or CONTENT_ENCRYPTION[0]}
