"""Which characters UTF-8 can write: all but surrogates, where Hypothesis tries each.

Its one look at a million characters takes longer than most of the properties do.
"""

from hypothesis.internal import charmap
from hypothesis.internal.intervalsets import IntervalSet

_WRITTEN = IntervalSet(((0, 0xD7FF), (0xE000, 0x10FFFF)))
_READ_AS_ANOTHER = IntervalSet()


def know_utf8() -> None:
    """Have Hypothesis believe what it would find out."""
    find_out = charmap.intervals_from_codec

    def intervals_from_codec(name: str) -> tuple[IntervalSet, IntervalSet]:
        return (_WRITTEN, _READ_AS_ANOTHER) if name == "utf-8" else find_out(name)

    charmap.intervals_from_codec = intervals_from_codec
