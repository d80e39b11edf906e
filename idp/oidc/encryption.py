"""Answers that only their client can read: JWE to a key that it registered.

What is signed is signed first and encrypted whole (RFC 7519 §11.2), so the signature
stays provable; ECDH-ES and RSA-OAEP-256 with A256GCM (RFC 7518 §4, §5).
"""

from http import HTTPStatus

from joserfc import jwe
from joserfc.jwk import Key

from idp.errors import IdpError
from idp.relying_parties.client_keys import may_encrypt
from idp.relying_parties.messages import CONTENT_ENCRYPTION, KEY_MANAGEMENT
from idp.relying_parties.record import RelyingParty

_ALGORITHMS = (*KEY_MANAGEMENT, *CONTENT_ENCRYPTION)


class NoEncryptionKeyError(IdpError):
    """The client asked for encryption and has no key for it any more: nothing goes."""

    code = "DD-OIDC-500"
    status = HTTPStatus.INTERNAL_SERVER_ERROR


def encrypt(
    party: RelyingParty, kind: str, content: str, *, cty: str | None = "JWT"
) -> str:
    """Return `content` as it goes to the party: encrypted, if it registered so."""
    chosen = party.messages.encryption.get(kind)
    if chosen is None:
        return content
    key = _key_for(party, chosen.alg)
    header = {"alg": chosen.alg, "enc": chosen.enc, "cty": cty, "kid": key.kid}
    header = {name: value for name, value in header.items() if value is not None}
    return jwe.encrypt_compact(header, content, key, algorithms=_ALGORITHMS)


def get_ready(party: RelyingParty) -> None:
    """Fetch keys that are at an address, before a transaction that must not wait."""
    if party.messages.encryption and party.remote_keys is not None:
        party.remote_keys.known()


def _key_for(party: RelyingParty, alg: str) -> Key:
    # Replaced keys that overlap stand last, so the first that fits is the newest.
    for key in party.jwks.keys if party.jwks else ():
        if may_encrypt(key, alg):
            return key
    raise NoEncryptionKeyError(detail=f"{party.client_id} has no key for {alg}")
