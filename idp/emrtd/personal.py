"""DG1 and DG13: who the card says its holder is.

DG13 is what a state puts there. On the Vietnamese card it is a tree in which SEQUENCEs
of a number and a text are found: the tree is searched for them, since what is around
them is published nowhere and may change.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from idp.emrtd import lds, tlv
from idp.emrtd.errors import EmrtdError
from idp.emrtd.mrz import Mrz, parse_mrz
from idp.emrtd.tlv import Node

_MRZ_TAG = 0x5F1F
_UTF8_STRING, _PRINTABLE_STRING = 0x0C, 0x13
_TEXTS = frozenset({_UTF8_STRING, _PRINTABLE_STRING, tlv.OCTET_STRING})

# Fields of the Vietnamese card
NUMBER, NAME, BIRTH_DATE, SEX, NATIONALITY = 1, 2, 3, 4, 5
ETHNICITY, RELIGION, ORIGIN, RESIDENCE, MARKS = 6, 7, 8, 9, 10
ISSUED_ON, EXPIRES_ON, PARENTS, SPOUSE, FORMER_NUMBER = 11, 12, 13, 14, 15

_NESTED = frozenset({PARENTS, SPOUSE})
_MAX_FIELDS = 64
_MAX_TEXT_BYTES = 4096
_SEXES = {"nam": "male", "nữ": "female"}
_DAY = re.compile(r"(?:(\d{2})/(\d{2})/)?(\d{4})")


@dataclass(frozen=True, slots=True)
class Dg13:
    """The fields by number: `texts` as they were read, `raw` what is not a text."""

    texts: Mapping[int, tuple[str, ...]]
    raw: Mapping[int, bytes]

    def text(self, field: int) -> str | None:
        """Return a field's text, or None if it is absent or empty."""
        texts = self.texts.get(field, ())
        return (texts[0].strip() or None) if texts else None

    def day(self, field: int) -> str | None:
        """Return a date as YYYY-MM-DD, or YYYY where only the year is known."""
        return iso_date(self.text(field) or "")

    @property
    def sex(self) -> str | None:
        """Return `male` or `female`, or None if the card says neither."""
        return _SEXES.get((self.text(SEX) or "").casefold())


def parse_dg1(file: bytes) -> Mrz:
    """Return the machine-readable zone of DG1."""
    text = lds.data_group(file, 1).require(_MRZ_TAG).value
    try:
        return parse_mrz(text.decode("ascii"))
    except UnicodeDecodeError as error:
        raise EmrtdError("malformed", "the MRZ is not ASCII") from error


def parse_dg13(file: bytes) -> Dg13:
    """Find the numbered fields of DG13, wherever in the tree they are."""
    texts: dict[int, tuple[str, ...]] = {}
    raw: dict[int, bytes] = {}
    for count, (number, members) in enumerate(_fields(lds.data_group(file, 13))):
        if count >= _MAX_FIELDS:
            raise EmrtdError("limit", "too many fields in DG13")
        found = tuple(text for member in members for text in _texts(member))
        if not found:
            raw[number] = b"".join(member.encoded for member in members)
        elif number in texts:
            raise EmrtdError("malformed", f"field {number} of DG13 is there twice")
        else:
            texts[number] = found
    if not texts:
        raise EmrtdError("malformed", "DG13 holds no field that can be read")
    return Dg13(texts, raw)


def iso_date(text: str) -> str | None:
    """Turn dd/mm/yyyy or yyyy into ISO 8601; None if it is no date."""
    match = _DAY.fullmatch(text)
    if not match:
        return None
    day, month, year = match.groups()
    if day is None:
        return str(year)
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def _fields(node: Node) -> Iterator[tuple[int, tuple[Node, ...]]]:
    """Yield each SEQUENCE of a number and something else, and look no deeper there."""
    for child in _children(node):
        field = _field(child)
        if field is None:
            yield from _fields(child)
        else:
            yield field


def _field(node: Node) -> tuple[int, tuple[Node, ...]] | None:
    """Return number and members, or None for a SEQUENCE that holds fields itself."""
    first, *members = _children(node) or (None,)
    if node.tag != tlv.SEQUENCE or not members:
        return None
    if first is None or first.tag != tlv.INTEGER or not first.value:
        return None
    number = first.integer()
    # What begins with a number may also be a version before all fields.
    if number not in _NESTED and any(_holds_field(member) for member in members):
        return None
    return number, tuple(members)


def _holds_field(node: Node) -> bool:
    tags = [child.tag for child in _children(node)[:2]]
    if node.tag == tlv.SEQUENCE and len(tags) == 2:
        first, second = tags
        if first == tlv.INTEGER and second in _TEXTS:
            return True
    return any(map(_holds_field, _children(node)))


def _children(node: Node) -> tuple[Node, ...]:
    """Return what is inside, or nothing where the framing is not TLV."""
    if not node.is_constructed:
        return ()
    try:
        return node.children
    except EmrtdError as refused:
        if refused.reason == "limit":
            raise
        return ()


def _texts(node: Node) -> Iterator[str]:
    if node.tag in _TEXTS:
        if len(node.value) > _MAX_TEXT_BYTES:
            raise EmrtdError("limit", "a text in DG13")
        try:
            yield node.value.decode()
        except UnicodeDecodeError:
            return
    elif node.tag == tlv.SEQUENCE:
        for child in _children(node):
            yield from _texts(child)
