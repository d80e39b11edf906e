"""What a new password must not be: short, about its owner, or soon guessed.

Length counts most; no mixture of letters, digits and signs is demanded and nothing
expires (NIST SP 800-63B-4 §3.1.1.2). How soon it is guessed is zxcvbn's estimate, which
knows leaked passwords, keyboards, dates and repetitions; what people of this country
try first stands in `common_passwords.txt`.
"""

import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal

from zxcvbn_rs_py import zxcvbn

from idp.factors.password import MAX_BYTES, MIN_LENGTH

Weakness = Literal["short", "long", "personal", "guessable"]
# From hopeless to beyond what anybody can try.
Strength = Literal["very_weak", "weak", "fair", "good", "strong"]

_SHORTEST_PERSONAL = 4  # "An" stands in many good passwords, "Nguyen" need not
_LONGEST_JUDGED = 100  # longer ones are judged by their beginning; it bounds the work
# Decimal digits of the number of guesses, as zxcvbn's own scores have them.
_STEPS: tuple[tuple[float, Strength], ...] = (
    (10, "strong"),
    (8, "good"),
    (6, "fair"),
    (3, "weak"),
)
_ENOUGH: frozenset[Strength] = frozenset({"good", "strong"})


def weakness(password: str, *, about: Iterable[str] = ()) -> Weakness | None:
    """Return what is wrong with a new password, or None.

    `about` are its owner's number, phone, e-mail, birth date and parts of the name.
    """
    known = tuple(about)
    if len(password) < MIN_LENGTH:
        return "short"
    if len(password.encode(errors="replace")) > MAX_BYTES:
        return "long"
    folded = fold(password)
    if any(_is_in(folded, text) for text in known):
        return "personal"
    return None if strength(password, about=known) in _ENOUGH else "guessable"


def strength(password: str, *, about: Iterable[str] = ()) -> Strength:
    """Estimate how long a password holds, with and without its accents and spaces."""
    words = [*_common(), *(fold(text) for text in about)]
    written = password.encode(errors="replace").decode()
    texts = {text[:_LONGEST_JUDGED] for text in (written, fold(written))}
    guesses = min(zxcvbn(text, words).guesses_log10 for text in texts)
    return next((name for least, name in _STEPS if guesses >= least), "very_weak")


def fold(text: str) -> str:
    """Return the text as it is typed in haste: small letters, no accents, no spaces."""
    folded = text.casefold().replace("đ", "d")
    letters = unicodedata.normalize("NFKD", folded)
    return "".join(
        letter
        for letter in letters
        if not unicodedata.combining(letter) and not letter.isspace()
    )


def _is_in(folded: str, text: str) -> bool:
    part = fold(text)
    digits = "".join(letter for letter in part if letter.isdigit())
    return any(
        len(item) >= _SHORTEST_PERSONAL and item in folded for item in (part, digits)
    )


@cache
def _common() -> tuple[str, ...]:
    path = Path(__file__).with_name("common_passwords.txt")
    return tuple(path.read_text(encoding="utf-8").split())
