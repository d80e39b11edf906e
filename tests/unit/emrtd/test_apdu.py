"""Commands and responses as bytes: ISO/IEC 7816-4."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.emrtd.apdu import (
    Command,
    Response,
    has_extended_length,
    parse_command,
    parse_response,
)
from idp.emrtd.errors import EmrtdError

byte = st.integers(0, 255)
lengths = st.sampled_from([0, 1, 8, 255, 256, 257, 300, 65535, 65536])
commands = st.builds(
    Command, byte, byte, byte, byte, data=st.binary(max_size=600), expected=lengths
)


@given(commands)
def test_commands_read_back(command):
    """All seven encodings say the same again when they are read."""
    assert parse_command(command.encode()) == command


@given(st.binary(max_size=40))
def test_any_bytes_are_a_command_or_refused(apdu):
    """No bytes raise anything but a refusal."""
    with contextlib.suppress(EmrtdError):
        assert parse_command(apdu).header == apdu[:4]


@pytest.mark.parametrize(
    "apdu", ["00a402", "00a4020c03011c", "00a4020c02011c0000", "00b00000000000ff00"]
)
def test_lengths_that_do_not_fit_are_refused(apdu):
    """A length field counts exactly what follows it."""
    with pytest.raises(EmrtdError, match="malformed"):
        parse_command(bytes.fromhex(apdu))


@pytest.mark.parametrize("rapdu", [b"", b"\x90", bytes(65539)])
def test_responses_of_impossible_length_are_refused(rapdu):
    """An answer has two status bytes and at most 64 kB before them."""
    with pytest.raises(EmrtdError, match="malformed"):
        parse_response(rapdu)


def test_a_refusal_names_the_status():
    """What a card refused with stands in the log."""
    assert parse_response(b"\x01\x90\x00").require() == b"\x01"
    with pytest.raises(EmrtdError) as caught:
        Response(b"", 0x6A82).require("access_denied")
    assert (caught.value.reason, caught.value.detail) == ("access_denied", "6A82")


@pytest.mark.parametrize(
    ("atr", "expected"),
    [
        ("3B8580018073C0214057", True),  # capabilities 73 C0 21 40
        ("3B8580018073C0210017", False),
        ("3B80800101", False),  # no historical bytes
        ("3BF81300008131FE4500318073C8214000900079", True),  # TA1 to TD2, then 31, 73
        ("3B8A80010031C173C82140009000", True),  # category 00, status at the end
        ("3B8580014173C0214057", False),  # another category
        ("3B", False),
        ("", False),
        ("3BFF", False),
        ("3BFFFFFFFF", False),
    ],
)
def test_extended_length_is_what_the_card_says(atr, expected):
    """Only the third byte of the card capabilities offers extended length."""
    assert has_extended_length(bytes.fromhex(atr)) is expected


@given(st.binary(max_size=40))
def test_no_answer_to_reset_is_too_odd(atr):
    """An ATR comes from outside: any bytes give an answer."""
    assert has_extended_length(atr) in {True, False}
