"""Organisations: one account without levels, and the people of it (D69 art. 12).

Its legal representative acts for it, and whoever they give a mandate; a plain member
is listed and may not. A person is invited by personal number and accepts as the holder
of that number: an invitation tells nobody whether the number has an account.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts.models import Account
from idp.accounts.organisation_models import Membership, Organisation
from idp.audit.events import AccountCreated
from idp.audit.log import AuditLog
from idp.audit.representation_events import OrganisationFiled
from idp.errors import IdpError, NotFoundError
from idp.storage.columns import claim
from keys.sealing import BlindIndex, Sealer

LEGAL_REPRESENTATIVE = "legal_representative"
AUTHORISED = "authorised_person"
MEMBER = "member"
ROLES = (LEGAL_REPRESENTATIVE, AUTHORISED, MEMBER)
MANDATED = (LEGAL_REPRESENTATIVE, AUTHORISED)
NO_LEVEL = 0

# Ten digits, or thirteen for a dependent unit (Circular 86/2024/TT-BTC art. 5).
_TAX_CODE = re.compile(r"(\d{10})(?:-?(\d{3}))?")


class InvalidTaxCodeError(IdpError):
    """The text is no tax code."""

    code = "DD-ORG-002"


class OrganisationTakenError(IdpError):
    """The organisation has an account already, or one is applied for."""

    code = "DD-ORG-003"


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What an organisation's account holds of it (Decree 69/2024 art. 12)."""

    name: str
    tax_code: str
    head_office: str
    founded_on: str


def parse_tax_code(text: str) -> str:
    """Return the digits of a tax code, a dependent unit's behind a hyphen."""
    found = _TAX_CODE.fullmatch(re.sub(r"[\s.]", "", text[:32]))
    if found is None:
        raise InvalidTaxCodeError("a tax code has ten or thirteen digits")
    return f"{found[1]}-{found[2]}" if found[2] else found[1]


def create(  # noqa: PLR0913 - the stores, then what is known
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    details: Details,
    *,
    filed_by: UUID,
    number: str,
    now: datetime,
) -> UUID:
    """Create the account that is applied for, with its legal representative.

    Of two applications for one tax code one comes to be; `number` is the personal
    number of the applicant.
    """
    _release_closed(session, sealer, details.tax_code)
    organisation_id = uuid4()
    sealed = seal_details(sealer, details, organisation_id)
    account = Account(
        id=organisation_id,
        level=NO_LEVEL,
        state="submitted",
        identity_sealed=sealed,
        email_verified=False,
        created_at=now,
        updated_at=now,
    )
    session.add(account)
    session.flush()
    try:
        with session.begin_nested():
            session.add(
                Organisation(
                    id=organisation_id,
                    tax_index=claim(
                        session,
                        Organisation.tax_index,
                        tax_index(sealer, details.tax_code),
                    ),
                    filed_by=filed_by,
                    filed_at=now,
                )
            )
    except sa.exc.IntegrityError as error:
        raise OrganisationTakenError("this tax code has an account") from error
    membership_id = uuid4()
    session.add(
        Membership(
            id=membership_id,
            organisation_id=organisation_id,
            account_id=filed_by,
            number_index=person_index(sealer, number),
            number_sealed=seal_number(sealer, number, membership_id),
            role=LEGAL_REPRESENTATIVE,
            valid_from=now,
            invited_at=now,
            accepted_at=now,
        )
    )
    created = AccountCreated(organisation_id, NO_LEVEL, "submitted")
    audit.record(session, created, now=now)
    audit.record(session, OrganisationFiled(organisation_id, filed_by), now=now)
    return organisation_id


def read_details(
    connection: Connection | Session, sealer: Sealer, organisation_id: UUID
) -> Details:
    """Return what is held of an organisation."""
    found = read_all(connection, sealer, (organisation_id,))
    if organisation_id not in found:
        raise NotFoundError("no such organisation")
    return found[organisation_id]


def read_all(
    connection: Connection | Session, sealer: Sealer, ids: Sequence[UUID]
) -> dict[UUID, Details]:
    """Return what is held of these organisations."""
    query = (
        sa.select(Account.id, Account.identity_sealed)
        .join(Organisation, Organisation.id == Account.id)
        .where(Account.id.in_(ids))
    )
    return {
        row.id: open_details(sealer, row.identity_sealed, row.id)
        for row in connection.execute(query)
    }


def find_by_tax_code(
    connection: Connection | Session, sealer: Sealer, tax_code: str
) -> UUID | None:
    """Return the organisation of a tax code."""
    query = sa.select(Organisation.id).where(
        Organisation.tax_index.in_(tax_index(sealer, tax_code).versions)
    )
    return connection.execute(query).scalar_one_or_none()


def seal_details(sealer: Sealer, details: Details, organisation_id: UUID) -> bytes:
    """Seal what is held of an organisation for its own row."""
    text = json.dumps(asdict(details), ensure_ascii=False, separators=(",", ":"))
    return sealer.seal(text.encode(), context=_context(organisation_id))


def open_details(sealer: Sealer, sealed: bytes, organisation_id: UUID) -> Details:
    """Open what `seal_details` sealed for this organisation."""
    values: dict[str, Any] = json.loads(
        sealer.open(sealed, context=_context(organisation_id))
    )
    return Details(**values)


def tax_index(sealer: Sealer, tax_code: str) -> BlindIndex:
    """Return the keyed blind index by which a tax code is looked up."""
    return sealer.index(tax_code, context="organisations.tax_code")


def person_index(sealer: Sealer, number: str) -> BlindIndex:
    """Return the blind index of a listed person's number, apart from accounts'."""
    return sealer.index(number, context="memberships.number")


def seal_number(sealer: Sealer, number: str, membership_id: UUID) -> bytes:
    """Seal a listed person's number for its row."""
    context = f"memberships.number:{membership_id}"
    return sealer.seal(number.encode(), context=context)


def _release_closed(session: Session, sealer: Sealer, tax_code: str) -> None:
    """Free the tax code of an application that was refused or withdrawn."""
    closed = sa.select(Account.id).where(
        Account.id == Organisation.id, Account.state == "closed"
    )
    session.execute(
        sa.update(Organisation)
        .where(
            Organisation.tax_index.in_(tax_index(sealer, tax_code).versions),
            closed.exists(),
        )
        .values(tax_index=None)
        .execution_options(synchronize_session=False)
    )


def _context(organisation_id: UUID) -> str:
    return f"organisations.details:{organisation_id}"
