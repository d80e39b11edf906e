"""The files of the chip's application, by number, tag and address (9303-10 §4.7)."""

from dataclasses import dataclass

from idp.emrtd import tlv
from idp.emrtd.errors import EmrtdError
from idp.emrtd.tlv import Node

MAX_FILE_BYTES = 65_536
MAX_PORTRAIT_FILE_BYTES = 204_800
PORTRAIT = 2


@dataclass(frozen=True, slots=True)
class ElementaryFile:
    """Where a file is and which tag it begins with; a tag of 0 begins none."""

    name: str
    tag: int
    file_id: int
    max_bytes: int = MAX_FILE_BYTES

    @property
    def short_id(self) -> int:
        """Return the short identifier that READ BINARY takes."""
        return self.file_id & 0x1F


COM = ElementaryFile("com", 0x60, 0x011E)
SOD = ElementaryFile("sod", 0x77, 0x011D)
CARD_ACCESS = ElementaryFile("card_access", tlv.SET, 0x011C)

_TAGS = (
    0x61, 0x75, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68,
    0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x70,
)  # fmt: skip

DATA_GROUPS = {
    number: ElementaryFile(
        name=f"dg{number}",
        tag=tag,
        file_id=0x0100 + number,
        max_bytes=MAX_PORTRAIT_FILE_BYTES if number == PORTRAIT else MAX_FILE_BYTES,
    )
    for number, tag in enumerate(_TAGS, start=1)
}

NUMBERS = {file.tag: number for number, file in DATA_GROUPS.items()}


def unwrap(file: bytes, kind: ElementaryFile) -> Node:
    """Return the element that a whole file is: its own tag, and no byte beyond it."""
    node = tlv.parse(file, max_size=kind.max_bytes)
    if node.tag != kind.tag:
        raise EmrtdError("malformed", f"{kind.name} begins with {node.tag:X}")
    return node


def data_group(file: bytes, number: int) -> Node:
    """Return the element that a data group's file is."""
    return unwrap(file, DATA_GROUPS[number])
