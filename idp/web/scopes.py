"""What a portal wishes to see, in one line of plain words."""

from collections.abc import Iterable

from idp.web.language import gettext, phrase

WORDS = {
    "personal_number": phrase("your personal number"),
    "profile": phrase("your name and birth date"),
    "residence": phrase("where you live"),
    "residence_credential": phrase("a proof of where you live, for this wallet"),
    "household": phrase("your household"),
    "phone": phrase("your phone number"),
    "email": phrase("your e-mail address"),
    "address": phrase("your address"),
}


def sentence(scopes: Iterable[str]) -> str:
    """Return the wishes behind the scopes, in the order of our list."""
    asked = set(scopes)
    return ", ".join(gettext(words) for scope, words in WORDS.items() if scope in asked)
