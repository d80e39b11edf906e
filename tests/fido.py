"""A make of authenticators and the metadata file that vouches for it, all synthetic."""

import base64
import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from tests.authenticator import Attestation, b64

AAGUID = UUID("a0a1a2a3-b0b1-c0c1-d0d1-e0e1e2e3e4e5")
SIGNER = "mds.fidoalliance.org"
_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")


def name(common: str, unit: str = "Authenticator Attestation") -> x509.Name:
    """Return a subject as an attestation certificate has it."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Invented Keys"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def certificate(
    key: Any,
    subject: x509.Name,
    *,
    issuer: Attestation | None,
    now: datetime,
    is_authority: bool = False,
    aaguid: UUID | None = None,
    dns: str | None = None,
) -> x509.Certificate:
    """Issue a certificate for `key`, by itself if there is no issuer."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.chain[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
    )
    if aaguid:
        content = x509.UnrecognizedExtension(_EXTENSION, b"\x04\x10" + aaguid.bytes)
        builder = builder.add_extension(content, critical=False)
    if dns:
        names = x509.SubjectAlternativeName([x509.DNSName(dns)])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer.key if issuer else key, hashes.SHA256())


def authority(now: datetime, common: str = "Invented Root") -> Attestation:
    """Return a root that signs makes or metadata."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = certificate(
        key, name(common, "Root"), issuer=None, now=now, is_authority=True
    )
    return Attestation(key, [made])


def make(root: Attestation, now: datetime, **values: Any) -> Attestation:
    """Return the key and certificate of one make under its root."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = values.pop("subject", name("Invented Key 1"))
    values = {"aaguid": AAGUID} | values
    made = certificate(key, subject, issuer=root, now=now, **values)
    return Attestation(key, [made])


def key_identifier(attestation: Attestation) -> str:
    """Return what metadata calls a U2F make by."""
    point = attestation.key.public_key().public_bytes(
        Encoding.X962, PublicFormat.UncompressedPoint
    )
    return hashlib.sha1(point).hexdigest()


def entry(root: Attestation, *statuses: str, **named: Any) -> dict[str, Any]:
    """Return the metadata of one make."""
    der = root.chain[0].public_bytes(Encoding.DER)
    return {
        **(named or {"aaguid": str(AAGUID)}),
        "metadataStatement": {
            "attestationRootCertificates": [base64.b64encode(der).decode()]
        },
        "statusReports": [{"status": name} for name in statuses],
    }


def write_metadata(
    folder: Path,
    root: Attestation,
    entries: list[dict[str, Any]],
    *,
    now: datetime,
    signer: str = SIGNER,
    next_update: str = "2099-01-01",
    algorithm: str = "ES256",
) -> tuple[Path, Path]:
    """Write the JWT and its root's PEM; return both paths."""
    is_rsa = algorithm == "RS256"
    key: Any = (
        rsa.generate_private_key(65537, 2048)
        if is_rsa
        else ec.generate_private_key(ec.SECP256R1())
    )
    leaf = certificate(key, name("Signer", "x"), issuer=root, now=now, dns=signer)
    x5c = [base64.b64encode(leaf.public_bytes(Encoding.DER)).decode()]
    header = b64(json.dumps({"alg": algorithm, "typ": "JWT", "x5c": x5c}).encode())
    payload = {"no": 1, "nextUpdate": next_update, "entries": entries}
    signed = f"{header}.{b64(json.dumps(payload).encode())}".encode()
    if is_rsa:
        signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    else:
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    token, pem = folder / "fido.jwt", folder / "fido-root.pem"
    token.write_bytes(signed + b"." + b64(signature).encode())
    pem.write_bytes(root.chain[0].public_bytes(Encoding.PEM))
    return token, pem
