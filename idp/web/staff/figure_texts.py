"""Figures in words and digits of the reader's language."""

from datetime import date
from functools import cache

from babel.numbers import format_decimal, format_percent

from idp.figures.privacy import Cell
from idp.registry import divisions
from idp.web import presentation
from idp.web.language import current, gettext, phrase
from idp.web.staff.review_texts import REFUSALS

ACCOUNT_STATES = {
    "waiting": phrase("Waiting for a decision"),
    "granted": phrase("Granted, not activated yet"),
    "active": phrase("Activated"),
}
DOSSIER_STATES = {
    "submitted": phrase("Submitted"),
    "in_review": phrase("In review"),
    "granted": phrase("Granted"),
    "refused": phrase("Refused"),
    "withdrawn": phrase("Withdrawn"),
}
LEVELS = {1: phrase("Level 1"), 2: phrase("Level 2")}
WAY = {
    "began": phrase("Began at a portal"),
    "identified": phrase("Said who they are"),
    "proven": phrase("Proved as strongly as asked"),
    "finished": phrase("Came back signed in"),
}
FAILURES = {
    "cancelled": phrase("The person gave up"),
    "account_locked": phrase("The account is locked"),
    "account_submitted": phrase("The account is not granted yet"),
    "account_in_review": phrase("The account is not granted yet"),
    "account_granted": phrase("The account is not activated yet"),
    "account_closed": phrase("The account is closed"),
    "restricted": phrase("The use of the data was stopped"),
    "assurance_unreachable": phrase(
        "The portal asks for more than the account can prove"
    ),
}
TRIES = {
    "password_wrong": phrase("Wrong number or password"),
    "password_too_many": phrase("Too many wrong passwords"),
    "otp_wrong": phrase("Wrong one-time code"),
    "otp_too_many": phrase("Too many wrong codes"),
    "chip_wrong": phrase("The chip card was not believed"),
    "chip_too_many": phrase("Too many readings of a card"),
}
_NAMES = DOSSIER_STATES | REFUSALS | WAY | FAILURES | TRIES


def name(key: str | int) -> str:
    """Return what a figure counts; one that has no words is named as it is."""
    text = LEVELS.get(key) if isinstance(key, int) else _NAMES.get(key)
    return gettext(text) if text else str(key)


def account_state(key: str) -> str:
    """Return what became of the accounts that a figure counts."""
    return gettext(ACCOUNT_STATES[key])


def province(code: str) -> str:
    """Return a province's name."""
    return _provinces().get(code) or (code or gettext("Not known"))


def number(count: Cell, smallest: int) -> str:
    """Return a figure grouped as the language does it, or that it is small."""
    if count is None:
        return gettext("fewer than %(smallest)s, or nobody", smallest=smallest)
    return str(format_decimal(count, locale=current()))


def share(ratio: float | None) -> str:
    """Return a share in percent with two digits, or a dash."""
    if ratio is None:
        return "–"
    return str(format_percent(ratio, format="#,##0.00 %", locale=current()))


def month(text: str) -> str:
    """Return a month as mm/yyyy."""
    return f"{text[5:]}/{text[:4]}"


def day(text: str) -> str:
    """Return a day as dd/mm/yyyy."""
    return presentation.date_text(date.fromisoformat(text))


@cache
def _provinces() -> dict[str, str]:
    communes = divisions.packaged().communes
    return {commune.province_code: commune.province for commune in communes}
