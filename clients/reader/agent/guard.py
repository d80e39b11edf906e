"""What may pass to a card: the commands of a chip reading, and no others.

A rogue provider must not be able to use other applications of a card. Before secure
messaging every command is seen and held to what opens the eMRTD application (ICAO
9303-11 §4.3, §4.4); a signature by the chip is only ever asked for afterwards. Under
secure messaging the instruction is seen and the data are not: what stands behind a
protected SELECT is between provider and card. That it is protected at all is seen, so
that an application which ignores the class byte is not named in the clear.
"""

from clients.reader.agent.errors import ForbiddenCommandError

MAX_COMMANDS = 200
# ISO 7816-4: header, Lc, 255 of data, Le. A long signature of the chip needs the
# extended form, and comes under secure messaging only.
MIN_LENGTH, MAX_PLAIN, MAX_PROTECTED = 4, 261, 1024

APPLICATION = bytes.fromhex("a0000002471001")
MASTER_FILE = bytes.fromhex("3f00")
CARD_ACCESS = bytes.fromhex("011c")

SELECT, READ, CHALLENGE = 0xA4, 0xB0, 0x84
READ_FAR = 0xB1  # offsets beyond 32 kB: large portraits (ISO 7816-4 §11.2.3)
EXTERNAL, SET, GENERAL, INTERNAL = 0x82, 0x22, 0x86, 0x88
INSTRUCTIONS = {SELECT, READ, READ_FAR, CHALLENGE, EXTERNAL, SET, GENERAL, INTERNAL}

CHAINED, PROTECTED = 0x10, 0x0C
# A protected command's data begin with one of its objects (ICAO 9303-11 §9.8.4).
OBJECTS = {0x85, 0x87, 0x97, 0x8E}


class Guard:
    """Judges one reading's commands in their order."""

    def __init__(self) -> None:
        self._count = 0
        self._is_selected = False

    def check(self, command: bytes) -> None:
        """Raise `ForbiddenCommandError` unless this is the next step of a reading."""
        self._count += 1
        if self._count > MAX_COMMANDS:
            raise ForbiddenCommandError(f"more than {MAX_COMMANDS} commands")
        if not MIN_LENGTH <= len(command) <= MAX_PROTECTED:
            raise ForbiddenCommandError(f"a command of {len(command)} bytes")
        if not self._is_allowed(command):
            raise ForbiddenCommandError(f"the command {command[:4].hex()}")
        if command[1] == SELECT and _data(command) == APPLICATION:
            self._is_selected = True

    def _is_allowed(self, command: bytes) -> bool:
        cla, ins = command[0], command[1]
        if cla & ~(CHAINED | PROTECTED) or ins not in INSTRUCTIONS:
            return False
        if cla & CHAINED and ins != GENERAL:
            return False
        if cla & PROTECTED:
            is_whole = cla & PROTECTED == PROTECTED and _first_byte(command) in OBJECTS
            return is_whole and ins not in (CHALLENGE, EXTERNAL)
        return self._is_opening(command)

    def _is_opening(self, command: bytes) -> bool:
        ins, parameters = command[1], command[2:4]
        if len(command) > MAX_PLAIN:
            return False
        if ins == SELECT:
            return _selects_a_known_file(parameters[0], _data(command))
        if ins in (CHALLENGE, EXTERNAL):
            return self._is_selected
        if ins == SET:  # for PACE; Chip Authentication's is protected
            return parameters == b"\xc1\xa4"
        return ins in (READ, GENERAL)


def _selects_a_known_file(parameter: int, data: bytes) -> bool:
    if parameter == 0x04:
        return data == APPLICATION
    if parameter == 0x00:
        return data in (b"", MASTER_FILE)
    return parameter == 0x02 and data == CARD_ACCESS


def _first_byte(command: bytes) -> int | None:
    """Return the first byte of the command data, of the short or extended form."""
    at = 5 if command[4:5] != b"\0" else 7
    return command[at] if len(command) > at else None


def _data(command: bytes) -> bytes:
    """Return the command data; empty where the fifth byte can only be Le."""
    if len(command) <= 5:
        return b""
    length = command[4]
    rest = command[5:]
    # Both counts of a well-formed short APDU: with Le and without.
    return rest[:length] if len(rest) in (length, length + 1) else rest
