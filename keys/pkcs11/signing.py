"""Signing keys in a token: made there, found again by their handle, never taken out."""

import hashlib
import secrets
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from keys.algorithms import PublicKey, is_signature
from keys.errors import KeyMaterialError
from keys.pkcs11.token import Token, load_binding
from keys.pkcs11.uri import KeyUri

if TYPE_CHECKING:
    from pkcs11 import Session

_ID_BYTES = 16
_RSA_BITS = 2048
_PROBE = b"This key signs for the public part that is stored beside its handle."


class TokenSigner:
    """A `Signer` whose private key stays in the token.

    The key must be one that was made for `label`, cannot be taken out, and signs what
    the public key beside it verifies: who can write the rows that hold handles cannot
    lend a key to another ring. Raises `KeyMaterialError` otherwise.
    """

    def __init__(self, token: Token, handle: str, *, alg: str, label: str) -> None:
        uri = KeyUri.read(handle)
        if uri.token != token.label:
            raise KeyMaterialError(
                f"a signing key is in token {uri.token}, "
                f"pkcs11.token names {token.label}"
            )
        self._token = token
        self._id = uri.id
        self._alg = alg
        self._found: tuple[Session, Any] | None = None
        self.public_key: PublicKey = token.run(lambda s: self._checked(s, label))
        if not is_signature(self.public_key, self.sign(_PROBE), _PROBE):
            raise KeyMaterialError(f"{handle} has a foreign public key beside it")

    def sign(self, message: bytes) -> bytes:
        """Return the JWS signature of `message` (RFC 7518 §3.3, §3.4)."""
        mechanisms = load_binding().Mechanism
        mechanism = mechanisms.SHA256_RSA_PKCS
        if self._alg == "ES256":
            message = hashlib.sha256(message).digest()
            mechanism = mechanisms.ECDSA  # r‖s, as RFC 7518 §3.4 wants it
        signature: bytes = self._token.run(
            lambda session: self._key(session).sign(message, mechanism=mechanism)
        )
        return signature

    def _key(self, session: "Session") -> Any:
        """Find the key, once a session: the token's lock is held."""
        if self._found is None or self._found[0] is not session:
            kind = load_binding().ObjectClass.PRIVATE_KEY
            self._found = session, _find(session, self._id, kind)
        return self._found[1]

    def _checked(self, session: "Session", label: str) -> PublicKey:
        binding, key = load_binding(), self._key(session)
        attribute = binding.Attribute
        made_for = key[attribute.LABEL]
        if made_for != label:
            raise KeyMaterialError(f"a key made for {made_for} cannot serve {label}")
        if key[attribute.EXTRACTABLE] or not (
            key[attribute.SENSITIVE] and key[attribute.NEVER_EXTRACTABLE]
        ):
            raise KeyMaterialError(f"the key for {label} can be taken out of its token")
        public = _find(session, self._id, binding.ObjectClass.PUBLIC_KEY)
        return _public_key(public, self._alg)


def generate_in(token: Token, alg: str, label: str) -> tuple[str, PublicKey]:
    """Make a key pair labelled `label` that can never leave; return its handle."""
    key_id = secrets.token_bytes(_ID_BYTES)
    public_key = token.run(lambda session: _generate(session, alg, key_id, label))
    return str(KeyUri(token.label, key_id, "private")), public_key


def destroy_in(token: Token, handle: str) -> None:
    """Erase a key pair from the token, if it is still there."""
    binding, uri = load_binding(), KeyUri.read(handle)

    def erase(session: "Session") -> None:
        for found in list(session.get_objects({binding.Attribute.ID: uri.id})):
            found.destroy()

    token.run(erase)


def _find(session: "Session", key_id: bytes, kind: Any) -> Any:
    """Return the one key of a kind with this id; raises the binding's `NoSuchKey`."""
    binding = load_binding()
    wanted = {binding.Attribute.CLASS: kind, binding.Attribute.ID: key_id}
    # To its end: a search that is left open is closed by the collector, without lock.
    found = list(session.get_objects(wanted))
    if len(found) != 1:
        raise binding.NoSuchKey(f"{len(found)} keys with id {key_id.hex()}")
    return found[0]


def _generate(session: "Session", alg: str, key_id: bytes, label: str) -> PublicKey:
    binding = load_binding()
    attribute, kinds = binding.Attribute, binding.KeyType
    options = {
        "id": key_id,
        "label": label,
        "store": True,
        "capabilities": binding.MechanismFlag.SIGN | binding.MechanismFlag.VERIFY,
        "private_template": {attribute.SENSITIVE: True, attribute.EXTRACTABLE: False},
    }
    if alg == "RS256":
        made, _ = session.generate_keypair(kinds.RSA, _RSA_BITS, **options)
    else:
        curve = binding.util.ec.encode_named_curve_parameters("secp256r1")
        domain = session.create_domain_parameters(
            kinds.EC, {attribute.EC_PARAMS: curve}, local=True
        )
        made, _ = domain.generate_keypair(**options)
    return _public_key(made, alg)


def _public_key(key: Any, alg: str) -> PublicKey:
    binding = load_binding()
    attribute = binding.Attribute
    if alg == "RS256":
        exponent, modulus = key[attribute.PUBLIC_EXPONENT], key[attribute.MODULUS]
        numbers = rsa.RSAPublicNumbers(
            int.from_bytes(exponent), int.from_bytes(modulus)
        )
        return numbers.public_key()
    der = binding.util.ec.encode_ec_public_key(key)
    public_key = load_der_public_key(der)
    if not isinstance(public_key, ec.EllipticCurvePublicKey):
        raise KeyMaterialError(
            "the token holds a key of another kind than its row says"
        )
    return public_key
