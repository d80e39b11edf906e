"""The personal number with its alias history, and the pairwise subjects.

A former number goes on naming its account: for whoever signs in, for staff and for
registries' events. None ever names a second account, whether it is still valid or not.
The number is neither a key nor a `sub`: it can change (Decree 69/2024 art. 15).
"""

import re
import secrets
import unicodedata
from collections.abc import Collection
from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp import clock
from idp.accounts.models import PairwiseSubject, PersonalNumber
from idp.audit.events import NumberReplaced
from idp.audit.log import AuditLog
from idp.errors import IdpError, NotFoundError
from idp.storage.columns import claim
from keys.sealing import BlindIndex, Sealer

# Circular 07/2016/TT-BCA, annex 1: the 63 provinces of birth registration. Numbers
# keep these codes after the merger of 2025, whose own codes are among them.
# fmt: off
PROVINCE_CODES = frozenset(f"{code:03}" for code in (
    1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25,
    26, 27, 30, 31, 33, 34, 35, 36, 37, 38, 40, 42, 44, 45, 46, 48,
    49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74, 75,
    77, 79, 80, 82, 83, 84, 86, 87, 89, 91, 92, 93, 94, 95, 96,
))
# fmt: on
# Annex 2: countries of birth registration count upward from 101; new states are added
# at the end, so the bound leaves room.
COUNTRY_CODES = frozenset(str(code) for code in range(101, 400))
SANDBOX_PREFIX = "999"

_MAX_TEXT = 64
_GROUPING = re.compile(r"[\s.,_/\u00b7\u2010-\u2015\u2212\u200b-\u200f\ufeff-]")
_TWELVE_DIGITS = re.compile(r"[0-9]{12}")


class InvalidPersonalNumberError(IdpError):
    """The text is no personal number that was ever issued."""

    code = "DD-ACC-001"


class NumberTakenError(IdpError):
    """The personal number names an account already, or once named one."""

    code = "DD-ACC-002"


def parse_personal_number(
    text: str, *, sandbox: bool, now: datetime | None = None
) -> str:
    """Return the twelve digits of a personal number written in any grouping.

    Twelve digits are three of the place of birth registration as it was then coded,
    one of century and sex, two of the birth year, six at random; there is no check
    digit (Decree 137/2015 art. 13). Full-width digits are read as digits.
    """
    folded = unicodedata.normalize("NFKC", text[:_MAX_TEXT])
    number = _GROUPING.sub("", folded)
    if len(text) > _MAX_TEXT or not _TWELVE_DIGITS.fullmatch(number):
        raise InvalidPersonalNumberError("a personal number has twelve digits")
    place = number[:3]
    if place == SANDBOX_PREFIX:
        if not sandbox:
            raise InvalidPersonalNumberError("a sandbox number outside the sandbox")
    elif place not in PROVINCE_CODES and place not in COUNTRY_CODES:
        raise InvalidPersonalNumberError("no place has these first three digits")
    if birth_year(number) > (now or clock.now()).year:
        raise InvalidPersonalNumberError("the birth year lies in the future")
    return number


