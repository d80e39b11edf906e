"""An issuing state for tests, built with cryptography and asn1crypto alone.

It shares no code with what it tests, and each part can be altered on its way.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from asn1crypto import core
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
YEAR = timedelta(days=365)
HASHES = {
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


@dataclass(frozen=True)
class Issued:
    """A certificate in DER and the key that it is for."""

    der: bytes
    key: object

    @property
    def certificate(self):
        return x509.load_der_x509_certificate(self.der)

    @property
    def asn1(self):
        return asn1_x509.Certificate.load(self.der)


def name(common_name, country="VN", string_type=None):
    parts = [
        (NameOID.ORGANIZATION_NAME, "Thử nghiệm"),
        (NameOID.COMMON_NAME, common_name),
    ]
    if country:
        parts.insert(0, (NameOID.COUNTRY_NAME, country))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def ec_key(curve=None):
    return ec.generate_private_key(curve or ec.SECP256R1())


def certify(
    subject,
    key,
    *,
    issuer,
    issuer_key,
    hash_name="sha256",
    since=NOW - YEAR,
    until=NOW + 10 * YEAR,
    is_authority=None,
    usage=(),
    purposes=(),
    pss=False,
    key_ids=True,
    extra=(),
    serial=None,
):
    """Return a certificate; `key` and `issuer_key` are private keys."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
    )
    if is_authority is not None:
        constraints = x509.BasicConstraints(is_authority, 0 if is_authority else None)
        builder = builder.add_extension(constraints, critical=True)
    if usage:
        builder = builder.add_extension(key_usage(*usage), critical=True)
    if purposes:
        oids = [x509.ObjectIdentifier(purpose) for purpose in purposes]
        builder = builder.add_extension(x509.ExtendedKeyUsage(oids), critical=True)
    if key_ids:
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        ).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical=critical)
    scheme = padding.PSS(padding.MGF1(HASHES[hash_name]()), 32) if pss else None
    signed = builder.sign(issuer_key, HASHES[hash_name](), rsa_padding=scheme)
    return Issued(signed.public_bytes(Encoding.DER), key)


def key_usage(*names):
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{item: item in names for item in every})


def csca(common_name="CSCA", country="VN", key=None, **changes):
    """Return a self-signed country signing authority."""
    key = key or ec_key()
    subject = name(common_name, country)
    options = {"is_authority": True, "usage": ("key_cert_sign", "crl_sign")} | changes
    return certify(subject, key, issuer=subject, issuer_key=key, **options)


def signer(authority, common_name="DS", country="VN", key=None, **changes):
    """Return a document signer's certificate under an authority."""
    options = {"usage": ("digital_signature",)} | changes
    return certify(
        name(common_name, country),
        key or ec_key(),
        issuer=authority.certificate.subject,
        issuer_key=authority.key,
        **options,
    )


def link(old, new, common_name="CSCA 2", **changes):
    """Return the certificate by which an old authority vouches for its successor."""
    options = {"is_authority": True, "usage": ("key_cert_sign", "crl_sign")} | changes
    return certify(
        name(common_name),
        new.key,
        issuer=old.certificate.subject,
        issuer_key=old.key,
        **options,
    )


def list_signer(state, **changes):
    """Return the certificate of a master list's signer under an authority."""
    options = {"purposes": ["2.23.136.1.1.3"], "usage": ("digital_signature",)}
    return signer(state, "List signer", **(options | changes))


def crl(
    authority, serials=(), *, since=NOW - DAY, until=NOW + 30 * DAY, key=None, **changes
):
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(changes.get("issuer", authority.certificate.subject))
        .last_update(since)
        .next_update(until)
    )
    for extension, critical in changes.get("extra", ()):
        builder = builder.add_extension(extension, critical=critical)
    for serial in serials:
        entry = x509.RevokedCertificateBuilder(serial, since).build()
        builder = builder.add_revoked_certificate(entry)
    algorithm = HASHES[changes.get("hash_name", "sha256")]()
    signed = builder.sign(key or authority.key, algorithm)
    return signed.public_bytes(Encoding.DER)


def explicit_spki(key, **changes):
    """Return a public key whose curve is written in full, each number to choose."""
    numbers = key.public_numbers()
    public = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    domain = curve_numbers(numbers.curve) | changes
    size = (domain["p"].bit_length() + 7) // 8
    base = domain.get("base") or (
        b"\x04" + domain["x"].to_bytes(size) + domain["y"].to_bytes(size)
    )
    specified = {
        "version": 1,
        "field_id": {
            "field_type": "prime_field",
            "parameters": core.Integer(domain["p"]),
        },
        "curve": {
            "a": domain["a"].to_bytes(size),
            "b": domain["b"].to_bytes(size),
        },
        "base": base,
        "order": domain["n"],
    }
    if domain.get("h", 1) is not None:
        specified["cofactor"] = domain.get("h", 1)
    return asn1_keys.PublicKeyInfo(
        {
            "algorithm": {
                "algorithm": "ec",
                "parameters": asn1_keys.ECDomainParameters(
                    "specified", asn1_keys.SpecifiedECDomain(specified)
                ),
            },
            "public_key": asn1_keys.ECPointBitString(public),
        }
    ).dump()


def curve_numbers(curve):
    """Return a curve's numbers, which the standards print and tests compare with."""
    from idp.emrtd.named_curves import domain

    known = domain(curve)
    return {letter: getattr(known, letter) for letter in "pabxyn"}


def with_explicit_curve(issued, issuer_key, **changes):
    """Return a certificate whose key's curve is written in full, signed anew."""
    return resign(
        issued, issuer_key, spki=explicit_spki(issued.key.public_key(), **changes)
    )


def resign(issued, issuer_key, *, hash_name="sha256", spki=None):
    """Sign a certificate anew by ECDSA, with what the library would not write."""
    certificate = issued.asn1
    tbs = certificate["tbs_certificate"]
    if spki is not None:
        tbs["subject_public_key_info"] = asn1_keys.PublicKeyInfo.load(spki)
    algorithm = {"algorithm": f"{hash_name}_ecdsa"}
    tbs["signature"] = certificate["signature_algorithm"] = algorithm
    signed = tbs.dump(force=True)
    signature = issuer_key.sign(signed, ec.ECDSA(HASHES[hash_name]()))
    certificate["signature_value"] = signature
    return Issued(certificate.dump(force=True), issued.key)


def tlv(tag, value):
    """Encode one element."""
    head = tag.to_bytes((tag.bit_length() + 7) // 8)
    size = len(value)
    if size < 0x80:
        return head + bytes([size]) + value
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return head + bytes([0x80 | len(length)]) + length + value


def rsa_private(bits=2048):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)
