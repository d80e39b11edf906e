"""Curves: explicit parameters are taken only when every one is a known curve's."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idp.emrtd import curves, tlv
from idp.emrtd.errors import EmrtdError
from idp.emrtd.named_curves import domain
from tests.unit.emrtd.issuing import curve_numbers, explicit_spki, rsa_private

CURVES = [
    ec.SECP192R1(),
    ec.SECP224R1(),
    ec.SECP256R1(),
    ec.SECP384R1(),
    ec.SECP521R1(),
    ec.BrainpoolP256R1(),
    ec.BrainpoolP384R1(),
    ec.BrainpoolP512R1(),
]
by_name = pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)


def reason(spki):
    with pytest.raises(EmrtdError) as refused:
        curves.load_public_key(spki)
    return refused.value.reason


def spki_of(key):
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@by_name
def test_the_table_holds_the_curve_that_the_library_computes_with(curve):
    """1·G and (n−1)·G by OpenSSL are our generator and its negative, on our curve."""
    known = domain(curve)
    one = ec.derive_private_key(1, curve).public_key().public_numbers()
    last = ec.derive_private_key(known.n - 1, curve).public_key().public_numbers()

    assert (one.x, one.y) == (known.x, known.y)
    assert (last.x, last.y) == (known.x, known.p - known.y)
    assert (known.y**2 - known.x**3 - known.a * known.x - known.b) % known.p == 0


@by_name
def test_a_named_and_an_explicit_curve_give_the_same_key(curve):
    """Also where cofactor is left out and where the generator is compressed."""
    key = ec.generate_private_key(curve).public_key()
    known = curve_numbers(curve)
    size = (known["p"].bit_length() + 7) // 8
    compressed = bytes([2 + known["y"] % 2]) + known["x"].to_bytes(size)

    assert curves.load_public_key(spki_of(key)) == key
    assert curves.load_public_key(explicit_spki(key)) == key
    assert curves.load_public_key(explicit_spki(key, h=None)) == key
    assert curves.load_public_key(explicit_spki(key, base=compressed)) == key


@by_name
@pytest.mark.parametrize("letter", ["p", "a", "b", "n", "h"])
def test_one_other_parameter_is_refused(curve, letter):
    """CVE-2020-0601: a curve that is almost the known one is not it."""
    key = ec.generate_private_key(curve).public_key()
    number = (curve_numbers(curve) | {"h": 1})[letter]

    assert reason(explicit_spki(key, **{letter: number - 1})) == "unknown_curve"


@by_name
def test_another_generator_is_refused(curve):
    """With G' = Q any key is known to the forger: the heart of CVE-2020-0601."""
    key = ec.generate_private_key(curve).public_key()
    numbers = key.public_numbers()
    size = (numbers.x.bit_length() + 7) // 8

    assert reason(explicit_spki(key, x=numbers.x, y=numbers.y)) == "unknown_curve"
    compressed = b"\x02" + numbers.x.to_bytes(size)
    assert reason(explicit_spki(key, base=compressed)) == "unknown_curve"
    assert reason(explicit_spki(key, base=b"\x00")) == "unknown_curve"
    known = domain(curve)
    padded = b"\x04" + known.x.to_bytes(80) + known.y.to_bytes(80)
    assert reason(explicit_spki(key, base=padded)) == "unknown_curve"


def test_a_binary_field_is_refused():
    """Only curves over prime fields are known."""
    spki = explicit_spki(ec.generate_private_key(ec.SECP256R1()).public_key())
    binary = spki.replace(
        tlv.encode_oid("1.2.840.10045.1.1"), tlv.encode_oid("1.2.840.10045.1.2")
    )

    assert reason(binary) == "unknown_curve"


def test_an_unknown_name_is_refused():
    """secp256k1 signs no card."""
    key = ec.generate_private_key(ec.SECP256K1()).public_key()

    assert reason(spki_of(key)) == "unknown_curve"


def test_a_point_off_the_curve_is_refused():
    """An invalid public key must not reach any computation."""
    spki = bytearray(spki_of(ec.generate_private_key(ec.SECP256R1()).public_key()))
    spki[-1] ^= 1

    assert reason(bytes(spki)) == "malformed"


def test_rsa_keys_are_read_and_broken_ones_refused():
    """PKCS #1 inside; a BIT STRING must be of whole bytes."""
    key = rsa_private().public_key()
    spki = spki_of(key)

    assert curves.load_public_key(spki) == key
    content = tlv.parse(spki).children[1].value
    assert reason(spki.replace(content, b"\x01" + content[1:])) == "malformed"
    assert reason(spki.replace(content[1:], bytes(len(content) - 1))) == "malformed"


@pytest.mark.parametrize(
    "wrong", ["3000", "30043000 0300", "300a3005 06032b6570 0301 00"]
)
def test_other_keys_are_refused(wrong):
    """No algorithm, no parameters, Ed25519."""
    assert reason(bytes.fromhex(wrong)) == "malformed"


def test_standardised_parameters_name_a_curve():
    """ICAO Doc 9303-11 §9.5.1; brainpoolP320r1 (14) is in no library."""
    key = ec.generate_private_key(ec.BrainpoolP256R1()).public_key()
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    algorithm = tlv.encode(6, tlv.encode_oid("0.4.0.127.0.7.1.2")) + b"\x02\x01\x0d"
    spki = tlv.encode(0x30, tlv.encode(0x30, algorithm) + tlv.encode(3, b"\0" + point))

    assert curves.load_public_key(spki) == key
    assert curves.standardized_curve(18).name == "secp521r1"
    with pytest.raises(EmrtdError):
        curves.standardized_curve(14)
