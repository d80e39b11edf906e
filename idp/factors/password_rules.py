"""What a new password must not be: short, about its owner, or the first thing tried.

Length counts most; no mixture of letters, digits and signs is demanded and nothing
expires (NIST SP 800-63B-4 §3.1.1.2).
"""

import unicodedata
from collections.abc import Iterable
from typing import Literal

from idp.factors.password import MAX_BYTES, MIN_LENGTH

Weakness = Literal["short", "long", "personal", "guessable"]

_SHORTEST_PERSONAL = 4  # "An" stands in many good passwords, "Nguyen" need not
_FEWEST_LETTERS = 5
_FEWEST_STRANGE = 6  # letters that belong to no row of keys, count or common word
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
)
_COMMON = (
    "password", "passwd", "matkhau", "welcome", "letmein", "admin", "iloveyou",
    "anhyeuem", "emyeuanh", "vietnam", "dinhdanh", "vneid", "cancuoc", "hanoi",
    "saigon", "monkey", "dragon", "football", "sunshine", "princess", "khongbiet",
)  # fmt: skip
_RUN = 3


def weakness(password: str, *, about: Iterable[str] = ()) -> Weakness | None:
    """Return what is wrong with a new password, or None.

    `about` are its owner's number, phone, e-mail, birth date and parts of the name.
    """
    if len(password) < MIN_LENGTH:
        return "short"
    if len(password.encode(errors="replace")) > MAX_BYTES:
        return "long"
    folded = _fold(password)
    if any(_is_in(folded, text) for text in about):
        return "personal"
    return "guessable" if _is_guessable(folded) else None


def _is_in(folded: str, text: str) -> bool:
    part = _fold(text)
    digits = "".join(letter for letter in part if letter.isdigit())
    return any(
        len(item) >= _SHORTEST_PERSONAL and item in folded for item in (part, digits)
    )


def _is_guessable(folded: str) -> bool:
    if len(set(folded)) < _FEWEST_LETTERS or _is_repeated(folded):
        return True
    rest = folded
    for word in _COMMON:
        rest = rest.replace(_fold(word), "")
    return len(set(_without_runs(rest))) < _FEWEST_STRANGE


def _is_repeated(text: str) -> bool:
    """Say whether a short piece makes up the whole (`abcdabcdabcd`)."""
    return any(
        (text[:size] * (len(text) // size + 1)).startswith(text)
        for size in range(1, len(text) // 2 + 1)
    )


def _without_runs(text: str) -> str:
    """Return what is left without `1234`, `qwer`, `aaaa` and the like backwards."""
    left, at = "", 0
    while at < len(text):
        size = _run(text[at:])
        if size < _RUN:
            left, size = left + text[at], 1
        at += size
    return left


def _run(text: str) -> int:
    size = 1
    for row in (*_ROWS, *(row[::-1] for row in _ROWS), text[0] * len(text)):
        length = len(text)
        while length > size and text[:length] not in row:
            length -= 1
        size = max(size, length)
    return size


def _fold(text: str) -> str:
    folded = text.casefold().replace("đ", "d")
    letters = unicodedata.normalize("NFKD", folded)
    return "".join(
        letter
        for letter in letters
        if not unicodedata.combining(letter) and not letter.isspace()
    )
