"""What the virtual chip says to each command, and what it refuses as real ones do."""

from dataclasses import replace

import pytest

from clients.reader.virtual.chip import VirtualChip
from clients.reader.virtual.session import Behaviour
from idp.emrtd import bac
from idp.emrtd.apdu import Command, Response
from idp.emrtd.kdf import Cipher, derive_basic_access
from idp.emrtd.secure_messaging import Channel, open_response, protect_command
from tests.cards.people import QUICK, authority, issue
from tests.cards.reading import zone_key

SELECT_APPLICATION = "00A4040C07A0000002471001"
GET_CHALLENGE = "0084000008"
SELECT_COM = Command(0x00, 0xA4, 0x02, 0x0C, data=b"\x01\x1e")


@pytest.fixture(scope="module")
def card():
    return issue(authority(), replace(QUICK, pace=Cipher.AES_128, portrait=True))


@pytest.fixture
def chip(card):
    return VirtualChip(card)


def say(chip, apdu: str) -> str:
    return chip.transmit(bytes.fromhex(apdu)).hex().upper()


class Opened:
    """A chip that BAC has opened, spoken to under secure messaging."""

    def __init__(self, chip, card):
        self.chip = chip
        say(chip, SELECT_APPLICATION)
        keys = derive_basic_access(zone_key(card.access))
        nonces = bac.Nonces(chip.transmit(bytes.fromhex(GET_CHALLENGE))[:8], b"R" * 8)
        command = bac.external_authenticate(keys, nonces, b"K" * 16)
        answer = chip.transmit(command.encode())
        card_key = bac.read_card_key(keys, nonces, answer[:-2])
        self.channel = nonces.channel(b"K" * 16, card_key)

    def protect(self, command: Command) -> bytes:
        self.channel = Channel(self.channel.keys, self.channel.counter + 2)
        return protect_command(self.channel.keys, self.channel.counter - 1, command)

    def ask(self, command: Command) -> Response:
        answer = self.chip.transmit(self.protect(command))
        return open_response(self.channel.keys, self.channel.counter, answer)

    def read(self, offset: int, expected: int, short_id: int = 0) -> Response:
        place = (0x80 | short_id, offset) if short_id else divmod(offset, 256)
        return self.ask(Command(0x00, 0xB0, *place, expected=expected))


@pytest.fixture
def opened(chip, card):
    return Opened(chip, card)


@pytest.mark.parametrize(
    ("apdu", "answer"),
    [
        ("00A4000C", "6D00"),
        ("00A4000C023F00", "6D00"),
        ("00A4040C07A0000002471002", "6A82"),
        ("00A4090C020101", "6A86"),
        ("00A4020C0101", "6700"),
        ("00A4020C02011C", "9000"),
        ("00A4020C023F01", "6A82"),
        ("00A4020C02011E", "6982"),
        ("00A4020C020101", "6982"),
        ("00B09C0004", "311430129000"),
        ("00B0810004", "6982"),
        ("00B0000004", "6986"),
        ("00B0E10004", "6A86"),
        ("0084000008", "6985"),
        ("0088000008010203040506070800", "6982"),
        ("002241A4020000", "6982"),
        ("0022C1A4020000", "6A80"),
        ("0022FFFF020000", "6A86"),
        ("00860000027C0000", "6985"),
        ("0082000028" + "00" * 40 + "28", "6985"),
        ("00D60000010000", "6D00"),
        ("80A4040C07A0000002471001", "6E00"),
        ("10A4040C07A0000002471001", "6E00"),
        ("0CA4040C07A0000002471001", "6882"),
        ("00A4", "6700"),
        ("00A4040C09A0000002471001", "6700"),
    ],
)
def test_closed_chip_refuses_as_real_ones_do(chip, apdu, answer):
    """Before access only EF.CardAccess is open, and each refusal has its own words."""
    assert say(chip, apdu) == answer


def test_challenge_is_short_lived_and_eight_bytes(chip):
    """BAC's challenge is asked for with its length, after the application."""
    assert say(chip, SELECT_APPLICATION) == "9000"
    assert say(chip, "0084000010") == "6700"
    assert len(say(chip, GET_CHALLENGE)) == 20
    assert say(chip, "0082000028" + "00" * 40 + "28") == "6300"
    assert say(chip, "0082000028" + "00" * 40 + "28") == "6985"


def test_challenges_differ(chip):
    """No challenge comes twice."""
    say(chip, SELECT_APPLICATION)
    assert len({say(chip, GET_CHALLENGE) for _ in range(8)}) == 8


def test_file_is_read_whole_and_in_parts(opened, card):
    """Parts have the length that was asked for, by current file or short identifier."""
    content = card.files["com"]
    assert opened.ask(SELECT_COM).status == 0x9000
    assert opened.read(0, 4) == Response(content[:4], 0x9000)
    assert opened.read(4, len(content) - 4) == Response(content[4:], 0x9000)
    assert opened.read(2, 3, short_id=0x1E) == Response(content[2:5], 0x9000)


def test_ends_of_files(opened, card):
    """More than there is warns, beyond the end is an error, all of it neither."""
    content = card.files["com"]
    opened.ask(SELECT_COM)
    assert opened.read(0, len(content) + 1) == Response(content, 0x6282)
    assert opened.read(0, 256) == Response(content, 0x9000)
    assert opened.read(len(content), 1).status == 0x6B00
    assert opened.read(0, 0).status == 0x6700


def test_answer_must_fit(opened, card):
    """A short answer holds 231 bytes under 3DES; a longer one needs other lengths."""
    long = card.files["2"]
    assert opened.read(0, 231, short_id=2).data == long[:231]
    assert opened.read(0, 256, short_id=2).data == long[:231]
    assert opened.read(0, 232, short_id=2).status == 0x6700
    assert opened.read(0, 1000, short_id=2).data == long[:1000]


