"""Which makes of authenticator are trusted, where the operator wants to know.

The library has verified the statement's signature; here the certificate that signed it
is followed to a root that the model's metadata names (WebAuthn Level 3 §8.2, §8.3,
§8.6, FIDO Metadata Service 3 §3.1).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from OpenSSL import crypto

from idp.errors import IdpError

_AAGUID = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")  # id-fido-gen-ce-aaguid
_ISO_COUNTRY_LETTERS = 2


class UntrustedModelError(IdpError):
    """This make of authenticator may not be enrolled here."""

    code = "DD-PASSKEY-002"


@dataclass(frozen=True, slots=True)
class Model:
    """What the metadata says of one model: its roots, and why it is refused."""

    roots: tuple[bytes, ...]
    refused: str = ""


@dataclass(frozen=True, slots=True)
class AttestationPolicy:
    """Only models of the metadata, by AAGUID or, for U2F, by their key's identifier."""

    models: Mapping[str, Model]

    def check(
        self, kind: str, aaguid: str, chain: Sequence[bytes], *, now: datetime
    ) -> None:
        """Refuse a new passkey whose make is not proven, unknown or withdrawn."""
        if kind == "none" or not chain:
            raise UntrustedModelError(detail="no statement of its make")
        leaf = _certificate(chain[0])
        name = _key_identifier(leaf) if kind == "fido-u2f" else aaguid
        model = self.models.get(name)
        if model is None:
            raise UntrustedModelError(detail=f"unknown model {name}")
        if model.refused:
            raise UntrustedModelError(detail=f"model {name} is {model.refused}")
        if kind == "packed":
            _check_packed(leaf)
        if kind != "fido-u2f":
            _check_aaguid(leaf, aaguid)
        if not is_chained(chain, model.roots, now=now):
            raise UntrustedModelError(detail=f"no chain to a root of model {name}")


def is_chained(
    chain: Sequence[bytes], roots: Sequence[bytes], *, now: datetime
) -> bool:
    """Say whether the first certificate leads to one of the roots, all of them DER.

    A root may be the very certificate that signs (Metadata Statements 3 §3.8).
    """
    store = crypto.X509Store()
    store.set_time(now)
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    try:
        for root in roots:
            store.add_cert(crypto.X509.from_cryptography(_certificate(root)))
        leaf, *between = [
            crypto.X509.from_cryptography(_certificate(item)) for item in chain
        ]
        crypto.X509StoreContext(store, leaf, between).verify_certificate()
    except (crypto.Error, crypto.X509StoreContextError):
        return False
    return True


def _certificate(content: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(content)
    except (ValueError, TypeError) as error:
        raise UntrustedModelError(detail="an unreadable certificate") from error


def _check_packed(leaf: x509.Certificate) -> None:
    """Refuse a certificate that is none for attestation (Level 3 §8.2.1)."""
    subject = {item.oid: str(item.value) for item in leaf.subject}
    is_fit = (
        leaf.version == x509.Version.v3
        and subject.get(NameOID.ORGANIZATIONAL_UNIT_NAME) == "Authenticator Attestation"
        and len(subject.get(NameOID.COUNTRY_NAME, "")) == _ISO_COUNTRY_LETTERS
        and bool(subject.get(NameOID.ORGANIZATION_NAME))
        and bool(subject.get(NameOID.COMMON_NAME))
        and not _is_authority(leaf)
    )
    if not is_fit:
        raise UntrustedModelError(detail="no attestation certificate")


def _is_authority(leaf: x509.Certificate) -> bool:
    try:
        found = leaf.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, ValueError):
        return True  # the extension is a must
    return found.value.ca


def _check_aaguid(leaf: x509.Certificate, aaguid: str) -> None:
    """Refuse a certificate of another model (Level 3 §8.2, §8.3)."""
    try:
        extension = leaf.extensions.get_extension_for_oid(_AAGUID)
    except x509.ExtensionNotFound:
        return
    except ValueError as error:
        raise UntrustedModelError(detail="an unreadable certificate") from error
    # An OCTET STRING of 16 bytes inside the extension's own.
    expected = b"\x04\x10" + UUID(aaguid).bytes
    if extension.value.public_bytes() != expected or extension.critical:
        raise UntrustedModelError(detail="a certificate of another model")


def _key_identifier(leaf: x509.Certificate) -> str:
    """Return the SHA-1 of the key's bits (RFC 5280 §4.2.1.2, method 1)."""
    point = leaf.public_key().public_bytes(
        Encoding.X962, PublicFormat.UncompressedPoint
    )
    return hashlib.sha1(point, usedforsecurity=False).hexdigest()
