"""Only the commands of a chip reading pass to a card."""

import pytest

from clients.reader.agent.errors import ForbiddenCommandError
from clients.reader.agent.guard import MAX_COMMANDS, Guard

SELECT = bytes.fromhex("00a4040c07a0000002471001")
SELECT_WITH_LE = bytes.fromhex("00a4040c07a000000247100100")

BEFORE = {
    "the application": SELECT,
    "the application, with Le": SELECT_WITH_LE,
    "the master file": bytes.fromhex("00a4000c023f00"),
    "the master file, unnamed": bytes.fromhex("00a4000c"),
    "the card's access file": bytes.fromhex("00a4020c02011c"),
    "a read": bytes.fromhex("00b0000008"),
    "PACE": bytes.fromhex("0022c1a40f800a04007f00070202040202830102"),
    "PACE's steps, chained": bytes.fromhex("10860000027c0000"),
    "PACE's last step": bytes.fromhex("00860000027c0000"),
}
PROTECTED = {
    "a file": bytes.fromhex(
        "0ca4020c15870901d9e2c4000000000000008e08000000000000000000"
    ),
    "a read": bytes.fromhex("0cb000000d9701048e08000000000000000000"),
    "a far read": bytes.fromhex("0cb100001185019701048e08000000000000000000"),
    "Chip Authentication": bytes.fromhex("0c2241a60d9701048e08000000000000000000"),
    "its key": bytes.fromhex("1c8600000d9701048e08000000000000000000"),
    "a long signature": bytes.fromhex("0c8800000001308782012601") + bytes(299),
    "Active Authentication": bytes.fromhex("0c8800000d9701048e08000000000000000000"),
}
FORBIDDEN = {
    "another application": bytes.fromhex("00a4040c0ba000000397425446590201"),
    "a part of the application's name": bytes.fromhex("00a4040c05a000000247"),
    "a longer name": bytes.fromhex("00a4040c08a000000247100101"),
    "a wrong length": bytes.fromhex("00a4040c06a0000002471001"),
    "an unprotected far read": bytes.fromhex("00b1000004540280000000"),
    "another file": bytes.fromhex("00a4020c02011e"),
    "a path": bytes.fromhex("00a4080c023f00"),
    "a PIN": bytes.fromhex("00200001083132333435363738"),
    "a PIN, protected": bytes.fromhex("0c2000010d9701048e08000000000000000000"),
    "a signature": bytes.fromhex("002a9e9a0000"),
    "an unprotected signature of the chip": bytes.fromhex(
        "0088000008000000000000000000"
    ),
    "another security environment": bytes.fromhex("002241a402800000"),
    "writing": bytes.fromhex("00d600000100"),
    "erasing": bytes.fromhex("000e000000"),
    "a proprietary class": bytes.fromhex("80a4040c07a0000002471001"),
    "another logical channel": bytes.fromhex("01a4040c07a0000002471001"),
    "half protected": bytes.fromhex("04b000000d9701048e08000000000000000000"),
    "a chained read": bytes.fromhex("10b0000008"),
    "another application, protected by its class alone": bytes.fromhex(
        "0ca4040c0ba000000397425446590201"
    ),
    "a signature, protected by its class alone": bytes.fromhex(
        "0c88000008000000000000000000"
    ),
    "protection of nothing": bytes.fromhex("0c880000"),
    "a protected challenge": bytes.fromhex("0c8400000d9701048e08000000000000000000"),
    "nothing": b"",
    "half a header": bytes.fromhex("00a404"),
    "too long": SELECT[:4] + bytes(300),
    "too long, protected": bytes.fromhex("0c88000000040087") + bytes(1023),
}


@pytest.mark.parametrize("command", BEFORE.values(), ids=BEFORE)
def test_what_opens_the_application_passes(command):
    """BAC and PACE need these before anything is protected."""
    Guard().check(command)


@pytest.mark.parametrize("command", PROTECTED.values(), ids=PROTECTED)
def test_protected_commands_pass_by_instruction(command):
    """What stands in them is between provider and card."""
    Guard().check(command)


@pytest.mark.parametrize("command", FORBIDDEN.values(), ids=FORBIDDEN)
def test_everything_else_is_refused(command):
    """Other applications, PINs, writing and unseen signatures are none of a reading."""
    guard = Guard()
    guard.check(SELECT)

    with pytest.raises(ForbiddenCommandError):
        guard.check(command)


@pytest.mark.parametrize("command", ["0084000008", "0082000028" + "00" * 41])
def test_authentication_waits_for_the_application(command):
    """A challenge asked of whatever was selected before could serve another purpose."""
    guard = Guard()
    with pytest.raises(ForbiddenCommandError):
        guard.check(bytes.fromhex(command))

    guard.check(SELECT)

    guard.check(bytes.fromhex(command))


def test_a_reading_has_a_number_of_commands():
    """The 201st is refused, whatever it is."""
    guard = Guard()
    for _ in range(MAX_COMMANDS):
        guard.check(SELECT)

    with pytest.raises(ForbiddenCommandError, match="200"):
        guard.check(SELECT)
