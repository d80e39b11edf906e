"""Active Authentication: RSA with each trailer, ECDSA in plain form alone."""

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from idp.emrtd.active_authentication import internal_authenticate, verify
from idp.emrtd.errors import EmrtdError

SHA_256 = hashes.SHA256()
CHALLENGE = bytes.fromhex("0123456789abcdef")
TRAILERS = [
    ("sha1", "bc"),
    ("sha1", "33cc"),
    ("sha224", "38cc"),
    ("sha256", "34cc"),
    ("sha384", "36cc"),
    ("sha512", "35cc"),
]


def representative(
    size, digest="sha256", trailer="34cc", header="6a", challenge=CHALLENGE
):
    """Return the message that a chip signs with message recovery."""
    end, begin = bytes.fromhex(trailer), bytes.fromhex(header)
    room = size - len(begin) - len(end) - hashlib.new(digest).digest_size
    recovered = bytes(range(256)) * 2
    recovered = recovered[:room]
    hashed = hashlib.new(digest, recovered + challenge).digest()
    return begin + recovered + hashed + end


def sign(key, message):
    numbers = key.private_numbers()
    signed = pow(int.from_bytes(message, "big"), numbers.d, numbers.public_numbers.n)
    return signed.to_bytes(key.key_size // 8, "big")


@pytest.fixture
def chip(rsa_key):
    return rsa_key(2048)


@pytest.mark.parametrize(("digest", "trailer"), TRAILERS)
@pytest.mark.parametrize("bits", [1024, 1280, 2048])
def test_rsa_with_each_trailer(rsa_key, digest, trailer, bits):
    """Each hash is found by its trailer, at each length of key."""
    key = rsa_key(bits)
    signature = sign(key, representative(bits // 8, digest, trailer))

    verify(key.public_key(), challenge=CHALLENGE, signature=signature)
    for wrong in (bytes(8), CHALLENGE[:-1], CHALLENGE + b"\0"):
        with pytest.raises(EmrtdError, match="aa_failed"):
            verify(key.public_key(), challenge=wrong, signature=signature)


@pytest.mark.parametrize("header", ["6bba", "6bbbbbba"])
def test_a_short_recovered_part_is_padded(chip, header):
    """Padding between header and recovered part is what the standard says."""
    signature = sign(chip, representative(256, header=header))

    verify(chip.public_key(), challenge=CHALLENGE, signature=signature)


@pytest.mark.parametrize(
    "changes",
    [
        {"header": "4a"},  # total recovery: the challenge would be inside
        {"header": "6b"},  # padding that never ends
        {"header": "6bbb"},
        {"header": "6bbc"},
        {"header": "0001"},
        {"trailer": "33cc"},  # another hash than the one used
        {"trailer": "31cc"},  # RIPEMD-160
        {"trailer": "37cc"},  # Whirlpool
        {"trailer": "bc"},
        {"trailer": "34cd"},
        {"challenge": bytes(8)},
    ],
    ids=str,
)
def test_rsa_representatives_of_another_form_are_refused(chip, changes):
    """One byte of another form is one too many."""
    signature = sign(chip, representative(256, **changes))

    with pytest.raises(EmrtdError, match="aa_failed"):
        verify(chip.public_key(), challenge=CHALLENGE, signature=signature)


def test_padding_up_to_the_hash_is_refused(chip):
    """A representative without an end of padding has no recovered part."""
    end = hashlib.sha256(CHALLENGE).digest() + bytes.fromhex("34cc")
    message = b"\x6b" + b"\xbb" * (255 - len(end)) + end

    with pytest.raises(EmrtdError, match="header"):
        verify(chip.public_key(), challenge=CHALLENGE, signature=sign(chip, message))


def test_a_hash_that_stands_earlier_is_refused(chip):
    """Bytes after the hash that nobody accounts for are Bleichenbacher's way in."""
    hashed = hashlib.sha256(b"" + CHALLENGE).digest()
    message = b"\x6a" + hashed + bytes(221) + bytes.fromhex("34cc")

    with pytest.raises(EmrtdError, match="aa_failed"):
        verify(chip.public_key(), challenge=CHALLENGE, signature=sign(chip, message))


def test_rsa_signatures_have_the_length_of_the_key(chip):
    """No shorter, longer or larger number is a signature."""
    key = chip.public_key()
    good = sign(chip, representative(256))
    modulus = key.public_numbers().n.to_bytes(256, "big")

    for wrong in (b"", good[:-1], b"\0" + good, modulus, b"\xff" * 256, bytes(256)):
        with pytest.raises(EmrtdError, match="aa_failed"):
            verify(key, challenge=CHALLENGE, signature=wrong)


def test_a_short_rsa_key_proves_nothing():
    """Below 1024 bits anyone can make the signature."""
    numbers = rsa.RSAPublicNumbers(e=65537, n=2**1022 + 1)

    with pytest.raises(EmrtdError, match="weak_algorithm"):
        verify(numbers.public_key(), challenge=CHALLENGE, signature=bytes(128))


def plain(key, challenge=CHALLENGE, digest=SHA_256):
    """Return r and s side by side (BSI TR-03111 §5.2.2)."""
    size = (key.curve.group_order.bit_length() + 7) // 8
    r_and_s = decode_dss_signature(key.sign(challenge, ec.ECDSA(digest)))
    return b"".join(number.to_bytes(size, "big") for number in r_and_s)


@pytest.mark.parametrize(
    "curve",
    [ec.SECP256R1(), ec.SECP521R1(), ec.BrainpoolP256R1(), ec.BrainpoolP512R1()],
    ids=lambda curve: curve.name,
)
@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("sha1", hashes.SHA1()),
        ("sha224", hashes.SHA224()),
        ("sha256", hashes.SHA256()),
        ("sha384", hashes.SHA384()),
        ("sha512", hashes.SHA512()),
    ],
)
def test_ecdsa_in_plain_form(curve, name, digest):
    """The hash is the one that DG14 names, or any known one where it names none."""
    key = ec.generate_private_key(curve)
    signature = plain(key, digest=digest)
    other = "sha512" if name == "sha256" else "sha256"

    for hint in (name, None, "sha3"):
        verify(
            key.public_key(), challenge=CHALLENGE, signature=signature, hash_hint=hint
        )
    for wrong in ({"hash_hint": other}, {"challenge": bytes(8)}):
        with pytest.raises(EmrtdError, match="aa_failed"):
            verify(
                key.public_key(),
                **{"challenge": CHALLENGE, "signature": signature, **wrong},
            )


def test_der_is_not_the_plain_form():
    """A DER-coded signature is refused, though it says the same."""
    key = ec.generate_private_key(ec.SECP256R1())

    for _ in range(4):
        der = key.sign(CHALLENGE, ec.ECDSA(hashes.SHA256()))
        with pytest.raises(EmrtdError, match="aa_failed"):
            verify(key.public_key(), challenge=CHALLENGE, signature=der)


@given(st.binary(max_size=160))
def test_noise_is_no_signature(signature):
    """No bytes raise anything but a refusal."""
    key = ec.derive_private_key(7, ec.SECP256R1()).public_key()

    for noise in (signature, signature[:64].ljust(64, b"\0")):
        with pytest.raises(EmrtdError, match="aa_failed"):
            verify(key, challenge=CHALLENGE, signature=noise)


def test_a_long_signature_is_asked_for_in_extended_length():
    """RSA signatures of 2048 bits do not fit into a protected short answer."""
    short = internal_authenticate(CHALLENGE, is_long=False).encode()
    long = internal_authenticate(CHALLENGE, is_long=True).encode()

    assert short.hex() == "0088000008" + CHALLENGE.hex() + "00"
    assert long.hex() == "00880000000008" + CHALLENGE.hex() + "0000"
