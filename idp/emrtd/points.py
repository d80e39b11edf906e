"""Points of elliptic curves, multiplied by OpenSSL.

PACE needs whole points, and OpenSSL's ECDH gives the x of a product alone. Its y
follows from a second product: with Q = k·P and K = k·G known, the x of
k·(P + G) = Q + K leaves one y for Q. Private keys so never enter Python's arithmetic.
"""

from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec

from idp.emrtd.errors import EmrtdError
from idp.emrtd.named_curves import Domain, domain

_UNCOMPRESSED = 4


class Point(NamedTuple):
    """A point that lies on its curve and is not at infinity."""

    x: int
    y: int


def decode(curve: ec.EllipticCurve, encoded: bytes) -> Point:
    """Read an uncompressed point (BSI TR-03111 §3.2); anything else is refused."""
    numbers = domain(curve)
    size = numbers.field_bytes
    if len(encoded) != 1 + 2 * size or encoded[0] != _UNCOMPRESSED:
        raise EmrtdError("malformed", f"encoding of a point of {curve.name}")
    x = int.from_bytes(encoded[1 : 1 + size], "big")
    y = int.from_bytes(encoded[1 + size :], "big")
    is_reduced = x < numbers.p and y < numbers.p
    if not is_reduced or y * y % numbers.p != _square(numbers, x):
        raise EmrtdError("malformed", f"not a point of {curve.name}")
    return Point(x, y)


def encode(curve: ec.EllipticCurve, point: Point) -> bytes:
    """Write a point uncompressed."""
    size = domain(curve).field_bytes
    x, y = (number.to_bytes(size, "big") for number in point)
    return bytes((_UNCOMPRESSED,)) + x + y


def public_point(key: ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey) -> Point:
    """Return the point of a key."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        key = key.public_key()
    numbers = key.public_numbers()
    return Point(numbers.x, numbers.y)


def write_private(private: ec.EllipticCurvePrivateKey) -> list[str]:
    """Write a private key down with its point, so that reading it back is cheap."""
    point = encode(private.curve, public_point(private))
    return [f"{private.private_numbers().private_value:x}", point.hex()]


def read_private(
    curve: ec.EllipticCurve, written: list[str]
) -> ec.EllipticCurvePrivateKey:
    """Read a private key back."""
    point = decode(curve, bytes.fromhex(written[1]))
    public = ec.EllipticCurvePublicNumbers(*point, curve)
    return ec.EllipticCurvePrivateNumbers(int(written[0], 16), public).private_key()


def shared_x(private: ec.EllipticCurvePrivateKey, point: Point) -> bytes:
    """Return the x of private · point, as long as the field (TR-03111 §4.3.1)."""
    public = ec.EllipticCurvePublicNumbers(*point, private.curve).public_key()
    return private.exchange(ec.ECDH(), public)


def multiply(private: ec.EllipticCurvePrivateKey, point: Point) -> Point:
    """Return private · point."""
    numbers, known = domain(private.curve), public_point(private)
    p, generator = numbers.p, Point(numbers.x, numbers.y)
    if point.x == generator.x:
        return known if point == generator else Point(known.x, p - known.y)
    x = int.from_bytes(shared_x(private, point), "big")
    moved = add(private.curve, point, generator)
    moved_x = int.from_bytes(shared_x(private, moved), "big")
    # λ² = x + x' + x'' with λ = (y - y') / (x - x') is linear in y once y² is known
    difference = (moved_x + x + known.x) * (x - known.x) ** 2
    y = (_square(numbers, x) + known.y**2 - difference) * pow(2 * known.y, -1, p) % p
    return Point(x, y)


def multiply_generator(curve: ec.EllipticCurve, number: int) -> Point:
    """Return number · G, or refuse a number that is a multiple of the order."""
    reduced = number % domain(curve).n
    if not reduced:
        raise EmrtdError("malformed", "a point at infinity")
    return public_point(ec.derive_private_key(reduced, curve))


def add(curve: ec.EllipticCurve, one: Point, other: Point) -> Point:
    """Return one + other, or refuse a sum at infinity."""
    numbers = domain(curve)
    p = numbers.p
    if one.x != other.x:
        slope = (other.y - one.y) * pow(other.x - one.x, -1, p) % p
    elif one == other:
        slope = (3 * one.x * one.x + numbers.a) * pow(2 * one.y, -1, p) % p
    else:
        raise EmrtdError("malformed", "a point at infinity")
    x = (slope * slope - one.x - other.x) % p
    return Point(x, (slope * (one.x - x) - one.y) % p)


def _square(numbers: Domain, x: int) -> int:
    """Return y² of the points at x."""
    return (x * x * x + numbers.a * x + numbers.b) % numbers.p
