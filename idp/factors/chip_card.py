"""A card as it was read and believed, and as an account keeps it.

What is kept is what the card is known again by: the key that opens it, digests, and
dates. No portrait, no file of the card and no log of what it was asked.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from idp.accounts.identifiers import birth_year
from keys.sealing import BlindIndex, Sealer

NO_EXPIRY = "991231"  # in the machine-readable zone of a card that never expires
_RENEWAL_AGES = (25, 40, 60)  # Law on Identification 26/2023 art. 21
_DOCUMENT_DIGITS = 9  # of the twelve of a personal number (TD1, Vietnam's profile)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCard:
    """What a believed card says: who holds it, until when, and by which keys it speaks.

    Dates are ISO; `access` opens the chip (ICAO 9303-11 §4.3); `trail` is the evidence
    that the audit log keeps sealed.
    """

    number: str | None
    birth_date: str
    issued_on: str | None
    expires_on: str | None
    document_number: str
    key_digest: str
    sod_digest: str
    access: Mapping[str, str]
    checks: tuple[str, ...] = ()
    trail: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {**asdict(self), "checks": list(self.checks)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the card that `to_json` described."""
        return cls(**{**value, "checks": tuple(value["checks"])})


def access_key(
    *, number: str, birth_date: str, expires_on: str | None
) -> dict[str, str]:
    """Return the key of a citizen's card from what is printed on it.

    It is no secret: whoever knows number, birthday and term can compute it as well.
    """
    return {
        "document_number": printed_number(number),
        "birth_date": _six(birth_date),
        "expiry_date": _six(expires_on) if expires_on else NO_EXPIRY,
    }


def printed_number(number: str) -> str:
    """Return the document number of a Vietnamese card: the end of the person's own."""
    return number[-_DOCUMENT_DIGITS:]


def decoy_key(sealer: Sealer, number: str, *, now: datetime) -> dict[str, str]:
    """Return a key that opens no card of this number, the same each time.

    It is as likely as the real one would be: a program that plays the card can try out
    which key it is asked with, and must not learn from it that there is an account.
    """
    noise = sealer.index(number, context="chip.decoy").first
    born = birth_year(number)
    # Any day of a common year: a day that no decoy ever had would tell of an account.
    anywhere = int.from_bytes(noise[:4]) % 365
    day = (date(2001, 1, 1) + timedelta(days=anywhere)).strftime("%m-%d")
    ends = next((born + age for age in _RENEWAL_AGES if born + age > now.year), None)
    return access_key(
        number=number,
        birth_date=f"{born}-{day}",
        expires_on=f"{ends}-{day}" if ends else None,
    )


def document_index(sealer: Sealer, *, number: str | None, document: str) -> BlindIndex:
    """Return the blind index of a card's document number.

    A Vietnamese one is the end of the personal number, which two people may share, and
    a later card of the same person has it again: so the whole number is part of it.
    """
    text = f"{number or ''}:{document}"
    return sealer.index(text, context="chip_cards.document_number")


def seal(sealer: Sealer, card: ReadCard, credential_id: UUID) -> bytes:
    """Seal what the account keeps of its card."""
    kept = {
        "access": dict(card.access),
        "issued_on": card.issued_on,
        "sod_digest": card.sod_digest,
    }
    return sealer.seal(json.dumps(kept).encode(), context=_context(credential_id))


def unseal(sealer: Sealer, sealed: bytes, credential_id: UUID) -> dict[str, Any]:
    """Return what `seal` kept: `access`, `issued_on` and `sod_digest`."""
    kept: dict[str, Any] = json.loads(
        sealer.open(sealed, context=_context(credential_id))
    )
    return kept


def _six(date: str) -> str:
    """Return a date as the machine-readable zone has it; a year alone is filled."""
    return (date[2:4] + date[5:7] + date[8:10]).ljust(6, "<")


def _context(credential_id: UUID) -> str:
    return f"credentials.secret:{credential_id}"
