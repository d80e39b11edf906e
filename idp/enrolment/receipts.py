"""Receipt numbers: random, short, and readable over a telephone."""

import secrets
import unicodedata

from idp.errors import IdpError

# Crockford's base 32: no I, L, O or U, so that nothing is read for something else.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LETTERS = _ALPHABET.encode() * 8  # the letter of each byte
_LENGTH = 12
_READ_AS = str.maketrans("ILO", "110")


class InvalidReceiptError(IdpError):
    """The text is no receipt number."""

    code = "DD-ENR-011"


def new_receipt() -> str:
    """Return twelve random letters and digits, 60 bits."""
    return secrets.token_bytes(_LENGTH).translate(_LETTERS).decode()


def receipt_text(receipt: str) -> str:
    """Return the receipt in groups of four, for reading."""
    return "-".join(receipt[at : at + 4] for at in range(0, _LENGTH, 4))


def parse_receipt(text: str) -> str:
    """Return the receipt that was typed in any grouping, O for 0 and I for 1."""
    folded = unicodedata.normalize("NFKC", text[:64]).upper().translate(_READ_AS)
    receipt = "".join(letter for letter in folded if letter.isalnum())
    if len(receipt) != _LENGTH or not set(receipt) <= set(_ALPHABET):
        raise InvalidReceiptError("a receipt has twelve letters and digits")
    return receipt
