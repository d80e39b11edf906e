"""The key in the token under which the key-encryption key lies wrapped."""

import os
import secrets
from typing import TYPE_CHECKING, Any

from keys.errors import KeyMaterialError
from keys.pkcs11.token import Token, load_binding
from keys.pkcs11.uri import KeyUri

if TYPE_CHECKING:
    from pkcs11 import Session

_LABEL = "dinhdanh kek"
_ID_BYTES = 16
_KEY_BITS = 256
_NONCE_BYTES = 12


def generate_wrapping_key(token: Token) -> KeyUri:
    """Make an AES-256 key in the token that can never leave it."""
    binding, key_id = load_binding(), secrets.token_bytes(_ID_BYTES)
    attribute, flags = binding.Attribute, binding.MechanismFlag

    def make(session: "Session") -> None:
        session.generate_key(
            binding.KeyType.AES,
            _KEY_BITS,
            id=key_id,
            label=_LABEL,
            store=True,
            capabilities=flags.ENCRYPT | flags.DECRYPT,
            template={attribute.SENSITIVE: True, attribute.EXTRACTABLE: False},
        )

    token.run(make)
    return KeyUri(token.label, key_id, "secret-key")


def wrap(token: Token, uri: KeyUri, plaintext: bytes, context: bytes) -> bytes:
    """Return `plaintext` encrypted inside the token (AES-256-GCM) for `context`."""
    binding, nonce = load_binding(), os.urandom(_NONCE_BYTES)
    how = {
        "mechanism": binding.Mechanism.AES_GCM,
        "mechanism_param": binding.GCMParams(nonce, context),
    }
    sealed: bytes = token.run(lambda s: _find(s, uri).encrypt(plaintext, **how))
    return nonce + sealed


def unwrap(token: Token, uri: KeyUri, wrapped: bytes, context: bytes) -> bytes:
    """Return what `wrap` took; raises `TokenError` if it does not open."""
    if uri.token != token.label:
        raise KeyMaterialError(
            f"the key-encryption key is wrapped in token {uri.token}, "
            f"pkcs11.token names {token.label}"
        )
    binding = load_binding()
    how = {
        "mechanism": binding.Mechanism.AES_GCM,
        "mechanism_param": binding.GCMParams(wrapped[:_NONCE_BYTES], context),
    }
    ciphertext = wrapped[_NONCE_BYTES:]
    plaintext: bytes = token.run(lambda s: _find(s, uri).decrypt(ciphertext, **how))
    return plaintext


def _find(session: "Session", uri: KeyUri) -> Any:
    binding = load_binding()
    wanted = {
        binding.Attribute.CLASS: binding.ObjectClass.SECRET_KEY,
        binding.Attribute.ID: uri.id,
    }
    found = list(session.get_objects(wanted))
    if len(found) != 1:
        raise binding.NoSuchKey(f"{len(found)} secret keys with id {uri.id.hex()}")
    return found[0]
