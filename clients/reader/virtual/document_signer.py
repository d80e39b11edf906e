"""EF.SOD: a document signer's CMS signature over the data groups' digests.

ICAO Doc 9303-10 §4.7 and 9303-12 §5; the CMS itself is RFC 5652.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from clients.reader.virtual import der
from idp.emrtd.tlv import encode

_SECURITY_OBJECT = "2.23.136.1.1.1"  # id-icao-mrtd-security-ldsSecurityObject
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_DIGESTS = {
    "sha1": "1.3.14.3.2.26",
    "sha224": "2.16.840.1.101.3.4.2.4",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
_ECDSA = {
    "sha1": "1.2.840.10045.4.1",
    "sha224": "1.2.840.10045.4.3.1",
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
}
_RSA, _PSS, _MGF1 = (f"1.2.840.113549.1.1.{last}" for last in (1, 10, 8))


@dataclass(frozen=True, slots=True)
class DocumentSigner:
    """A certificate with its key; `is_pss` chooses an RSA key's padding."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    is_pss: bool = False


def digests(files: Mapping[int, bytes], digest: str) -> tuple[tuple[int, bytes], ...]:
    """Return each data group's number and digest, in the groups' order."""
    return tuple(
        (number, hashlib.new(digest, content).digest())
        for number, content in sorted(files.items())
    )


def security_object(
    hashed: Sequence[tuple[int, bytes]], *, digest: str, version: int
) -> bytes:
    """Return the LDS security object that is signed (ICAO Doc 9303-10 §4.7.1)."""
    entries = (
        der.sequence(der.integer(number), der.octets(value)) for number, value in hashed
    )
    parts = [der.integer(version), der.algorithm(_DIGESTS[digest], der.NULL)]
    parts.append(der.sequence(*entries))
    if version == 1:
        parts.append(der.sequence(der.printable("0108"), der.printable("040000")))
    return der.sequence(*parts)


def sign(
    content: bytes,
    signer: DocumentSigner,
    *,
    digest: str,
    certificates: Sequence[bytes] | None = None,
) -> bytes:
    """Return EF.SOD over a security object, with the signer's certificate inside."""
    attributes = (
        _attribute(_CONTENT_TYPE, der.oid(_SECURITY_OBJECT)),
        _attribute(_MESSAGE_DIGEST, der.octets(hashlib.new(digest, content).digest())),
    )
    # RFC 5652 §5.4: what is signed is the SET OF, what is stored is its [0].
    signed = der.set_of(*attributes)
    algorithm, signature = _signature(signed, signer, digest)
    issued = signer.certificate
    info = der.sequence(
        der.integer(1),
        der.sequence(issued.issuer.public_bytes(), der.integer(issued.serial_number)),
        der.algorithm(_DIGESTS[digest], der.NULL),
        der.context(0, b"".join(sorted(attributes))),
        algorithm,
        der.octets(signature),
    )
    if certificates is None:
        certificates = (issued.public_bytes(Encoding.DER),)
    data = der.sequence(
        der.integer(3),
        der.set_of(der.algorithm(_DIGESTS[digest], der.NULL)),
        der.sequence(der.oid(_SECURITY_OBJECT), der.context(0, der.octets(content))),
        der.context(0, b"".join(sorted(certificates))),
        der.set_of(info),
    )
    return encode(0x77, der.sequence(der.oid(_SIGNED_DATA), der.context(0, data)))


def _attribute(kind: str, value: bytes) -> bytes:
    return der.sequence(der.oid(kind), der.set_of(value))


def _signature(
    content: bytes, signer: DocumentSigner, digest: str
) -> tuple[bytes, bytes]:
    algorithm = _hash(digest)
    if isinstance(signer.key, ec.EllipticCurvePrivateKey):
        value = signer.key.sign(content, ec.ECDSA(algorithm))
        return der.algorithm(_ECDSA[digest]), value
    if not signer.is_pss:
        value = signer.key.sign(content, padding.PKCS1v15(), algorithm)
        return der.algorithm(_RSA, der.NULL), value
    size = algorithm.digest_size
    salted = padding.PSS(padding.MGF1(algorithm), size)
    return _pss(digest, size), signer.key.sign(content, salted, algorithm)


def _pss(digest: str, salt: int) -> bytes:
    """Return RSASSA-PSS with its parameters (RFC 4055 §3.1)."""
    hashed = der.algorithm(_DIGESTS[digest], der.NULL)
    parameters = der.sequence(
        der.context(0, hashed),
        der.context(1, der.algorithm(_MGF1, hashed)),
        der.context(2, der.integer(salt)),
    )
    return der.algorithm(_PSS, parameters)


def _hash(digest: str) -> hashes.HashAlgorithm:
    known: dict[str, hashes.HashAlgorithm] = {
        "sha1": hashes.SHA1(),  # noqa: S303 - some issuers' cards have it: a test's too
        "sha224": hashes.SHA224(),
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
    }
    return known[digest]
