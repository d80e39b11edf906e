"""Readings that fail, each for its own reason, and the second tries that do not."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.reader.virtual.chip import VirtualChip
from clients.reader.virtual.profiles import Profile
from clients.reader.virtual.session import Behaviour
from idp.emrtd import tlv
from idp.emrtd.apdu import Response
from idp.emrtd.errors import EmrtdError
from idp.emrtd.kdf import Can, Cipher
from idp.emrtd.mrz import MrzKey
from tests.unit.emrtd.chips import OtherChip, can, card_of, mrz, read, with_files

BAC = Profile(active="ecdsa", portrait=False)
OLD = Profile(active="ecdsa", portrait=False, agreement=Cipher.TRIPLE_DES)
PACE = Profile(active="ecdsa", portrait=False, pace=Cipher.AES_128, curve="secp256r1")
WRONG_MRZ = MrzKey("000000000", "990101", "390101")
WRONG_CAN = Can("999999")


def refusing(ins, status, *, p2=None, p1=None, file=None, data=None):
    """Return a behaviour: one kind of command has another answer."""

    def other(chip, command):
        is_it = (
            command.ins == ins
            and p1 in {None, command.p1}
            and p2 in {None, command.p2}
            and data in {None, command.data}
            and file in {None, chip.file}
        )
        return Response(b"", status) if is_it else None

    return other


def refused(card, other, *keys, **plan):
    """Return why a reading of another chip is refused."""
    with pytest.raises(EmrtdError) as caught:
        read(OtherChip(card, other), *(keys or (mrz(card),)), **plan)
    return caught.value.reason, caught.value.detail


def outcome(card, spoil):
    """Return why a reading is refused, or what was read."""
    try:
        return None, read(VirtualChip(card), mrz(card), spoil=spoil)
    except EmrtdError as caught:
        return caught.reason, None


class TestAccess:
    """Which keys open a card, and what is tried when one does not."""

    @pytest.mark.parametrize("profile", [BAC, PACE])
    def test_a_wrong_zone_opens_nothing(self, profile):
        """Neither way lets a wrong zone in."""
        with pytest.raises(EmrtdError, match="access_denied: 6300"):
            read(VirtualChip(card_of(profile)), WRONG_MRZ)

    def test_a_wrong_number_opens_nothing(self):
        """A wrong CAN is refused, without a second way to try."""
        with pytest.raises(EmrtdError, match="access_denied: 6300"):
            read(VirtualChip(card_of(PACE)), WRONG_CAN)

    def test_a_second_key_is_tried(self):
        """A wrong CAN leaves the zone to be tried."""
        card = card_of(PACE)

        evidence = read(VirtualChip(card), WRONG_CAN, mrz(card))

        assert evidence.access == "pace-mrz"

    @pytest.mark.parametrize("status", [0x6A88, 0x6A80, 0x6D00, 0x6985])
    def test_a_card_that_takes_pace_by_number_alone_opens_by_bac(self, status):
        """The zone opens it the older way, as Vietnamese cards are reported to want."""
        card = card_of(PACE)
        chip = OtherChip(card, refusing(0x22, status, p1=0xC1))

        evidence = read(chip, mrz(card))

        assert evidence.access == "bac"
        assert evidence.files[1] == card.files["1"]

    def test_a_card_that_refuses_the_zone_late_opens_by_bac(self):
        """A refusal of any step of PACE leaves BAC to be tried."""
        card = card_of(PACE)
        for step in range(4):
            seen = []

            def other(chip, command, step=step, seen=seen):
                if command.ins != 0x86 or chip._session.is_allowed:
                    return None
                seen.append(command)
                return Response(b"", 0x6300) if len(seen) > step else None

            assert read(OtherChip(card, other), mrz(card)).access == "bac"

    def test_a_card_without_a_way_for_the_key_is_refused(self):
        """A CAN is for PACE, and no key opens nothing."""
        for keys in ((Can("012345"),), ()):
            with pytest.raises(EmrtdError, match="access_denied"):
                read(VirtualChip(card_of(BAC)), *keys)

    @pytest.mark.parametrize(
        "file",
        [b"", b"\x31", b"\x31\x05", b"\x30\x00", b"\x31\x02\x30\x00", bytes(600)],
    )
    def test_an_unreadable_card_access_offers_nothing(self, file):
        """A card whose EF.CardAccess is odd still opens by BAC."""
        card = with_files(card_of(PACE), card_access=file)

        assert read(VirtualChip(card), mrz(card)).access == "bac"

    def test_a_card_access_longer_than_one_answer(self):
        """Other infos may push the file beyond 256 bytes."""
        card = card_of(PACE)
        known = tlv.parse(card.files["card_access"]).value
        other = tlv.encode(0x30, tlv.encode(6, b"\x2a\x03") + tlv.encode(4, bytes(300)))
        card = with_files(card, card_access=tlv.encode(0x31, other + known))

        assert read(VirtualChip(card), mrz(card)).access == "pace-mrz"

    def test_another_way_than_the_signed_one_is_refused(self):
        """EF.CardAccess is not signed: DG14 must have the way that it offered."""
        card = card_of(PACE)
        other = card_of(Profile(active="ecdsa", pace=Cipher.AES_256, curve="secp256r1"))
        card = with_files(card, card_access=other.files["card_access"])

        with pytest.raises(EmrtdError, match="card_access_changed"):
            read(VirtualChip(card), mrz(card))

    def test_an_application_that_is_not_there(self):
        """Another kind of card is no card of ours."""
        other = refusing(0xA4, 0x6A82, p1=4)

        assert refused(card_of(BAC), other) == ("card_refused", "6A82")
        assert refused(card_of(PACE), other) == ("card_refused", "6A82")

    def test_a_card_without_bac(self):
        """A card that gives no challenge does not open this way."""
        assert refused(card_of(BAC), refusing(0x84, 0x6982)) == (
            "access_denied",
            "6982",
        )

    def test_a_challenge_of_another_length(self):
        """Eight bytes are what BAC is made of."""

        def other(chip, command):
            return Response(bytes(7), 0x9000) if command.ins == 0x84 else None

        assert refused(card_of(BAC), other)[0] == "malformed"

    @pytest.mark.parametrize("size", [0, 39, 40, 41])
    def test_a_proof_that_is_none(self, size):
        """A card that says yes must show it."""

        def other(chip, command):
            return Response(bytes(size), 0x9000) if command.ins == 0x82 else None

        assert refused(card_of(BAC), other)[0] == "secure_messaging"

    @pytest.mark.parametrize("tag", [0x86, 0x84])
    def test_a_pace_token_that_is_none(self, tag):
        """A card that knows no password cannot make the last proof."""

        def other(chip, command):
            if command.ins != 0x86 or command.cla or chip._session.is_allowed:
                return None
            return Response(tlv.encode(0x7C, tlv.encode(tag, bytes(8))), 0x9000)

        reason = refused(card_of(PACE), other, can(card_of(PACE)))[0]
        assert reason == ("access_denied" if tag == 0x86 else "malformed")


class TestFiles:
    """What a card answers instead of its files."""

    @pytest.mark.parametrize("name", ["com", "sod", "_1", "_13", "_14", "_15"])
    def test_a_file_that_is_missing(self, name):
        """EF.COM, EF.SOD and DG1 must be there, and whatever EF.COM names."""
        card = with_files(card_of(BAC), **{name: None})

        with pytest.raises(EmrtdError, match="dg_missing"):
            read(VirtualChip(card), mrz(card))

    @pytest.mark.parametrize(("ins", "file"), [(0xA4, None), (0xB0, "15")])
    def test_a_file_that_may_not_be_read(self, ins, file):
        """Rights that are missing are told from a missing file."""
        other = refusing(ins, 0x6982, p1=2 if ins == 0xA4 else None, file=file)

        def after_access(chip, command):
            return other(chip, command) if chip._session.is_allowed else None

        assert refused(card_of(BAC), after_access)[0] == "access_denied"

    @pytest.mark.parametrize(("ins", "p1"), [(0xA4, 2), (0xB0, 0)])
    def test_a_status_of_another_kind(self, ins, p1):
        """Whatever else a card says stands in the log."""

        def other(chip, command):
            is_it = command.ins == ins and command.p1 == p1
            return Response(b"", 0x6F00) if is_it and chip._session.is_allowed else None

        assert refused(card_of(BAC), other) == ("card_refused", "6F00")

    @pytest.mark.parametrize(
        "file",
        [
            b"",
            b"\x6d",
            b"\x6d\x81",
            b"\x6e\x03abc",
            b"\x6d\x05abc",
            b"\x6d\x82\x10\x00a",
        ],
    )
    def test_a_file_that_ends_too_early(self, file):
        """A head tells a tag and a length that the file has."""
        card = with_files(card_of(BAC), _13=file)

        with pytest.raises(EmrtdError) as caught:
            read(VirtualChip(card), mrz(card))
        assert caught.value.reason in {"malformed", "card_refused"}

    @pytest.mark.parametrize("file", [b"\x6d\x00", b"\x6d\x01a", b"\x6d\x02ab"])
    def test_a_file_no_longer_than_its_head(self, file):
        """A tiny file is whole with its head, and the warning that it ended."""
        card = with_files(card_of(BAC), _13=file)

        assert read(VirtualChip(card), mrz(card)).files[13] == file

    def test_a_head_that_is_shorter_than_the_file(self):
        """The head of a longer file is four bytes, however it was cut."""

        def other(chip, command):
            is_head = command.ins == 0xB0 and command.expected == 4
            return Response(b"\x60\x17", 0x6282) if is_head else None

        assert refused(card_of(BAC), other) == ("malformed", "head of com")

    def test_a_portrait_beyond_its_limit(self):
        """200 kB are the most that is read."""
        card = with_files(card_of(BAC), _2=tlv.encode(0x75, bytes(204_800)))

        with pytest.raises(EmrtdError, match="limit: dg2 of 204805 bytes"):
            read(VirtualChip(card), mrz(card), read_portrait=True)

    def test_a_part_that_is_shorter_than_asked_for(self):
        """A card that gives less than it has is refused rather than asked again."""

        def other(chip, command):
            is_part = command.ins == 0xB0 and command.p2 and chip.file == "sod"
            return Response(bytes(3), 0x9000) if is_part else None

        assert refused(card_of(BAC), other)[0] == "malformed"


class TestProofs:
    """Chips that cannot, or will not, prove their keys."""

    def test_an_old_chip_knows_the_old_command_alone(self):
        """Triple-DES is asked for again with MSE:Set KAT."""
        card = card_of(OLD)
        chip = OtherChip(card, refusing(0x22, 0x6A80, p1=0x41, p2=0xA4))

        evidence = read(chip, mrz(card))

        assert evidence.files[13] == card.files["13"]
        assert evidence.round_trips == 7

    def test_a_chip_that_names_no_cipher_gets_the_old_command_at_once(self):
        """A key without a cipher is of the first protocol."""
        card = card_of(
            Profile(active="ecdsa", agreement=Cipher.TRIPLE_DES, names_agreement=False)
        )
        chip = OtherChip(card, refusing(0x22, 0x6A80, p1=0x41, p2=0xA4))

        assert read(chip, mrz(card)).round_trips == 6

    def test_a_chip_that_knows_neither_command(self):
        """There is no third way."""
        other = refusing(0x22, 0x6A80, p1=0x41)

        assert refused(card_of(OLD), other) == ("ca_failed", "6A80")

    @pytest.mark.parametrize("ins", [0x22, 0x86])
    def test_a_chip_that_refuses_to_agree(self, ins):
        """AES has one form of Chip Authentication only."""
        other = refusing(ins, 0x6A80)

        assert refused(card_of(BAC), other) == ("ca_failed", "6A80")

    def test_a_copy_without_the_agreement_key(self):
        """A copied DG14 without its key cannot speak under the new session."""
        card, other = card_of(BAC), card_of(OLD)
        copy = replace(card, keys=replace(card.keys, ca=other.keys.ca))

        with pytest.raises(EmrtdError, match="ca_failed"):
            read(VirtualChip(copy), mrz(copy))

    def test_a_chip_that_refuses_to_sign(self):
        """DG15 without a signature is no proof."""
        assert refused(card_of(BAC), refusing(0x88, 0x6A81)) == ("aa_failed", "6A81")

    def test_a_long_signature_needs_a_reader_of_extended_length(self):
        """RSA-2048 does not fit into a protected short answer."""
        card = card_of(Profile(active="rsa", portrait=False))

        with pytest.raises(EmrtdError, match="aa_failed: 6700"):
            read(VirtualChip(card), mrz(card), extended_length=False)

    def test_a_card_of_short_length_is_read(self):
        """Extended length is used only where the card says it knows it."""
        card = card_of(BAC)
        chip = VirtualChip(card, Behaviour(has_extended_length=False))

        assert read(chip, mrz(card)).files[13] == card.files["13"]


class TestTheLine:
    """What an agent, or whoever sits between, may do to the answers."""

    @pytest.mark.parametrize("profile", [BAC, PACE, OLD], ids=["bac", "pace", "old"])
    @given(st.data())
    @settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
    def test_any_changed_byte_is_refused(self, profile, data):
        """A byte changed under secure messaging ends the reading.

        Before, it may at most lead to the other way of access: what is read in the end
        is the card's own.
        """
        card = card_of(profile)
        at = data.draw(st.integers(0, 8 if profile.pace else 5))
        was_protected = []

        def spoil(turn, answers):
            if turn != at:
                return answers
            index = data.draw(st.integers(0, len(answers) - 1))
            place = data.draw(st.integers(0, len(answers[index]) - 1))
            changed = bytearray(answers[index])
            changed[place] ^= data.draw(st.integers(1, 255))
            was_protected.append(turn >= (5 if profile.pace else 2))
            answers[index] = bytes(changed)
            return answers

        reason, evidence = outcome(card, spoil)
        if was_protected == [True]:
            assert reason in {"secure_messaging", "ca_failed"}
        assert reason or evidence.files == {
            number: card.files[str(number)] for number in (1, 13, 14, 15)
        }

    @pytest.mark.parametrize("profile", [BAC, PACE], ids=["bac", "pace"])
    @given(st.data())
    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
    def test_noise_is_refused_and_nothing_else(self, profile, data):
        """No answers at all raise anything but a refusal."""
        card = card_of(profile)
        at = data.draw(st.integers(0, 8 if profile.pace else 5))

        def spoil(turn, answers):
            if turn < at:
                return answers
            noise = st.one_of(
                st.binary(max_size=80),
                st.binary(max_size=80).map(lambda text: text + b"\x90\x00"),
                st.sampled_from([b"\x90\x00", b"\x6a\x82", b"\x62\x82", b"\x6b\x00"]),
            )
            return [data.draw(noise) for _ in answers]

        with pytest.raises(EmrtdError):
            read(VirtualChip(card), mrz(card), spoil=spoil)

    @pytest.mark.parametrize("profile", [BAC, PACE], ids=["bac", "pace"])
    @pytest.mark.parametrize(
        "change",
        [
            lambda answers: answers[:-1],
            lambda answers: [*answers, b"\x90\x00"],
            lambda answers: [],
        ],
        ids=["one less", "one more", "none"],
    )
    def test_each_command_has_one_answer(self, profile, change):
        """Answers that were lost or added are refused in every turn."""
        card = card_of(profile)
        for at in range(9 if profile.pace else 6):
            with pytest.raises(EmrtdError, match="malformed"):
                read(
                    VirtualChip(card),
                    mrz(card),
                    spoil=lambda turn, answers, at=at: (
                        change(answers) if turn == at else answers
                    ),
                )

    @pytest.mark.parametrize("profile", [BAC, PACE], ids=["bac", "pace"])
    def test_protected_answers_stand_in_their_order(self, profile):
        """Two answers that change places are refused, even when they say the same."""
        card = card_of(profile)
        first = 5 if profile.pace else 2
        for at in range(first, first + 4):
            with pytest.raises(EmrtdError, match=r"secure_messaging|ca_failed"):
                read(
                    VirtualChip(card),
                    mrz(card),
                    spoil=lambda turn, answers, at=at: (
                        [answers[1], answers[0], *answers[2:]]
                        if turn == at
                        else answers
                    ),
                )

    def test_answers_of_an_earlier_turn_are_refused(self):
        """What was said once is not said again."""
        card, heard = card_of(BAC), []

        def spoil(turn, answers):
            heard.append(answers)
            return (heard[2] * 3)[: len(answers)] if turn == 3 else answers

        with pytest.raises(EmrtdError, match="secure_messaging"):
            read(VirtualChip(card), mrz(card), spoil=spoil)
