"""Phone and e-mail of an account: sealed, masked for reading, in one form.

A phone is kept as E.164 (`+84…`) and belongs to one account only.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts.models import Account
from idp.audit.events import ContactChanged
from idp.audit.log import AuditLog
from idp.errors import IdpError, NotFoundError
from idp.storage.columns import claim
from keys.sealing import BlindIndex, Sealer

_GROUPING = re.compile(r"[\s().\u2010-\u2015\u200b-\u200f-]")
# Ten digits with a leading 0, then 3, 5, 7, 8 or 9 since the renumbering of 2018.
_MOBILE = re.compile(r"(?:\+?84|0)([35789][0-9]{8})")
_EMAIL = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,190}\.[^\s@<>\".]{2,63}")


class InvalidContactError(IdpError):
    """The text is no Vietnamese mobile number or no e-mail address."""

    code = "DD-ACC-003"


class PhoneTakenError(IdpError):
    """The phone belongs to another account; one number, one account."""

    code = "DD-ACC-004"


@dataclass(frozen=True, slots=True)
class Contacts:
    """How an account's holder can be reached; which account it is, if there is one."""

    phone: str | None
    email: str | None
    email_verified: bool
    account_id: UUID | None = None
    email_usable_from: datetime | None = None

    def usable_email(self, now: datetime) -> str:
        """Return the address whose reader proves something now, or nothing."""
        is_held = self.email_usable_from is not None and now < self.email_usable_from
        return "" if is_held or not self.email_verified else self.email or ""


def parse_phone(text: str) -> str:
    """Return a mobile number as E.164, written with 0, 84 or +84 in any grouping."""
    folded = _GROUPING.sub("", unicodedata.normalize("NFKC", text[:64]))
    match = _MOBILE.fullmatch(folded)
    if match is None:
        raise InvalidContactError("no Vietnamese mobile number")
    return f"+84{match[1]}"


def parse_email(text: str) -> str:
    """Return a plausible e-mail address; only a message to it proves more."""
    email = unicodedata.normalize("NFC", text.strip())
    if not _EMAIL.fullmatch(email):
        raise InvalidContactError("no e-mail address")
    return email


def mask_phone(phone: str) -> str:
    """Show no more than the last three digits, never broken over two lines."""
    return f"•••\N{NO-BREAK SPACE}•••\N{NO-BREAK SPACE}•{phone[-3:]}"


def mask_email(email: str) -> str:
    """Show the first letter and the domain."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def phone_index(sealer: Sealer, phone: str) -> BlindIndex:
    """Return the keyed blind index that keeps one phone to one account."""
    return sealer.index(phone, context="accounts.phone")


def seal_phone(sealer: Sealer, phone: str, account_id: UUID) -> bytes:
    """Seal a phone for this account's row."""
    return sealer.seal(phone.encode(), context=f"accounts.phone:{account_id}")


def seal_email(sealer: Sealer, email: str, account_id: UUID) -> bytes:
    """Seal an e-mail address for this account's row."""
    return sealer.seal(email.encode(), context=f"accounts.email:{account_id}")


def open_phone(sealer: Sealer, sealed: bytes | None, account_id: UUID) -> str | None:
    """Open what `seal_phone` sealed for this account."""
    if sealed is None:
        return None
    return sealer.open(sealed, context=f"accounts.phone:{account_id}").decode()


def open_email(sealer: Sealer, sealed: bytes | None, account_id: UUID) -> str | None:
    """Open what `seal_email` sealed for this account."""
    if sealed is None:
        return None
    return sealer.open(sealed, context=f"accounts.email:{account_id}").decode()


def read_contacts(
    connection: Connection | Session, sealer: Sealer, account_id: UUID
) -> Contacts:
    """Return the account's phone and e-mail."""
    found = find_contacts(connection, sealer, account_id)
    if found is None:
        raise NotFoundError("no such account")
    return found


def find_contacts(
    connection: Connection | Session, sealer: Sealer, account_id: UUID
) -> Contacts | None:
    """Return the account's phone and e-mail, or None if there is no such account."""
    query = sa.select(
        Account.phone_sealed,
        Account.email_sealed,
        Account.email_verified,
        Account.email_usable_from,
    ).where(Account.id == account_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return Contacts(
        phone=open_phone(sealer, row.phone_sealed, account_id),
        email=open_email(sealer, row.email_sealed, account_id),
        email_verified=row.email_verified,
        account_id=account_id,
        email_usable_from=row.email_usable_from,
    )


def change_phone(  # noqa: PLR0913 - the stores, then the change
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    account_id: UUID,
    phone: str,
    *,
    now: datetime,
) -> str | None:
    """Replace the account's phone and return the former one.

    Factors are the caller's affair: `factors.holds.change_phone` holds codes back.
    """
    former = read_contacts(session, sealer, account_id).phone
    try:
        with session.begin_nested():
            session.execute(
                sa.update(Account)
                .where(Account.id == account_id)
                .values(
                    phone_sealed=seal_phone(sealer, phone, account_id),
                    phone_index=claim(
                        session,
                        Account.phone_index,
                        phone_index(sealer, phone),
                        Account.id != account_id,
                    ),
                    updated_at=now,
                )
            )
    except sa.exc.IntegrityError as error:
        raise PhoneTakenError from error
    audit.record(session, ContactChanged(account_id, "phone"), now=now)
    return former


def change_email(  # noqa: PLR0913 - the stores, then the change
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    account_id: UUID,
    email: str,
    *,
    is_proven: bool = True,
    held_until: datetime | None = None,
    now: datetime,
) -> str | None:
    """Replace the account's e-mail address and return the former.

    Codes to it open nothing before `held_until`.
    """
    former = read_contacts(session, sealer, account_id).email
    session.execute(
        sa.update(Account)
        .where(Account.id == account_id)
        .values(
            email_sealed=seal_email(sealer, email, account_id),
            email_verified=is_proven,
            email_usable_from=held_until,
            updated_at=now,
        )
    )
    audit.record(session, ContactChanged(account_id, "email"), now=now)
    return former