def test_unknown_file_is_not_found_once_open(opened):
    """After access a missing file is missing."""
    missing = Command(0x00, 0xA4, 0x02, 0x0C, data=b"\x01\x03")
    assert opened.ask(missing).status == 0x6A82


@pytest.mark.parametrize(
    ("spoil", "answer"),
    [
        (lambda apdu: apdu[:-4] + bytes((apdu[-4] ^ 1,)) + apdu[-3:], "6988"),
        (lambda apdu: apdu[:9] + bytes((apdu[9] ^ 1,)) + apdu[10:], "6988"),
        (lambda _: bytes.fromhex("0CA4020C00"), "6987"),
        (lambda _: bytes.fromhex("0CA4020C04870101010000"), "6700"),
        (lambda _: bytes.fromhex("0CA4020C0397010400"), "6987"),
        (lambda _: bytes.fromhex("00B09C0001"), "319000"),
    ],
)
def test_spoiled_command_ends_secure_messaging(opened, spoil, answer):
    """A spoiled or an unprotected command costs the session; access must be redone."""
    assert opened.ask(SELECT_COM).status == 0x9000
    spoiled = spoil(opened.protect(SELECT_COM))
    assert opened.chip.transmit(spoiled).hex() == answer.lower()
    again = opened.protect(SELECT_COM)
    assert opened.chip.transmit(again).hex() == "6882"
    assert say(opened.chip, "00A4020C02011E") == "6982"


def test_command_sent_twice_ends_secure_messaging(opened):
    """The counter moves on: an overheard command is worth nothing."""
    overheard = opened.protect(SELECT_COM)
    assert opened.chip.transmit(overheard)[-2:] == b"\x90\x00"
    assert opened.chip.transmit(overheard) == b"\x69\x88"


def test_power_cut_forgets_everything(opened):
    """After a reset the channel is gone and the application unselected."""
    opened.chip.reset()
    assert opened.chip.transmit(opened.protect(SELECT_COM)) == b"\x68\x82"
    assert say(opened.chip, GET_CHALLENGE) == "6985"


def test_chip_without_extended_length_says_so(card):
    """Its answer to reset does not offer it, and long commands are refused."""
    small = VirtualChip(card, Behaviour(has_extended_length=False))
    assert small.atr != VirtualChip(card).atr
    assert say(small, "00B09C00000000") == "6700"
    assert say(VirtualChip(card), "00B09C00000000") == (
        card.files["card_access"].hex().upper() + "9000"
    )


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (Command(0x00, 0x22, 0x41, 0xA4, data=bytes.fromhex("8001FF")), 0x6A80),
        (Command(0x00, 0x22, 0x41, 0xA4, data=b"\x80"), 0x6A80),
        (Command(0x00, 0x22, 0x41, 0xA6, data=b"\x91\x01\x04"), 0x6A80),
        (Command(0x00, 0x86, 0x00, 0x00, data=b"\x7c\x00", expected=256), 0x6985),
        (Command(0x00, 0x88, 0x00, 0x00, data=b"12345", expected=256), 0x6700),
        (Command(0x00, 0x88, 0x00, 0x00, data=b"12345678", expected=8), 0x6700),
    ],
)
def test_proofs_are_asked_for_in_their_form(opened, command, status):
    """Unknown protocols, wrong keys and wrong lengths are refused under protection."""
    assert opened.ask(command).status == status
    assert opened.ask(SELECT_COM).status == 0x9000


def test_agreement_refuses_what_is_no_point(opened):
    """A point beside the curve would give the chip's key away."""
    named = bytes.fromhex("800A04007F00070202030202")
    assert opened.ask(Command(0x00, 0x22, 0x41, 0xA4, data=named)).status == 0x9000
    point = bytes.fromhex("7C4380 41 04") + b"\x01" * 64
    agree = Command(0x00, 0x86, 0x00, 0x00, data=point, expected=256)
    assert opened.ask(agree).status == 0x6A80
    assert opened.ask(SELECT_COM).status == 0x9000


SET_PACE = "0022C1A412800A04007F00070202040202{}84010D"


@pytest.mark.parametrize(
    ("apdu", "answer"),
    [
        (SET_PACE.format("830101"), "9000"),
        (SET_PACE.format("830102"), "9000"),
        (SET_PACE.format("830103"), "6A88"),
        ("0022C1A412800A04007F0007020204020283010284010C", "6A88"),
        ("0022C1A412800A04007F0007020204020483010284010D", "6A80"),
    ],
)
def test_pace_offers_what_card_access_says(chip, apdu, answer):
    """Only the variant, the parameters and the passwords of this card are taken."""
    assert say(chip, apdu) == answer


def test_pace_steps_come_in_order(chip):
    """A step out of order, a spoiled point or a wrong token ends the run."""
    say(chip, SET_PACE.format("830101"))
    assert say(chip, "10860000037C018100") == "6300"
    assert say(chip, "10860000027C0000") == "6985"
    say(chip, SET_PACE.format("830101"))
    assert say(chip, "10860000027C0000").startswith("7C128010")
    assert say(chip, "10860000027C0000") == "6985"
    say(chip, SET_PACE.format("830101"))
    assert say(chip, "10860000047C02810000") == "6985"
    say(chip, SET_PACE.format("830101"))
    say(chip, "10860000027C0000")
    assert say(chip, "10860000457C438141" + "04" + "01" * 64 + "00") == "6300"


def test_encrypted_nonces_differ(chip):
    """Each run of PACE has a nonce of its own."""
    seen = set()
    for _ in range(4):
        say(chip, SET_PACE.format("830102"))
        seen.add(say(chip, "10860000027C0000"))
    assert len(seen) == 4
