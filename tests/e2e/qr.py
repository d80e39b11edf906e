"""A phone's camera: reads the address out of a QR code as it stands on a page.

It knows the one size that our addresses need (ISO/IEC 18004: version 5, level M) and
corrects no errors, since a screen makes none.
"""

import re
from collections.abc import Callable, Iterator

from playwright.sync_api import Page

SIZE = 37
_QUIET = 4  # modules of margin around the symbol
_BLOCKS, _BLOCK_DATA = 2, 43
_LEVEL_M, _BYTES = 0b00, 0b0100
# §7.8.2: the eight masks, of row and column.
_MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda r, c: (r + c) % 2 == 0,
    lambda r, _: r % 2 == 0,
    lambda _, c: c % 3 == 0,
    lambda r, c: (r + c) % 3 == 0,
    lambda r, c: (r // 2 + c // 3) % 2 == 0,
    lambda r, c: r * c % 2 + r * c % 3 == 0,
    lambda r, c: (r * c % 2 + r * c % 3) % 2 == 0,
    lambda r, c: ((r + c) % 2 + r * c % 3) % 2 == 0,
)
_FORMAT_MASK = 0b10101  # the first five bits of what hides the format (§7.9)


def scan(page: Page) -> str:
    """Return what the code on the page says."""
    drawn = page.locator(".qr svg path.qrline").get_attribute("d") or ""
    return decode(modules(drawn))


def modules(path: str) -> list[list[int]]:
    """Return the dark modules of a path of horizontal lines."""
    dark = [[0] * SIZE for _ in range(SIZE)]
    x = y = 0.0
    for command, first, second in re.findall(
        r"([Mmh])(-?[\d.]+)(?: ?(-?[\d.]+))?", path
    ):
        if command == "h":
            for column in range(int(x), int(x) + int(first)):
                dark[int(y) - _QUIET][column - _QUIET] = 1
            x += float(first)
        else:
            start = (0.0, 0.0) if command == "M" else (x, y)
            x, y = start[0] + float(first), start[1] + float(second)
    return dark


def decode(dark: list[list[int]]) -> str:
    """Return the text of a symbol."""
    kind = int("".join(str(dark[8][c]) for c in range(5)), 2) ^ _FORMAT_MASK
    assert kind >> 3 == _LEVEL_M, "another level of correction"
    mask = _MASKS[kind & 0b111]
    bits = [dark[r][c] ^ mask(r, c) for r, c in _places()]
    words = [_number(bits[at : at + 8]) for at in range(0, len(bits) - 7, 8)]
    mixed = words[: _BLOCKS * _BLOCK_DATA]
    data = bytes(word for block in range(_BLOCKS) for word in mixed[block::_BLOCKS])
    stream = "".join(f"{byte:08b}" for byte in data)
    assert int(stream[:4], 2) == _BYTES, "other than bytes"
    end = 12 + 8 * int(stream[4:12], 2)
    text = [int(stream[at : at + 8], 2) for at in range(12, end, 8)]
    return bytes(text).decode()


def _places() -> Iterator[tuple[int, int]]:
    """Walk the data modules in their order: pairs of columns, up and down in turn."""
    rights = [*range(SIZE - 1, 6, -2), *range(5, 0, -2)]
    for turn, right in enumerate(rights):
        rows = range(SIZE) if turn % 2 else range(SIZE - 1, -1, -1)
        for row in rows:
            for column in (right, right - 1):
                if not _is_pattern(row, column):
                    yield row, column


def _is_pattern(row: int, column: int) -> bool:
    """Say whether a module belongs to the finder, timing or alignment patterns."""
    corner = SIZE - 8
    finder = (row < 9 and (column < 9 or column >= corner)) or (
        row >= corner and column < 9
    )
    alignment = 28 <= row <= 32 and 28 <= column <= 32
    return finder or alignment or 6 in (row, column)


def _number(bits: list[int]) -> int:
    return int("".join(map(str, map(int, bits))), 2)
