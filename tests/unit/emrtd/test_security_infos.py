"""EF.CardAccess, DG14 and DG15: what the chip can do and by which keys."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from idp.emrtd.errors import EmrtdError
from idp.emrtd.security_infos import (
    CA_ECDH_3DES,
    PaceInfo,
    parse_card_access,
    parse_dg14,
    parse_dg15,
)
from tests.unit.emrtd.issuing import ec_key, rsa_private, tlv
from tests.unit.emrtd.personal_files import CA_INFO, card_a, chip_key, dg14, dg15, info

AES_256 = "0.4.0.127.0.7.2.2.3.2.4"
ONE, TWO = tlv(0x02, b"\x01"), tlv(0x02, b"\x02")


def test_card_access_names_ways_of_pace():
    """ECDH generic mapping with AES-128 on brainpoolP256r1; other infos are skipped."""
    pace = PaceInfo("0.4.0.127.0.7.2.2.4.2.2", 2, 13)

    assert parse_card_access(card_a().card_access) == (pace,)
    other = info("0.4.0.127.0.7.2.2.2", ONE) + info("0.4.0.127.0.7.2.2.4.2", ONE)
    no_parameter = info("0.4.0.127.0.7.2.2.4.1.2", TWO)
    found = parse_card_access(tlv(0x31, other + no_parameter))
    assert found == (PaceInfo("0.4.0.127.0.7.2.2.4.1.2", 2, None),)


def test_dg14_of_card_a_holds_one_key():
    """Its cipher is AES-128 as the card says."""
    security = parse_dg14(card_a().files[14])

    (key,) = security.chip_authentication
    assert (key.key_id, key.curve.name) == (None, "brainpoolP256r1")
    assert key.oid == CA_INFO
    assert security.offers_chip_authentication


def test_a_key_without_cipher_means_triple_des():
    """BSI TR-03110: the first cards had a key and no ChipAuthenticationInfo."""
    (key,) = parse_dg14(dg14(chip_key(ec_key()))).chip_authentication

    assert (key.oid, key.version) == (CA_ECDH_3DES, 1)


def test_each_key_has_its_own_cipher():
    """An info with a key id is of that key; the strongest counts."""
    first, second = ec_key(), ec_key(ec.BrainpoolP384R1())
    security = parse_dg14(
        dg14(
            chip_key(first, 1),
            chip_key(second, 2),
            info(CA_INFO, ONE + ONE),
            info(CA_INFO, ONE + TWO),
            info(AES_256, ONE + TWO),
        )
    )

    assert [(key.key_id, key.oid) for key in security.chip_authentication] == [
        (1, CA_INFO),
        (2, AES_256),
    ]


def test_a_key_on_an_unknown_curve_is_offered_and_not_usable():
    """So that Chip Authentication stays mandatory on such a card."""
    security = parse_dg14(dg14(chip_key(ec.generate_private_key(ec.SECP256K1()))))

    assert security.chip_authentication == ()
    assert security.offers_chip_authentication


def test_dg14_without_chip_authentication_offers_none():
    """DG14 with the hash of Active Authentication alone."""
    hash_oid = tlv(0x06, bytes.fromhex("04007f00070101040103"))
    security = parse_dg14(dg14(info("2.23.136.1.1.5", ONE + hash_oid)))

    assert not security.offers_chip_authentication
    assert security.active_authentication_hash == "sha256"


def test_dg15_holds_an_rsa_or_an_ec_key():
    """Active Authentication uses either."""
    rsa, elliptic = rsa_private(), ec_key()

    assert parse_dg15(dg15(rsa)) == rsa.public_key()
    assert parse_dg15(dg15(elliptic)) == elliptic.public_key()


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        tlv(0x6E, tlv(0x30, b"")),
        dg14(tlv(0x30, tlv(0x06, b"\x2a"))),
        dg14(info(CA_INFO, ONE * 3)),
        dg14(info("0.4.0.127.0.7.2.2.1.2", ONE)),
        dg14(*[info("1.2.3", ONE)] * 33),
    ],
)
def test_broken_infos_are_refused(wrong):
    """Also more of them than any chip has."""
    with pytest.raises(EmrtdError):
        parse_dg14(wrong)
