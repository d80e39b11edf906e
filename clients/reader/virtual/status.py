"""The status words that the chip says, and how it says no (ISO/IEC 7816-4 §5.6)."""

from idp.emrtd.apdu import Command, parse_command
from idp.emrtd.errors import EmrtdError

DONE = 0x9000
END_OF_FILE = 0x6282
NOT_VERIFIED = 0x6300
WRONG_LENGTH = 0x6700
NO_SECURE_MESSAGING = 0x6882
NOT_ALLOWED = 0x6982  # security status not satisfied
NO_CONDITIONS = 0x6985  # conditions of use not satisfied
NO_MESSAGING_OBJECTS, WRONG_MESSAGING_OBJECTS = 0x6987, 0x6988
WRONG_DATA = 0x6A80
NOT_FOUND = 0x6A82
WRONG_PARAMETERS = 0x6A86
NO_REFERENCE = 0x6A88
WRONG_OFFSET = 0x6B00
UNKNOWN_INSTRUCTION = 0x6D00
UNKNOWN_CLASS = 0x6E00


class RefusalError(Exception):
    """The chip says no; `status` is the status word it says."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04X}")
        self.status = status


def parse(apdu: bytes) -> Command:
    """Return a command, or refuse one whose lengths do not fit together."""
    try:
        return parse_command(apdu)
    except EmrtdError as error:
        raise RefusalError(WRONG_LENGTH) from error
