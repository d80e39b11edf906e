"""Commands and responses of ISO/IEC 7816-4, in short and extended length."""

from dataclasses import dataclass

from idp.emrtd.errors import EmrtdError

SUCCESS = 0x9000
END_OF_FILE = 0x6282  # a warning: the answer is shorter than was asked for
NOT_FOUND = 0x6A82
SHORT_MAX = 256
EXTENDED_MAX = 65536
_HEADER = 4
_EXTENDED_LENGTHS = 0x40


@dataclass(frozen=True)
class Command:
    """One command; `expected` is how much data the answer may hold (Ne), 0 for none."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    expected: int = 0

    @property
    def header(self) -> bytes:
        """Return the four bytes CLA INS P1 P2."""
        return bytes((self.cla, self.ins, self.p1, self.p2))

    def encode(self) -> bytes:
        """Write the command, in extended length only where it must be (§5.2)."""
        if len(self.data) <= 0xFF and self.expected <= SHORT_MAX:
            lc = bytes((len(self.data),)) if self.data else b""
            le = bytes((self.expected & 0xFF,)) if self.expected else b""
            return self.header + lc + self.data + le
        lc = b"\x00" + len(self.data).to_bytes(2, "big") if self.data else b""
        le = (self.expected & 0xFFFF).to_bytes(2, "big") if self.expected else b""
        return self.header + lc + self.data + (le if lc else b"\x00" + le)


@dataclass(frozen=True)
class Response:
    """What a card answered: data, and the two status bytes as one number."""

    data: bytes
    status: int

    def encode(self) -> bytes:
        """Write the response as it goes over the wire."""
        return self.data + self.status.to_bytes(2, "big")

    def require(self, reason: str = "card_refused") -> bytes:
        """Return the data of a command that succeeded, or refuse with the status."""
        if self.status != SUCCESS:
            raise EmrtdError(reason, f"{self.status:04X}")
        return self.data


def parse_command(apdu: bytes) -> Command:
    """Read a command in any of the seven encodings of ISO/IEC 7816-4 §5.2."""
    if len(apdu) < _HEADER:
        raise EmrtdError("malformed", "command shorter than its header")
    body = apdu[_HEADER:]
    if len(body) <= 1:
        data, length_field = b"", body
    elif body[0]:
        data, length_field = _split(body[1:], body[0])
    else:
        data, length_field = _split_extended(body)
    expected = int.from_bytes(length_field, "big")
    if length_field and not expected:
        expected = SHORT_MAX if len(length_field) == 1 else EXTENDED_MAX
    cla, ins, p1, p2 = apdu[:_HEADER]
    return Command(cla, ins, p1, p2, data, expected)


def _split(rest: bytes, length: int) -> tuple[bytes, bytes]:
    if len(rest) - length not in {0, 1}:
        raise EmrtdError("malformed", "command length")
    return rest[:length], rest[length:]


def _split_extended(body: bytes) -> tuple[bytes, bytes]:
    if len(body) == 3:
        return b"", body[1:]
    length = int.from_bytes(body[1:3], "big")
    rest = body[3:]
    if not length or len(rest) - length not in {0, 2}:
        raise EmrtdError("malformed", "command length")
    return rest[:length], rest[length:]


def parse_response(rapdu: bytes) -> Response:
    """Read a response: at most 64 kB of data, then two status bytes."""
    if not 2 <= len(rapdu) <= EXTENDED_MAX + 2:
        raise EmrtdError("malformed", "response length")
    return Response(rapdu[:-2], int.from_bytes(rapdu[-2:], "big"))


def has_extended_length(atr: bytes) -> bool:
    """Tell whether the ATR's card capabilities offer extended length (§8.1.1.2.7)."""
    historical = _historical_bytes(atr)
    if not historical or historical[0] not in {0x00, 0x80}:
        return False
    at = 1
    while at < len(historical):
        tag, length = historical[at] >> 4, historical[at] & 0x0F
        value = historical[at + 1 : at + 1 + length]
        if tag == 7 and len(value) == 3:
            return bool(value[2] & _EXTENDED_LENGTHS)
        at += 1 + length
    return False


def _historical_bytes(atr: bytes) -> bytes:
    """Return the historical bytes: T0 counts them, TA…TD stand before (7816-3 §8.2)."""
    if len(atr) < 2:
        return b""
    count, present, at = atr[1] & 0x0F, atr[1] >> 4, 2
    while present:
        at += present.bit_count()
        has_next = present & 8
        if not has_next or at > len(atr):
            break
        present = atr[at - 1] >> 4
    return atr[at : at + count]
