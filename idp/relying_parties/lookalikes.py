"""Letters and names that people cannot tell apart (CWE-1007)."""

import unicodedata
from string import ascii_letters, digits

# Latin letters that no mark makes of another.
_WITHOUT_BASE = {"đ": "d", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "ß": "ss"}
_KNOWN = frozenset(ascii_letters) | {
    letter for one in _WITHOUT_BASE for letter in (one, one.upper())
}
_SAME = str.maketrans(
    {**_WITHOUT_BASE, "0": "o", "1": "l", "3": "e", "5": "s", "i": "l", "|": "l"}
)


def is_plain(text: str) -> bool:
    """Say whether all letters are a to z with marks, and all digits 0 to 9.

    What other scripts, styles and phonetic alphabets have looks like them and is not.
    """
    return all(_is_plain(letter) for letter in unicodedata.normalize("NFC", text))


def _is_plain(letter: str) -> bool:
    if letter.isalpha():
        return unicodedata.normalize("NFD", letter)[0] in _KNOWN
    if letter.isnumeric():
        return letter in digits
    return not unicodedata.category(letter).startswith("M")


def skeleton(text: str) -> str:
    """Return what is left of a name at a glance: the same for names that look alike."""
    bare = (
        letter
        for letter in unicodedata.normalize("NFKD", text.casefold())
        if not unicodedata.category(letter).startswith("M")
    )
    seen = "".join(bare).translate(_SAME).replace("rn", "m").replace("vv", "w")
    return "".join(letter for letter in seen if letter.isalnum())
