"""EF.COM: which data groups the chip says it has; nobody signed it (9303-10 §4.7.0)."""

import re
from dataclasses import dataclass

from idp.emrtd import lds
from idp.emrtd.errors import EmrtdError

_LDS_VERSION, _UNICODE_VERSION, _TAG_LIST = 0x5F01, 0x5F36, 0x5C


@dataclass(frozen=True, slots=True)
class Com:
    """The versions and the data groups' numbers, in the chip's order."""

    lds_version: str
    unicode_version: str
    data_groups: tuple[int, ...]


def parse_com(file: bytes) -> Com:
    """Read EF.COM; a data group named twice or by no known tag is refused."""
    node = lds.unwrap(file, lds.COM)
    tags = node.require(_TAG_LIST).value
    numbers = [lds.NUMBERS.get(tag) for tag in tags]
    known = tuple(number for number in numbers if number is not None)
    if len(known) != len(tags):
        raise EmrtdError("malformed", "EF.COM names an unknown data group")
    if len(set(known)) != len(known):
        raise EmrtdError("dg_duplicate", "EF.COM names a data group twice")
    return Com(
        lds_version=_digits(node.require(_LDS_VERSION).value, 4),
        unicode_version=_digits(node.require(_UNICODE_VERSION).value, 6),
        data_groups=known,
    )


def _digits(value: bytes, count: int) -> str:
    text = value.decode("ascii", errors="replace")
    if not re.fullmatch(rf"[0-9]{{{count}}}", text):
        raise EmrtdError("malformed", "a version in EF.COM")
    return text
