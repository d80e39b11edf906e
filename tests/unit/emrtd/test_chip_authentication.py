"""Chip Authentication: which key, which commands, and that both sides agree."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from idp.emrtd import chip_authentication, points
from idp.emrtd.chip_authentication import ChipAuthenticationProof
from idp.emrtd.errors import EmrtdError
from idp.emrtd.kdf import Cipher
from idp.emrtd.security_infos import ChipAuthenticationKey, ChipSecurity

ECDH = "0.4.0.127.0.7.2.2.3.2."
PUBLIC = ec.generate_private_key(ec.SECP256R1()).public_key()


def chip_key(oid=ECDH + "2", key_id=None):
    return ChipAuthenticationKey(key_id, PUBLIC, oid, 1)


def security(*keys):
    return ChipSecurity(keys, None, ())


def test_the_strongest_cipher_is_chosen():
    """Of several keys the one with the longest AES key is asked for."""
    keys = [chip_key(ECDH + suffix, index) for index, suffix in enumerate("1423")]

    assert chip_authentication.choose(security(*keys)) == keys[1]


@pytest.mark.parametrize("oid", ["0.4.0.127.0.7.2.2.3.1.2", ECDH + "5", ECDH + "2.1"])
def test_another_protocol_is_none_of_ours(oid):
    """Plain DH and unknown ciphers are not chosen, nor spoken."""
    assert chip_authentication.choose(security(chip_key(oid))) is None
    with pytest.raises(EmrtdError, match="ca_failed"):
        chip_authentication.session_keys(
            oid, ec.generate_private_key(PUBLIC.curve), points.public_point(PUBLIC)
        )


@pytest.mark.parametrize(
    ("key_id", "reference"),
    [(None, ""), (0, "840100"), (1, "840101"), (200, "8401c8"), (300, "8402012c")],
)
def test_the_commands_name_the_key_by_its_id(key_id, reference):
    """A key without an id is not named, as there is but one."""
    key = chip_key(key_id=key_id)
    oid = "800a04007f00070202030202"
    at = chip_authentication.set_authentication_template(key)
    kat = chip_authentication.set_key_agreement_template(key, b"\x04\x05")

    assert (at.header.hex(), at.data.hex()) == ("002241a4", oid + reference)
    assert (kat.header.hex(), kat.data.hex()) == ("002241a6", "91020405" + reference)


def test_a_negative_key_id_is_refused():
    """An id is a name, and names are not negative."""
    with pytest.raises(EmrtdError, match="malformed"):
        chip_authentication.set_authentication_template(chip_key(key_id=-1))


def test_our_key_is_given_in_a_dynamic_template():
    """GENERAL AUTHENTICATE is not chained and asks for an answer."""
    command = chip_authentication.general_authenticate(b"\x04\x05")

    assert command.encode().hex() == "00860000067c048002040500"


@pytest.mark.parametrize("cipher", Cipher)
def test_both_sides_agree(cipher):
    """The chip's and our key give one session."""
    ours, theirs = (ec.generate_private_key(ec.BrainpoolP256R1()) for _ in range(2))
    oid = f"{ECDH}{cipher.value}"

    one = chip_authentication.session_keys(oid, ours, points.public_point(theirs))
    other = chip_authentication.session_keys(oid, theirs, points.public_point(ours))

    assert one == other
    assert one.cipher is cipher


def test_the_proof_is_kept_as_json():
    """What was shown can be written down and read back."""
    proof = ChipAuthenticationProof(ECDH + "2", b"\x04\x01", b"\x04\x02")

    assert ChipAuthenticationProof.from_json(proof.to_json()) == proof
