"""Secure messaging with each cipher: both sides agree, and nothing spoiled passes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.emrtd import tlv
from idp.emrtd.apdu import Command, Response
from idp.emrtd.blocks import authentication_code, decrypt, encrypt, pad, unpad
from idp.emrtd.errors import EmrtdError
from idp.emrtd.kdf import Cipher, derive_session
from idp.emrtd.secure_messaging import (
    open_command,
    open_response,
    protect_command,
    protect_response,
    readable,
)

ciphers = st.sampled_from(list(Cipher))
counters = st.integers(0, 2**64 - 1)
instructions = st.sampled_from([0xA4, 0xB0, 0xB1, 0x88, 0x22])
texts = st.one_of(
    st.binary(max_size=300), st.binary(max_size=9).map(lambda x: x + b"\0")
)


def keys_of(cipher):
    return derive_session(b"a shared secret", cipher)


@given(ciphers, counters, instructions, texts, st.sampled_from([0, 1, 231, 256, 65536]))
def test_commands_open_on_the_other_side(cipher, counter, ins, data, expected):
    """The card reads what the reader meant."""
    command = Command(0, ins, 1, 2, data, expected)
    apdu = protect_command(keys_of(cipher), counter, command)

    assert open_command(keys_of(cipher), counter, apdu) == command
    assert data[:8] not in apdu or len(data) < 8


@given(ciphers, counters, instructions, texts, st.integers(0, 0xFFFF))
def test_responses_open_on_the_other_side(cipher, counter, ins, data, status):
    """The reader reads what the card meant."""
    response = Response(data, status)
    rapdu = protect_response(keys_of(cipher), counter, response, ins=ins)

    assert open_response(keys_of(cipher), counter, rapdu, ins=ins) == response


@given(ciphers, st.binary(max_size=40), st.data())
@settings(max_examples=300)
def test_any_changed_byte_of_a_response_is_refused(cipher, data, draw):
    """Not one byte of an answer can change on its way, the status bytes included."""
    rapdu = bytearray(protect_response(keys_of(cipher), 7, Response(data, 0x9000)))
    place = draw.draw(st.integers(0, len(rapdu) - 1))
    rapdu[place] ^= draw.draw(st.integers(1, 255))

    with pytest.raises(EmrtdError, match="secure_messaging"):
        open_response(keys_of(cipher), 7, bytes(rapdu))


@given(ciphers, st.binary(max_size=40), st.data())
def test_any_changed_byte_of_a_command_is_refused(cipher, data, draw):
    """Not one byte of a command can change, but how long its answer may be (Le)."""
    command = Command(0, 0xA4, 2, 0x0C, data)
    apdu = bytearray(protect_command(keys_of(cipher), 7, command))
    place = draw.draw(st.integers(0, len(apdu) - 2))
    apdu[place] ^= draw.draw(st.integers(1, 255))

    with pytest.raises(EmrtdError):
        open_command(keys_of(cipher), 7, bytes(apdu))


@given(ciphers, st.data())
def test_a_shortened_response_is_refused(cipher, draw):
    """A cut answer is no shorter answer."""
    rapdu = protect_response(keys_of(cipher), 7, Response(bytes(40), 0x9000))
    cut = draw.draw(st.integers(0, len(rapdu) - 1))

    with pytest.raises(EmrtdError):
        open_response(keys_of(cipher), 7, rapdu[:cut])


@pytest.mark.parametrize("cipher", Cipher)
def test_a_response_opens_in_its_place_alone(cipher):
    """An answer repeated or moved is refused: the counter is in its code."""
    rapdu = protect_response(keys_of(cipher), 8, Response(b"text", 0x9000))

    for other in (6, 7, 9, 10):
        with pytest.raises(EmrtdError, match="secure_messaging"):
            open_response(keys_of(cipher), other, rapdu)


@given(ciphers, st.binary(max_size=80))
def test_noise_is_refused(cipher, rapdu):
    """No bytes raise anything but a refusal."""
    with pytest.raises(EmrtdError):
        open_response(keys_of(cipher), 7, rapdu)
    with pytest.raises(EmrtdError):
        open_command(keys_of(cipher), 7, rapdu)


def sealed(cipher, body, status=b"\x90\x00", counter=7):
    """Return an answer of any data objects under a good code, as no chip writes it."""
    block = cipher.block
    text = counter.to_bytes(block, "big") + body
    if cipher is not Cipher.TRIPLE_DES:
        text = pad(text, block)
    code = authentication_code(cipher, keys_of(cipher).mac, text)
    return body + tlv.encode(0x8E, code) + status


STATUS = tlv.encode(0x99, b"\x90\x00")


@pytest.mark.parametrize("cipher", Cipher)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        STATUS + STATUS,
        STATUS + tlv.encode(0x87, b"\x01" + bytes(16)),
        STATUS + tlv.encode(0x80, b""),
        tlv.encode(0x99, b"\x62\x82"),
        tlv.encode(0x99, b"\x90"),
        tlv.encode(0x87, b"") + STATUS,
        tlv.encode(0x87, b"\x01") + STATUS,
        tlv.encode(0x87, b"\x02" + bytes(16)) + STATUS,
        tlv.encode(0x87, b"\x01" + bytes(15)) + STATUS,
        tlv.encode(0x87, b"\x01" + bytes(16)) + STATUS,  # decrypts to no padding
        tlv.encode(0x85, bytes(16)) + STATUS,
        b"\x99",
    ],
)
def test_oddly_built_answers_are_refused(cipher, body):
    """A good code over other objects than data and status is still refused."""
    with pytest.raises(EmrtdError):
        open_response(keys_of(cipher), 7, sealed(cipher, body))


def test_the_helper_seals_what_is_accepted():
    """The same helper with the right object is accepted, so the test above can fail."""
    for cipher in Cipher:
        opened = open_response(keys_of(cipher), 7, sealed(cipher, STATUS))
        assert opened == Response(b"", 0x9000)


@pytest.mark.parametrize("length", ["", "000100"])
def test_an_oddly_long_expected_length_is_refused(length):
    """DO97 has one byte or two."""
    cipher = Cipher.AES_128
    header = bytes((0x0C, 0xB0, 0, 0))
    body = tlv.encode(0x97, bytes.fromhex(length))
    whole = sealed(cipher, pad(header, 16) + body, status=b"")
    apdu = Command(0x0C, 0xB0, 0, 0, data=whole[16:], expected=256).encode()

    with pytest.raises(EmrtdError, match="expected length"):
        open_command(keys_of(cipher), 7, apdu)


def test_an_unprotected_answer_says_so_with_its_status():
    """The log tells a session that the chip ended from a spoiled one."""
    with pytest.raises(EmrtdError, match="unprotected 6988"):
        open_response(keys_of(Cipher.AES_128), 7, b"\x69\x88")


def test_an_unprotected_command_is_refused():
    """A card's session ends with a command in the clear."""
    with pytest.raises(EmrtdError, match="unprotected"):
        open_command(keys_of(Cipher.AES_128), 7, bytes.fromhex("00A4020C02011E"))


