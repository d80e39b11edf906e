"""Whole points out of ECDH, held to arithmetic done the slow way."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.emrtd import points
from idp.emrtd.curves import standardized_curve
from idp.emrtd.errors import EmrtdError
from idp.emrtd.named_curves import domain
from idp.emrtd.points import Point

CURVES = [standardized_curve(number) for number in (8, 10, 12, 13, 15, 16, 17, 18)]
curves = st.sampled_from(CURVES)


def generator(curve):
    return Point(domain(curve).x, domain(curve).y)


def opposite(curve, point):
    return Point(point.x, domain(curve).p - point.y)


def doubled_and_added(curve, number, point):
    """Return number · point by the textbook."""
    result = None
    for bit in f"{number:b}":
        result = result and points.add(curve, result, result)
        if bit == "1":
            result = points.add(curve, result, point) if result else point
    return result


@given(curves, st.integers(1, 2**160), st.integers(2, 2**160))
@settings(max_examples=60, deadline=None)
def test_products_are_the_textbooks(curve, number, other):
    """Both coordinates of a product are right on every curve."""
    private = ec.derive_private_key(number, curve)
    point = doubled_and_added(curve, other, generator(curve))

    product = points.multiply(private, point)

    assert product == doubled_and_added(curve, number, point)
    assert int.from_bytes(points.shared_x(private, point), "big") == product.x
    assert points.multiply_generator(curve, other) == point


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_products_of_the_generator_and_its_opposite(curve):
    """The two points that cannot be moved by the generator have products too."""
    private = ec.generate_private_key(curve)
    known = points.public_point(private)

    assert points.multiply(private, generator(curve)) == known
    moved = points.multiply(private, opposite(curve, generator(curve)))
    assert moved == opposite(curve, known)
    assert points.public_point(private.public_key()) == known


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_a_point_at_infinity_is_refused(curve):
    """Neither a sum nor a product may vanish."""
    point = generator(curve)

    with pytest.raises(EmrtdError, match="infinity"):
        points.add(curve, point, opposite(curve, point))
    for number in (0, domain(curve).n, 2 * domain(curve).n):
        with pytest.raises(EmrtdError, match="infinity"):
            points.multiply_generator(curve, number)


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_only_whole_points_of_the_curve_are_read(curve):
    """Infinity, compressed points, other curves' points and loose numbers are none."""
    point = generator(curve)
    encoded = points.encode(curve, point)
    size = domain(curve).field_bytes
    p = domain(curve).p
    beside = Point(point.x, (point.y + 1) % p)
    compressed = bytes((2 + point.y % 2,)) + encoded[1 : 1 + size]
    hybrid = bytes((6 + point.y % 2,)) + encoded[1:]

    assert points.decode(curve, encoded) == point
    for wrong in (
        b"",
        b"\x00",
        compressed,
        hybrid,
        encoded[:-1],
        encoded + b"\x00",
        points.encode(curve, beside),
        b"\x04" + bytes(2 * size),
    ):
        with pytest.raises(EmrtdError, match="malformed"):
            points.decode(curve, wrong)


def test_numbers_beyond_the_field_are_refused():
    """The same point may not be written with x + p."""
    curve = ec.SECP521R1()
    numbers = domain(curve)
    size = numbers.field_bytes
    x = (numbers.x + numbers.p).to_bytes(size, "big")
    encoded = b"\x04" + x + numbers.y.to_bytes(size, "big")

    with pytest.raises(EmrtdError, match="malformed"):
        points.decode(curve, encoded)


@given(curves, st.binary(max_size=140))
def test_noise_is_no_point(curve, noise):
    """No bytes raise anything but a refusal."""
    with pytest.raises(EmrtdError, match="malformed"):
        points.decode(curve, noise)


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_private_keys_are_kept_between_turns(curve):
    """A key written down and read back is the same key."""
    private = ec.generate_private_key(curve)

    kept = points.read_private(curve, points.write_private(private))

    assert kept.private_numbers() == private.private_numbers()
