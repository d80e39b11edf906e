"""What stands on an issued card, read with the provider's own parsers."""

import hashlib

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from clients.reader.virtual import card as card_files
from clients.reader.virtual.key_groups import spki
from clients.reader.virtual.profiles import DEMO, Profile
from idp.emrtd.com import parse_com
from idp.emrtd.kdf import Cipher
from idp.emrtd.personal import parse_dg1, parse_dg13
from idp.emrtd.portrait import extract
from idp.emrtd.security_infos import parse_card_access, parse_dg14, parse_dg15
from tests.cards.people import AN, DAO, authority, issue


@pytest.fixture(scope="module")
def card():
    return issue(authority(), DEMO[1])


def test_zone_and_access_are_the_citizens(card):
    """DG1 reads back, and what opens the chip is what stands in it."""
    zone = parse_dg1(card.files["1"])
    assert (zone.document_number, zone.optional_data[:12]) == (AN.number[3:], AN.number)
    assert (zone.surname, zone.given_names) == ("NGUYEN", "VAN AN")
    access = card.access
    assert (access.document_number, access.birth_date, access.expiry_date) == (
        zone.key.document_number,
        zone.key.birth_date,
        zone.key.expiry_date,
    )
    assert access.can == AN.number[-6:]


def test_details_are_the_citizens(card):
    """DG13 has its numbered fields below a header that nobody knows."""
    details = parse_dg13(card.files["13"])
    assert details.text(1) == AN.number
    assert details.text(2) == "Nguyễn Văn An"
    assert details.day(3) == "1999-01-01"
    assert details.sex == "male"
    assert details.text(9) == AN.residence
    assert (details.day(11), details.day(12)) == ("2024-01-01", "2039-01-01")


def test_card_for_life_says_so_in_words():
    """A card without an expiry date and a birth known by its year read back too."""
    card = issue(authority(), person=DAO)
    details, zone = parse_dg13(card.files["13"]), parse_dg1(card.files["1"])
    assert (details.text(12), zone.expiry_date) == ("Không thời hạn", "991231")
    assert (details.day(3), zone.birth_date) == ("1950", "50<<<<")


def test_portrait_is_a_small_picture_of_ones_own(card):
    """DG2 holds a JPEG, drawn for this citizen."""
    portrait = extract(card.files["2"])
    other = extract(issue(authority(), DEMO[0], DAO).files["2"])
    assert portrait.format == "jpeg"
    assert portrait.image.startswith(b"\xff\xd8\xff")
    assert portrait.image.endswith(b"\xff\xd9")
    assert portrait.image != other.image
    assert len(card.files["2"]) < 4096


def test_private_keys_are_those_of_the_public_ones(card):
    """DG14 and DG15 hold the public halves of the chip's keys."""
    agreement = load_pem_private_key(card.keys.ca.encode(), password=None)
    signature = load_pem_private_key(card.keys.aa.encode(), password=None)
    (stated,) = parse_dg14(card.files["14"]).chip_authentication
    assert spki(stated.public_key) == spki(agreement.public_key())
    assert spki(parse_dg15(card.files["15"])) == spki(signature.public_key())


def test_card_says_which_groups_and_ways_it_has(card):
    """EF.COM lists the data groups, EF.CardAccess and DG14 the same PACE."""
    assert parse_com(card.files["com"]).data_groups == (1, 2, 13, 14, 15)
    ways = parse_card_access(card.files["card_access"])
    assert parse_dg14(card.files["14"]).pace == ways
    assert [way.oid.rpartition(".")[2] for way in ways] == [str(int(Cipher.AES_128))]


def test_card_without_keys_has_no_files_of_keys():
    """Neither DG14 nor DG15 is there for nothing."""
    profile = Profile(active=None, agreement=None, portrait=False)
    files = issue(authority(), profile).files
    assert files.keys() == {"com", "sod", "1", "13"}


def test_no_two_cards_share_a_key():
    """Each chip has keys of its own, also of the same citizen and issuer."""
    by = authority()
    cards = [issue(by, DEMO[1]) for _ in range(2)]
    keys = {key for card in cards for key in (card.keys.aa, card.keys.ca)}
    assert len(keys) == 4


def test_card_file_keeps_the_whole_card(card, tmp_path):
    """What is written is read again, and only its owner may read it."""
    path = tmp_path / "one.card.json"
    card_files.write_card(card, path)
    assert card_files.read_card(path) == card
    assert path.stat().st_mode & 0o777 == 0o600


def test_signed_digests_are_those_of_the_files(card):
    """The digest of each data group stands in EF.SOD."""
    for name, content in card.files.items():
        if name.isdecimal():
            assert hashlib.sha256(content).digest() in card.files["sod"]