@pytest.mark.parametrize("cipher", Cipher)
def test_what_is_readable_fits_into_a_short_answer(cipher):
    """One byte more would need an extended answer."""
    fits = readable(cipher)
    one, more = (
        protect_response(keys_of(cipher), 7, Response(bytes(size), 0x9000))
        for size in (fits, fits + 1)
    )

    assert len(one) - 2 <= 256 < len(more) - 2 + cipher.block


@given(ciphers, st.binary(max_size=40))
def test_blocks_come_back(cipher, text):
    """Padding and encryption lose nothing."""
    key = keys_of(cipher).encryption
    padded = pad(text, cipher.block)

    assert len(padded) % cipher.block == 0
    assert unpad(decrypt(cipher, key, encrypt(cipher, key, padded))) == text


@pytest.mark.parametrize("cipher", Cipher)
def test_a_counter_runs_over(cipher):
    """BAC's counter begins where the nonces say, be it the last number."""
    rapdu = protect_response(keys_of(cipher), 256**cipher.block, Response(b"", 0x9000))

    assert open_response(keys_of(cipher), 0, rapdu) == Response(b"", 0x9000)


def test_a_code_over_one_block_is_a_single_triple_des():
    """The chain before the last block may be empty (ISO/IEC 9797-1 §7.3)."""
    cipher, key = Cipher.TRIPLE_DES, keys_of(Cipher.TRIPLE_DES).mac

    code = authentication_code(cipher, key, b"abc")

    assert code == encrypt(cipher, key, pad(b"abc", 8))
