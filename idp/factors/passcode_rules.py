"""What six digits must not be: a row, a repetition, or a date of their owner's.

Ten tries at the likeliest codes open a third of all freely chosen ones; a blocklist
brings that near to chance (NIST SP 800-63B-4 §3.1.1.2 asks for one).
"""

import re
from collections.abc import Iterable
from typing import Literal

DIGITS = 6

PasscodeFault = Literal["form", "trivial", "personal"]

_SIX_DIGITS = re.compile(r"[0-9]{6}")
_ROWS = ("012345678901234", "987654321098765")
_LONGEST_PIECE = 3
# 147258 and the like: strokes on the block of keys; and the luckiest of numbers.
_STROKES = frozenset(
    {
        "147258", "258147", "258369", "369258", "147369", "159357", "357159", "951753",
        "753951", "789456", "456123", "123789", "789123", "147852", "852147", "159753",
        "686868", "868686", "668866", "886688", "393979", "797939", "112233", "332211",
        "445566", "778899", "998877", "223344", "102030", "100000", "200000", "520131",
    }
)  # fmt: skip


def fault(passcode: str, *, about: Iterable[str] = ()) -> PasscodeFault | None:
    """Return what is wrong with a new passcode, or None.

    `about` are its owner's number, phone and birth date (ISO), whose digits may not
    stand in it.
    """
    if not _SIX_DIGITS.fullmatch(passcode):
        return "form"
    if _is_trivial(passcode):
        return "trivial"
    return "personal" if passcode in _own(about) else None


def _is_trivial(passcode: str) -> bool:
    pieces = (passcode[:size] for size in range(1, _LONGEST_PIECE + 1))
    return (
        passcode in _STROKES
        or any(passcode in row for row in _ROWS)
        or any(piece * (DIGITS // len(piece)) == passcode for piece in pieces)
        or _is_mirrored(passcode)
    )


def _is_mirrored(passcode: str) -> bool:
    """Say whether three equal digits stand beside three others (`111222`)."""
    return len(set(passcode[:3])) == len(set(passcode[3:])) == 1


def _own(about: Iterable[str]) -> set[str]:
    """Return every six digits that stand in a number, or are made of a date."""
    found: set[str] = set()
    for text in about:
        date = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text)
        if date:
            year, month, day = date.groups()
            short = year[2:]
            found |= {day + month + short, short + month + day, month + day + short}
            found |= {month + year, year + month, day + year, year + day}
        digits = re.sub(r"\D", "", text)
        found |= {digits[at : at + DIGITS] for at in range(len(digits) - DIGITS + 1)}
    return found
