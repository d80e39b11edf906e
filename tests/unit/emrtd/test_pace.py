"""PACE between two sides, on every curve and with every cipher."""

import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from idp.emrtd import pace, points
from idp.emrtd.errors import EmrtdError
from idp.emrtd.kdf import Can, Cipher, derive_access_key
from idp.emrtd.mrz import MrzKey
from idp.emrtd.security_infos import PaceInfo

MRZ = MrzKey("099012345", "990101", "390101")
CAN = Can("012345")
OID = "0.4.0.127.0.7.2.2.4.2."
CURVES = (8, 10, 12, 13, 15, 16, 17, 18)


def run(way, reader_key, card_key):
    """Return both sides' session keys and public points after a whole run."""
    length = 32 if way.cipher.key_length > 16 else 16
    nonce = secrets.token_bytes(length)
    secret = pace.encrypt_nonce(
        way.cipher, derive_access_key(card_key, way.cipher), nonce
    )
    opened = pace.decrypt_nonce(
        way.cipher, derive_access_key(reader_key, way.cipher), secret
    )
    reader, card = (ec.generate_private_key(way.curve) for _ in range(2))
    generators = [
        pace.map_generator(reader, points.public_point(card), opened),
        pace.map_generator(card, points.public_point(reader), nonce),
    ]
    keys = [ec.generate_private_key(way.curve) for _ in range(2)]
    ours, theirs = (
        points.multiply(key, generator)
        for key, generator in zip(keys, generators, strict=True)
    )
    return (
        pace.agree(way, keys[0], ours, theirs),
        pace.agree(way, keys[1], theirs, ours),
        ours,
        theirs,
    )


@pytest.mark.parametrize("parameter_id", CURVES)
@pytest.mark.parametrize("cipher", Cipher)
@pytest.mark.parametrize("access", [MRZ, CAN], ids=["mrz", "can"])
def test_both_sides_agree(parameter_id, cipher, access):
    """The same password gives the same session and proofs that hold."""
    way = pace.protocol(f"{OID}{cipher.value}", parameter_id)

    reader, card, ours, theirs = run(way, access, access)

    assert reader == card
    pace.check_token(way, reader, ours, pace.token(way, card, ours))
    pace.check_token(way, card, theirs, pace.token(way, reader, theirs))


@pytest.mark.parametrize("wrong", [Can("012346"), MRZ])
def test_another_password_gives_another_session(wrong):
    """A wrong password is found by the first proof, and only there."""
    way = pace.protocol(OID + "2", 13)

    reader, card, ours, _ = run(way, wrong, CAN)

    assert reader != card
    with pytest.raises(EmrtdError, match="access_denied"):
        pace.check_token(way, reader, ours, pace.token(way, card, ours))


def info(suffix, parameter_id=13):
    return PaceInfo("0.4.0.127.0.7.2.2.4." + suffix, 2, parameter_id)


def test_the_strongest_way_that_is_spoken_is_chosen():
    """Other mappings, plain DH, unknown curves and no curve are passed by."""
    infos = [
        info("1.4", 0),  # DH
        info("4.4"),  # integrated mapping
        info("6.4"),  # chip authentication mapping
        info("2.4", 14),  # brainpoolP320r1
        info("2.4", None),
        info("2.9"),
        info("2.1"),
        info("2.3", 16),
        info("2.2"),
    ]

    way = pace.choose(infos)

    assert (way.cipher, way.curve.name) == (Cipher.AES_192, "brainpoolP384r1")
    assert pace.choose(infos[:6]) is None


def test_our_own_key_coming_back_is_refused():
    """A card that mirrors our public key knows nothing."""
    way = pace.protocol(OID + "2", 12)
    private = ec.generate_private_key(way.curve)
    ours = points.public_point(private)

    with pytest.raises(EmrtdError, match="malformed"):
        pace.agree(way, private, ours, ours)


@pytest.mark.parametrize("length", [0, 8, 15, 32])
def test_a_nonce_has_the_length_of_its_cipher(length):
    """AES-128's nonce has sixteen bytes."""
    with pytest.raises(EmrtdError):
        pace.decrypt_nonce(Cipher.AES_128, bytes(16), bytes(length))


def test_a_step_answers_what_was_asked():
    """The card's answer to one step does not stand for another's."""
    assert pace.read_step(bytes.fromhex("7c038001aa"), pace.NONCE) == b"\xaa"
    for answer in ("7c038201aa", "7d038001aa", "7c00", "", "7c0380"):
        with pytest.raises(EmrtdError, match="malformed"):
            pace.read_step(bytes.fromhex(answer), pace.NONCE)
