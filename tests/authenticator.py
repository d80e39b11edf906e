"""A software authenticator: passkeys as a browser and its device would make them.

It signs what it is told to sign, so that a test can bend any part of an answer. Keys
are ES256, RS256 or EdDSA; attestation is none, packed (self or by a certificate) or
FIDO U2F.
"""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

ES256, EDDSA, RS256 = -7, -8, -257
PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40
ORIGIN = "http://localhost:8000"


def b64(value: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Decode base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def new_key(algorithm: int) -> Any:
    """Make a key pair of a COSE algorithm."""
    if algorithm == ES256:
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == EDDSA:
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 2048)


def cose_key(key: Any) -> dict[int, Any]:
    """Return the public key as authenticators write it (RFC 9053)."""
    public = key.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        numbers = public.public_numbers()
        curve = {"secp256r1": 1, "secp384r1": 2}[public.curve.name]
        size = (public.curve.key_size + 7) // 8
        x, y = (number.to_bytes(size, "big") for number in (numbers.x, numbers.y))
        return {1: 2, 3: ES256, -1: curve, -2: x, -3: y}
    if isinstance(public, ed25519.Ed25519PublicKey):
        return {1: 1, 3: EDDSA, -1: 6, -2: public.public_bytes_raw()}
    numbers = public.public_numbers()
    size = (public.key_size + 7) // 8
    return {1: 3, 3: RS256, -1: numbers.n.to_bytes(size, "big"), -2: b"\x01\x00\x01"}


def sign(key: Any, content: bytes) -> bytes:
    """Sign as the key's algorithm does."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(content, ec.ECDSA(hashes.SHA256()))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(content)
    return key.sign(content, padding.PKCS1v15(), hashes.SHA256())


@dataclass
class Attestation:
    """The key that vouches for a make, with its certificates."""

    key: Any
    chain: list[x509.Certificate]


@dataclass
class Authenticator:
    """One device with one passkey."""

    algorithm: int = ES256
    origin: str = ORIGIN
    rp_id: str = "localhost"
    flags: int = PRESENT | VERIFIED
    count: int = 1
    aaguid: bytes = bytes(16)
    format: str = "none"
    attestation: Attestation | None = None
    key: Any = None
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: bytes | None = None

    def __post_init__(self) -> None:
        self.key = self.key or new_key(self.algorithm)

    def create(self, options: str, **bent: Any) -> str:
        """Answer `navigator.credentials.create()`; `bent` changes client data."""
        asked = json.loads(options)
        self.handle = unb64(asked["user"]["id"])
        client_data = self._client_data("webauthn.create", asked, bent)
        attested = b"".join(
            (self.aaguid, len(self.id).to_bytes(2, "big"), self.id,
             cbor2.dumps(cose_key(self.key)))
        )  # fmt: skip
        data = self._data(ATTESTED) + attested
        statement = {
            "fmt": self.format,
            "attStmt": self._statement(data, client_data),
            "authData": data,
        }
        return self._answer(
            client_data,
            attestationObject=b64(cbor2.dumps(statement)),
            transports=["internal", "hybrid", "telepathy"],
        )

    def get(self, options: str, *, key: Any = None, **bent: Any) -> str:
        """Answer `navigator.credentials.get()`, one use later."""
        asked = json.loads(options)
        self.count += 1 if self.count else 0
        client_data = self._client_data("webauthn.get", asked, bent)
        data = self._data()
        signature = sign(key or self.key, data + hashlib.sha256(client_data).digest())
        response = {"authenticatorData": b64(data), "signature": b64(signature)}
        if self.handle is not None:
            response["userHandle"] = b64(self.handle)
        return self._answer(client_data, **response)

    def _client_data(
        self, kind: str, asked: dict[str, Any], bent: dict[str, Any]
    ) -> bytes:
        value = {"type": kind, "challenge": asked["challenge"], "origin": self.origin}
        return json.dumps({**value, "crossOrigin": False, **bent}).encode()

    def _data(self, more: int = 0) -> bytes:
        rp_hash = hashlib.sha256(self.rp_id.encode()).digest()
        return rp_hash + bytes([self.flags | more]) + self.count.to_bytes(4, "big")

    def _statement(self, data: bytes, client_data: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(client_data).digest()
        chain = self.attestation.chain if self.attestation else []
        x5c = [item.public_bytes(Encoding.DER) for item in chain]
        if self.format == "packed" and self.attestation is None:
            key = cose_key(self.key)
            return {"alg": key[3], "sig": sign(self.key, data + digest)}
        if self.format == "packed" and self.attestation:
            signature = sign(self.attestation.key, data + digest)
            return {"alg": ES256, "sig": signature, "x5c": x5c}
        if self.format == "fido-u2f" and self.attestation:
            cose = cose_key(self.key)
            point = b"\x04" + cose[-2] + cose[-3]
            content = b"\0" + data[:32] + digest + self.id + point
            return {"sig": sign(self.attestation.key, content), "x5c": x5c}
        return {}

    def _answer(self, client_data: bytes, **response: Any) -> str:
        return json.dumps(
            {
                "id": b64(self.id),
                "rawId": b64(self.id),
                "type": "public-key",
                "authenticatorAttachment": "platform",
                "clientExtensionResults": {},
                "response": {"clientDataJSON": b64(client_data), **response},
            }
        )


def bend(answer: str, **changes: Any) -> str:
    """Return the answer with other members; `response` ones by their name."""
    value = json.loads(answer)
    for name, change in changes.items():
        place = value["response"] if name in value["response"] else value
        place[name] = change
    return json.dumps(value)
