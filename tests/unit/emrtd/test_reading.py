"""Whole readings of virtual cards: what is read, in how many turns, in which order."""

import json

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from clients.reader.virtual.chip import VirtualChip
from clients.reader.virtual.profiles import DEMO, Profile
from clients.reader.virtual.session import Behaviour
from idp.emrtd import active_authentication, points, reading, tlv
from idp.emrtd.errors import EmrtdError
from idp.emrtd.kdf import Can, Cipher
from idp.emrtd.mrz import MrzKey
from idp.emrtd.reading import Evidence, Plan
from idp.emrtd.security_infos import parse_dg14, parse_dg15
from tests.unit.emrtd.chips import (
    CHALLENGE,
    OtherChip,
    can,
    card_of,
    honest,
    long_reader,
    mrz,
    read,
    turns,
    with_files,
)

ECDSA = Profile(active="ecdsa")
PACE = Profile(active="ecdsa", pace=Cipher.AES_128)
KINDS = [
    *DEMO,
    Profile(active="ecdsa", agreement=Cipher.AES_192, curve="secp256r1"),
    Profile(active="ecdsa", agreement=Cipher.AES_256, curve="brainpoolP384r1"),
    Profile(active="ecdsa", agreement=Cipher.TRIPLE_DES, names_agreement=False),
    Profile(active=None),
    Profile(active="ecdsa", agreement=None),
    *(Profile(active="ecdsa", pace=cipher, agreement=cipher) for cipher in Cipher),
    Profile(active="ecdsa", pace=Cipher.AES_256, curve="secp256r1"),
    Profile(active="ecdsa", pace=Cipher.AES_192, curve="brainpoolP384r1"),
]


def check(card, evidence):
    """Hold what was read to what stands on the card."""
    assert evidence.com == card.files["com"]
    assert evidence.sod == card.files["sod"]
    for number, file in evidence.files.items():
        assert file == card.files[str(number)]
    signed, own = evidence.active_authentication, evidence.chip_authentication
    assert (signed is None) is (card.keys.aa is None)
    assert (own is None) is (card.keys.ca is None)
    if signed:
        challenge, signature = signed
        active_authentication.verify(
            parse_dg15(evidence.files[15]), challenge=challenge, signature=signature
        )
    if own:
        key = load_pem_private_key(card.keys.ca.encode(), None)
        assert own.chip_key == points.encode(key.curve, points.public_point(key))
        assert own.oid == parse_dg14(evidence.files[14]).chip_authentication[0].oid


@pytest.mark.parametrize("profile", KINDS, ids=repr)
@pytest.mark.parametrize("key", [mrz, can])
def test_cards_of_every_kind_are_read(profile, key):
    """Six turns with BAC, nine with PACE, whatever the card's keys and ciphers."""
    card = card_of(profile)
    if not profile.pace and key is can:
        with pytest.raises(EmrtdError, match="access_denied"):
            read(VirtualChip(card), key(card))
        return

    evidence = read(VirtualChip(card), key(card))

    check(card, evidence)
    assert set(evidence.files) == {1, 13, 14, 15} & {
        *map(int, filter(str.isdigit, card.files))
    }
    assert evidence.access == (f"pace-{key.__name__}" if profile.pace else "bac")
    assert evidence.round_trips <= (9 if profile.pace else 6)
    assert evidence.apdus <= 64
    assert Evidence.from_json(json.loads(json.dumps(evidence.to_json()))) == evidence


@pytest.mark.parametrize("profile", [ECDSA, PACE])
@pytest.mark.parametrize("has_extended_length", [True, False])
def test_a_portrait_costs_two_turns_more(profile, has_extended_length):
    """A portrait of 16 kB is read in at most two turns more."""
    card = with_files(card_of(profile), _2=tlv.encode(0x75, bytes(range(250)) * 64))
    chip = VirtualChip(card, Behaviour(has_extended_length=has_extended_length))

    evidence = read(
        chip, mrz(card), read_portrait=True, extended_length=has_extended_length
    )

    check(card, evidence)
    assert 2 in evidence.files
    assert evidence.round_trips <= (11 if profile.pace else 8)


@pytest.mark.parametrize("size", [32_760, 32_770, 33_000, 65_530, 70_000, 204_000])
def test_a_large_portrait_is_read_past_32_kilobytes(size):
    """Where offsets outgrow READ BINARY, its odd form goes on."""
    card = with_files(card_of(ECDSA), _2=tlv.encode(0x75, bytes(size)))

    evidence = read(OtherChip(card, long_reader), mrz(card), read_portrait=True)

    check(card, evidence)


def test_a_large_portrait_past_32_kilobytes_in_short_length():
    """The last bytes of a file fit into short answers too."""
    card = with_files(card_of(ECDSA), _2=tlv.encode(0x75, bytes(33_500)))
    chip = OtherChip(card, long_reader, behaviour=Behaviour(has_extended_length=False))

    check(card, read(chip, mrz(card), read_portrait=True, extended_length=False))


