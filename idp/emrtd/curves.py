"""Public keys out of SubjectPublicKeyInfo, with the curves that states write in full.

OpenSSL takes explicit curve parameters only of three curves. Here they are taken for
every known curve, and only if *every* parameter is that curve's: a look-alike with the
same order and public key but another generator proves nothing (CVE-2020-0601).
"""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from idp.emrtd import tlv
from idp.emrtd.errors import EmrtdError
from idp.emrtd.named_curves import COFACTOR, Domain, domain, named_curve
from idp.emrtd.tlv import Node

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

_RSA = frozenset({"1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"})
# id-ecPublicKey (RFC 5480 §2.1.1) and its restriction to ECDH (§2.1.2)
_EC = frozenset({"1.2.840.10045.2.1", "1.3.132.1.12"})
_PRIME_FIELD = "1.2.840.10045.1.1"
_STANDARDIZED = "0.4.0.127.0.7.1.2"  # BSI TR-03110-3 §A.2.1.1

_CURVE_OIDS: dict[str, ec.EllipticCurve] = {
    "1.2.840.10045.3.1.1": ec.SECP192R1(),
    "1.3.132.0.33": ec.SECP224R1(),
    "1.2.840.10045.3.1.7": ec.SECP256R1(),
    "1.3.132.0.34": ec.SECP384R1(),
    "1.3.132.0.35": ec.SECP521R1(),
    "1.3.36.3.3.2.8.1.1.7": ec.BrainpoolP256R1(),
    "1.3.36.3.3.2.8.1.1.11": ec.BrainpoolP384R1(),
    "1.3.36.3.3.2.8.1.1.13": ec.BrainpoolP512R1(),
}

# Standardised domain parameters: ICAO Doc 9303-11 §9.5.1
_PARAMETER_IDS: dict[int, ec.EllipticCurve] = {
    8: ec.SECP192R1(),
    10: ec.SECP224R1(),
    12: ec.SECP256R1(),
    13: ec.BrainpoolP256R1(),
    15: ec.SECP384R1(),
    16: ec.BrainpoolP384R1(),
    17: ec.BrainpoolP512R1(),
    18: ec.SECP521R1(),
}


def standardized_curve(parameter_id: int) -> ec.EllipticCurve:
    """Return the curve that a PACE or Chip Authentication parameter id names."""
    curve = _PARAMETER_IDS.get(parameter_id)
    if curve is None:
        raise EmrtdError("unknown_curve", f"domain parameters {parameter_id}")
    return curve


def load_public_key(spki: bytes) -> PublicKey:
    """Return the key of a DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7)."""
    return public_key_of(tlv.parse(spki).expect(tlv.SEQUENCE))


def public_key_of(spki: Node) -> PublicKey:
    """Return the key of a SubjectPublicKeyInfo that was parsed already."""
    algorithm, key, *_ = _at_least(spki, 2)
    oid, *parameters = _at_least(algorithm, 1)
    content = _bits(key)
    match oid.oid():
        case name if name in _EC and parameters:
            return load_point(_curve(parameters[0]), content)
        case name if name == _STANDARDIZED and parameters:
            curve = standardized_curve(parameters[0].integer())
            return load_point(curve, content)
        case name if name in _RSA:
            return _load_rsa(content)
        case name:
            raise EmrtdError("malformed", f"a public key of algorithm {name}")


def load_point(curve: ec.EllipticCurve, point: bytes) -> ec.EllipticCurvePublicKey:
    """Return the public key that an encoded point is; it must lie on the curve."""
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise EmrtdError("malformed", f"a point of {curve.name}") from error


def _curve(parameters: Node) -> ec.EllipticCurve:
    if parameters.tag == tlv.OBJECT_IDENTIFIER:
        name = parameters.oid()
        if name not in _CURVE_OIDS:
            raise EmrtdError("unknown_curve", name)
        return _CURVE_OIDS[name]
    return _explicit_curve(parameters.expect(tlv.SEQUENCE))


def _explicit_curve(parameters: Node) -> ec.EllipticCurve:
    """Find the curve of ECParameters (SEC 1 §C.2), or refuse."""
    _, field, coefficients, base, order, *others = _at_least(parameters, 5)
    field_type, prime, *_ = _at_least(field, 2)
    if field_type.oid() != _PRIME_FIELD:
        raise EmrtdError("unknown_curve", "not over a prime field")
    a, b, *_ = _at_least(coefficients, 2)
    generator = base.expect(tlv.OCTET_STRING).value
    stated = [node.integer() for node in others if node.tag == tlv.INTEGER]
    numbers = Domain(
        p=prime.integer(),
        a=int.from_bytes(a.expect(tlv.OCTET_STRING).value),
        b=int.from_bytes(b.expect(tlv.OCTET_STRING).value),
        **_generator(generator),
        n=order.integer(),
    )
    curve = named_curve(numbers)
    # The cofactor may be left out: p, a, b and n leave no choice of it.
    if curve is None or stated not in ([], [COFACTOR]):
        raise EmrtdError("unknown_curve", "explicit parameters of no known curve")
    if not _is_whole(generator, domain(curve)):
        raise EmrtdError("unknown_curve", "a generator of another form")
    return curve


def _generator(point: bytes) -> dict[str, int]:
    """Return x and y; of a compressed point only if a known curve has that x."""
    half = len(point) // 2
    if point[:1] == b"\x04":
        return {
            "x": int.from_bytes(point[1 : 1 + half]),
            "y": int.from_bytes(point[1 + half :]),
        }
    if point[:1] in {b"\x02", b"\x03"}:
        x = int.from_bytes(point[1:])
        for curve in _CURVE_OIDS.values():
            known = domain(curve)
            if known.x == x and known.y & 1 == point[0] & 1:
                return {"x": x, "y": known.y}
    raise EmrtdError("unknown_curve", "a generator that no known curve has")


def _is_whole(point: bytes, known: Domain) -> bool:
    coordinates = 2 if point[0] == 4 else 1
    return len(point) == 1 + coordinates * known.field_bytes


def _load_rsa(content: bytes) -> rsa.RSAPublicKey:
    spki = tlv.encode(
        tlv.SEQUENCE,
        bytes.fromhex("300d06092a864886f70d0101010500")
        + tlv.encode(tlv.BIT_STRING, b"\0" + content),
    )
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise EmrtdError("malformed", "an RSA key") from error
    if not isinstance(key, rsa.RSAPublicKey):  # pragma: no cover - what we encoded
        raise EmrtdError("malformed", "an RSA key")
    return key


def _bits(key: Node) -> bytes:
    content = key.expect(tlv.BIT_STRING).value
    if content[:1] != b"\0":
        raise EmrtdError("malformed", "a BIT STRING that is not of whole bytes")
    return content[1:]


def _at_least(node: Node, count: int) -> tuple[Node, ...]:
    children = node.expect(tlv.SEQUENCE).children
    if len(children) < count:
        raise EmrtdError("malformed", "a SEQUENCE with too few members")
    return children
