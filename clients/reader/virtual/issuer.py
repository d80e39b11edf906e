"""A demo country's signing authority: its CSCA, document signers and revocation list.

ICAO Doc 9303-12 §7. Keys are made on the spot and never shipped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from clients.reader.virtual import der
from clients.reader.virtual.document_signer import DocumentSigner

COUNTRY = "VN"
HASH = hashes.SHA384()
_AUTHORITY_YEARS, _SIGNER_YEARS, _LIST_YEARS = 15, 12, 5
_DOCUMENT_TYPES = x509.ObjectIdentifier("2.23.136.1.1.6.2")


@dataclass(frozen=True, slots=True)
class Validity:
    """From when until when a certificate says that it holds."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Authority:
    """A country signing authority: its self-signed certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def name(common_name: str, country: str = COUNTRY) -> x509.Name:
    """Return a distinguished name of the demo issuer."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, country),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Định Danh Sandbox"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def create_authority(*, now: datetime, country: str = COUNTRY) -> Authority:
    """Return a new CSCA with a new key."""
    key = ec.generate_private_key(ec.BrainpoolP384R1())
    subject = name("Sandbox CSCA", country)
    validity = _years(now, _AUTHORITY_YEARS)
    usage = _usage(certificates=True)
    builder = _builder(subject, subject, key.public_key(), validity)
    builder = _identified(builder, key.public_key(), key.public_key())
    certificate = (
        builder.add_extension(usage, critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, HASH)
    )
    return Authority(certificate, key)


def create_signer(
    authority: Authority, kind: str, *, now: datetime, validity: Validity | None = None
) -> DocumentSigner:
    """Return a document signer under an authority: kind ecdsa, rsa or rsa-pss."""
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if kind == "ecdsa":
        key = ec.generate_private_key(ec.BrainpoolP256R1())
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    validity = validity or _years(now, _SIGNER_YEARS)
    certificate = certify(authority, key.public_key(), validity=validity)
    return DocumentSigner(certificate, key, is_pss=kind == "rsa-pss")


def certify(
    authority: Authority,
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    *,
    validity: Validity,
) -> x509.Certificate:
    """Return a document signer's certificate (ICAO Doc 9303-12 §7.1)."""
    issuer = authority.certificate.subject
    country = issuer.get_attributes_for_oid(NameOID.COUNTRY_NAME)[0].value
    subject = name("Sandbox document signer", str(country))
    types = der.sequence(der.integer(0), der.set_of(der.printable("ID")))
    builder = _builder(subject, issuer, key, validity)
    builder = _identified(builder, key, authority.key.public_key())
    return (
        builder.add_extension(_usage(certificates=False), critical=True)
        .add_extension(
            x509.UnrecognizedExtension(_DOCUMENT_TYPES, types), critical=False
        )
        .sign(authority.key, HASH)
    )


def revocation_list(
    authority: Authority,
    revoked: Sequence[x509.Certificate] = (),
    *,
    now: datetime,
    number: int = 1,
) -> x509.CertificateRevocationList:
    """Return the authority's CRL, good for years: nobody renews a sandbox's."""
    validity = _years(now, _LIST_YEARS)
    key = authority.key.public_key()
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(validity.since)
        .next_update(validity.until)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key), critical=False
        )
    )
    for certificate in revoked:
        entry = x509.RevokedCertificateBuilder(
            certificate.serial_number, validity.since
        ).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(authority.key, HASH)


def _years(now: datetime, years: int) -> Validity:
    # A day early, so that another machine's slow clock finds the certificate begun.
    return Validity(now - timedelta(days=1), now + timedelta(days=365 * years))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    validity: Validity,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity.since)
        .not_valid_after(validity.until)
    )


def _identified(
    builder: x509.CertificateBuilder,
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
) -> x509.CertificateBuilder:
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key)
    return builder.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key), critical=False
    ).add_extension(authority, critical=False)


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        key_cert_sign=certificates,
        crl_sign=certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