def birth_year(number: str) -> int:
    """Return the year of birth: 20th century 0 and 1, 21st 2 and 3, and so on."""
    return 1900 + 100 * (int(number[3]) // 2) + int(number[4:6])


def mask_number(number: str) -> str:
    """Show no more than the last three digits."""
    return f"••• ••• ••• {number[-3:]}"


def number_index(sealer: Sealer, number: str) -> BlindIndex:
    """Return the keyed blind index by which a number is looked up."""
    return sealer.index(number, context="personal_numbers.number")


def seal_number(sealer: Sealer, number: str, row_id: UUID) -> bytes:
    """Seal a number for this row of the alias history."""
    return sealer.seal(number.encode(), context=_context(row_id))


def find_account_id(
    connection: Connection | Session, sealer: Sealer, number: str
) -> UUID | None:
    """Return the account that `number` names, or named before it was replaced."""
    query = sa.select(PersonalNumber.account_id).where(
        PersonalNumber.number_index.in_(number_index(sealer, number).versions)
    )
    return connection.execute(query).scalar_one_or_none()


def find_account_of(
    connection: Connection | Session, sealer: Sealer, numbers: Collection[str]
) -> UUID | None:
    """Return the account that any of a person's numbers names, or ever named.

    A number is established anew before we hear of it: the person has one account.
    """
    indexes = [
        version
        for number in numbers
        for version in number_index(sealer, number).versions
    ]
    query = sa.select(PersonalNumber.account_id).where(
        PersonalNumber.number_index.in_(indexes)
    )
    return connection.execute(query.limit(1)).scalar_one_or_none()


def current_number(
    connection: Connection | Session, sealer: Sealer, account_id: UUID
) -> str:
    """Return the account's valid personal number."""
    query = sa.select(PersonalNumber.id, PersonalNumber.number_sealed).where(
        PersonalNumber.account_id == account_id, PersonalNumber.valid_until.is_(None)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError("no such account")
    return sealer.open(row.number_sealed, context=_context(row.id)).decode()


def numbers_of(
    connection: Connection | Session, sealer: Sealer, account_id: UUID
) -> tuple[str, ...]:
    """Return the account's number, then those that it had before, the last first."""
    query = (
        sa.select(PersonalNumber.id, PersonalNumber.number_sealed)
        .where(PersonalNumber.account_id == account_id)
        .order_by(
            PersonalNumber.valid_until.is_not(None), PersonalNumber.valid_from.desc()
        )
    )
    return tuple(
        sealer.open(row.number_sealed, context=_context(row.id)).decode()
        for row in connection.execute(query)
    )


def assign_number(
    session: Session, sealer: Sealer, account_id: UUID, number: str, *, now: datetime
) -> None:
    """Give the account its number; of two accounts that want it, one gets it."""
    row_id = uuid4()
    try:
        with session.begin_nested():
            session.add(
                PersonalNumber(
                    id=row_id,
                    account_id=account_id,
                    number_sealed=seal_number(sealer, number, row_id),
                    number_index=claim(
                        session,
                        PersonalNumber.number_index,
                        number_index(sealer, number),
                    ),
                    valid_from=now,
                )
            )
    except sa.exc.IntegrityError as error:
        raise NumberTakenError from error


def replace_number(  # noqa: PLR0913 - the stores, then the change
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    account_id: UUID,
    number: str,
    *,
    now: datetime,
    by: str | None = None,
) -> None:
    """End the current number, which stays as an alias, and assign the new one."""
    ended = session.execute(
        sa.update(PersonalNumber)
        .where(
            PersonalNumber.account_id == account_id,
            PersonalNumber.valid_until.is_(None),
        )
        .values(valid_until=now)
        .returning(PersonalNumber.id)
    ).all()
    if not ended:
        raise NotFoundError("no such account")
    assign_number(session, sealer, account_id, number, now=now)
    audit.record(session, NumberReplaced(account_id, by), now=now)


def find_subject(
    connection: Connection | Session, account_id: UUID, sector: str
) -> str | None:
    """Return the account's `sub` in a sector, if any portal there ever got one."""
    known = sa.select(PairwiseSubject.subject).where(
        PairwiseSubject.account_id == account_id, PairwiseSubject.sector == sector
    )
    return connection.execute(known).scalar_one_or_none()


def find_by_subject(
    connection: Connection | Session, subject: str, sector: str
) -> UUID | None:
    """Return whose `sub` this is in a sector."""
    whose = sa.select(PairwiseSubject.account_id).where(
        PairwiseSubject.subject == subject, PairwiseSubject.sector == sector
    )
    return connection.execute(whose).scalar_one_or_none()


def subject_for(session: Session, account_id: UUID, sector: str) -> str:
    """Return the account's random `sub` in a sector, made with the first consent.

    OIDC Core §8.1. Parallel first calls agree on one subject.
    """
    subject = find_subject(session, account_id, sector)
    if subject is not None:
        return subject
    values = {
        "account_id": account_id,
        "sector": sector,
        "subject": secrets.token_urlsafe(24),
    }
    # The statement is the same in both dialects; SQLAlchemy has no common one.
    if session.get_bind().dialect.name == "sqlite":
        session.execute(
            sqlite.insert(PairwiseSubject).values(values).on_conflict_do_nothing()
        )
    else:
        session.execute(
            postgresql.insert(PairwiseSubject).values(values).on_conflict_do_nothing()
        )
    return str(find_subject(session, account_id, sector))


def _context(row_id: UUID) -> str:
    return f"personal_numbers.number:{row_id}"
