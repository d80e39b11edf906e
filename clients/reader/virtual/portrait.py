"""A small portrait drawn from nothing: a mosaic figure, each citizen's own colours.

The picture is a baseline JPEG (ITU-T T.81) whose every 8×8 block has one flat colour,
so that only the first coefficient of each block is written and no codec is needed.
"""

import hashlib
from collections.abc import Iterator

COLUMNS, ROWS = 24, 32
WIDTH, HEIGHT = COLUMNS * 8, ROWS * 8
Colour = tuple[int, int, int]

_BACKGROUND = (222, 230, 238)
_EYES = (40, 34, 34)
_MOUTH = (168, 78, 74)
_SKINS = ((241, 205, 172), (226, 184, 146), (208, 162, 122), (184, 138, 100))
_HAIR = ((28, 24, 24), (58, 40, 30), (96, 96, 100), (44, 44, 58))
_CLOTHES = ((38, 84, 140), (150, 46, 52), (42, 112, 84), (112, 74, 130), (70, 76, 88))

# Sixteen codes of four bits would need the one that is all ones, which no table may
# use; twelve sizes of a difference do not come that far.
_SIZES = bytes((0, 0, 0, 12, *(0,) * 12, *range(12)))
_END_OF_BLOCK = bytes((1, *(0,) * 15, 0))


def draw(seed: str) -> bytes:
    """Return the JPEG portrait of the citizen whom the seed names."""
    return (
        _frame() + _scan(_pixels(hashlib.sha256(seed.encode()).digest())) + b"\xff\xd9"
    )


def _pixels(choice: bytes) -> Iterator[Colour]:
    skin = _SKINS[choice[0] % len(_SKINS)]
    hair = _HAIR[choice[1] % len(_HAIR)]
    clothes = _CLOTHES[choice[2] % len(_CLOTHES)]
    fringe, long_hair = 8 + choice[3] % 3, choice[4] % 2 == 0
    for row in range(ROWS):
        for column in range(COLUMNS):
            x, y = abs(2 * column - COLUMNS + 1), row
            if x in {5, 7} and y == 13:
                yield _EYES
            elif x <= 3 and y == 19:
                yield _MOUTH
            elif _inside(x, y, wide=12, high=8, middle=14) and y >= fringe:
                yield skin
            elif y < 14 and _inside(x, y, wide=15, high=11, middle=13):
                yield hair
            elif x <= 5 and 20 <= y < 25:
                yield skin
            elif y < 24 and long_hair and 9 <= x <= 15:
                yield hair
            else:
                yield (
                    clothes
                    if _inside(x, y, wide=22, high=9, middle=32)
                    else _BACKGROUND
                )


def _inside(x: int, y: int, *, wide: int, high: int, middle: int) -> bool:
    return (x * high) ** 2 + ((y - middle) * wide) ** 2 <= (wide * high) ** 2


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def _frame() -> bytes:
    size = HEIGHT.to_bytes(2, "big") + WIDTH.to_bytes(2, "big")
    parts = bytes((1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0))
    return (
        b"\xff\xd8"
        + _segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
        + _segment(0xDB, bytes((0, *(8,) * 64)))
        + _segment(0xC0, b"\x08" + size + b"\x03" + parts)
        + _segment(0xC4, b"\x00" + _SIZES)
        + _segment(0xC4, b"\x10" + _END_OF_BLOCK)
        + _segment(0xDA, bytes((3, 1, 0, 2, 0, 3, 0, 0, 63, 0)))
    )


def _scan(pixels: Iterator[Colour]) -> bytes:
    bits: list[str] = []
    last = [0, 0, 0]
    for colour in pixels:
        for part, level in enumerate(_luminance_and_colour(colour)):
            difference, last[part] = level - last[part], level
            size = abs(difference).bit_length()
            # T.81 F.1.2.1: a negative difference is written less one.
            value = difference if difference >= 0 else difference + (1 << size) - 1
            bits.append(f"{size:04b}" + (f"{value:0{size}b}" if size else "") + "0")
    written = "".join(bits)
    written += "1" * (-len(written) % 8)
    scan = int(written, 2).to_bytes(len(written) // 8, "big")
    return scan.replace(b"\xff", b"\xff\x00")


def _luminance_and_colour(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = colour
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    return (
        round(light) - 128,
        round((blue - light) * 0.564),
        round((red - light) * 0.713),
    )