@pytest.mark.parametrize(
    ("name", "tag", "size"), [("_2", 0x75, 204_800), ("_13", 0x6D, 65_536)]
)
def test_a_file_beyond_its_limit_is_refused(name, tag, size):
    """64 kB, and 200 kB for the portrait, are the most that is read."""
    card = with_files(card_of(ECDSA), **{name: tlv.encode(tag, bytes(size))})

    with pytest.raises(EmrtdError, match="limit"):
        read(OtherChip(card, long_reader), mrz(card), read_portrait=True)


def test_more_commands_than_the_agent_allows_are_refused():
    """Two hundred commands are the end of any reading."""
    card = with_files(card_of(ECDSA), _2=tlv.encode(0x75, bytes(50_000)))
    chip = OtherChip(card, long_reader, behaviour=Behaviour(has_extended_length=False))

    with pytest.raises(EmrtdError, match="limit: more than 200 commands"):
        read(chip, mrz(card), read_portrait=True, extended_length=False)


@pytest.mark.parametrize("max_batch", [0, 1, 5, 64])
@pytest.mark.parametrize("profile", [ECDSA, PACE])
def test_small_batches_read_the_same(profile, max_batch):
    """An agent that takes one command at a time gets the same commands."""
    card = card_of(profile)

    evidence = read(VirtualChip(card), mrz(card), max_batch=max_batch)

    check(card, evidence)
    assert evidence.apdus == read(VirtualChip(card), mrz(card)).apdus
    if max_batch < 2:
        assert evidence.round_trips == evidence.apdus


@pytest.mark.parametrize("profile", [ECDSA, PACE])
def test_nothing_of_a_person_is_read_before_chip_authentication(profile):
    """Before the chip's key is used, only tag and length of personal files are read."""
    card = card_of(profile)
    chip = OtherChip(card, honest)
    read(chip, mrz(card), read_portrait=True)
    agreed = next(
        index
        for index, (_, command) in enumerate(chip.commands)
        if (command.p1, command.p2) == (0x41, 0xA4)
    )

    before = [
        (file, command.expected, command.p1, command.p2)
        for file, command in chip.commands[:agreed]
        if command.ins == 0xB0 and file in {"1", "2", "13"}
    ]

    assert before == [("1", 4, 0, 0), ("13", 4, 0, 0), ("2", 5, 0, 0)]


@pytest.mark.parametrize("changes", [{"_14": None, "_15": None}, {"_15": None}])
def test_a_card_without_any_proof_is_not_read(changes):
    """Without a key to prove, no byte of the person is asked for."""
    profile = Profile(active="ecdsa", agreement=None)
    com = tlv.parse(card_of(profile).files["com"])
    versions = b"".join(node.encoded for node in com.children[:2])
    bare = tlv.encode(0x60, versions + tlv.encode(0x5C, b"\x61\x6d"))
    card = with_files(card_of(profile), **changes, com=bare)
    chip = OtherChip(card, honest)

    with pytest.raises(EmrtdError, match="no_authentication"):
        read(chip, mrz(card))
    assert not [
        command
        for file, command in chip.commands
        if file in {"1", "13"} and command.ins == 0xB0 and command.expected > 4
    ]


def test_the_challenge_is_made_for_our_public_key():
    """The caller binds the signed bytes to the key that this reading uses once."""
    for profile in (ECDSA, Profile(active="ecdsa", agreement=None)):
        card, asked = card_of(profile), []

        def challenge(key, asked=asked):
            asked.append(key)
            return CHALLENGE

        evidence = turns(VirtualChip(card), Plan((mrz(card),)), challenge=challenge)
        own = evidence.chip_authentication

        assert asked == [own.public_key if own else b""]
        assert evidence.active_authentication[0] == CHALLENGE


def test_each_reading_has_keys_of_its_own():
    """No public key of ours serves two readings."""
    card = card_of(ECDSA)
    first, second = (read(VirtualChip(card), mrz(card)) for _ in range(2))

    assert first.chip_authentication.public_key != second.chip_authentication.public_key


def test_a_plan_is_kept_as_json():
    """Both kinds of keys come back as what they were."""
    plan = Plan((Can("012345"), MrzKey("099012345", "990101", "390101")), max_batch=7)

    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_keys_and_states_do_not_print_themselves():
    """What opens a card does not stray into a log by its representation."""
    card = card_of(ECDSA)
    turn = reading.begin(
        Plan((can(card), mrz(card))), atr=b"", challenge=lambda _: CHALLENGE
    )

    text = repr(turn) + repr(Plan((can(card),))) + repr(can(card))

    assert card.access.can not in text
    assert card.access.document_number not in text
