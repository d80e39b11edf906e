"""Nobody acts on their own case, nor on one of whom they act for or who acts for them.

Law 36/2018 on preventing corruption art. 23 (conflicts of interest). Compared are keyed
indexes of personal numbers, never names: many people share a name, and it changes.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts import identifiers, representation
from idp.accounts.models import PersonalNumber
from idp.staff.errors import OwnCaseError
from idp.staff.models import StaffAccount
from idp.staff.officer import Officer
from keys.sealing import Sealer


def accounts(
    connection: Connection | Session, officer: Officer, *, now: datetime
) -> frozenset[UUID]:
    """Return the accounts that are an officer's own affair, by any number."""
    query = sa.select(PersonalNumber.account_id).where(
        PersonalNumber.number_index.in_(officer.number_index.versions)
    )
    own = connection.execute(query).scalar_one_or_none()
    if own is None:
        return frozenset()
    wards = representation.wards_of(connection, own, now=now)
    guardians = representation.representatives_of(connection, own, now=now)
    return frozenset(
        {
            own,
            *(one.account_id for one in wards),
            *(one.representative_id for one in guardians),
        }
    )


def is_officer(connection: Connection | Session, sealer: Sealer, number: str) -> bool:
    """Say whether a person is an officer already, by any number of their account."""
    account_id = identifiers.find_account_id(connection, sealer, number)
    if account_id is None:
        return False
    indexes = [
        version
        for one in identifiers.numbers_of(connection, sealer, account_id)
        for version in identifiers.number_index(sealer, one).versions
    ]
    query = sa.select(StaffAccount.id).where(
        StaffAccount.number_index.in_(indexes), StaffAccount.state != "disabled"
    )
    return connection.execute(query.limit(1)).first() is not None


def refuse(
    connection: Connection | Session,
    sealer: Sealer,
    officer: Officer,
    *concerned: UUID | None,
    numbers: Collection[str] = (),
    now: datetime,
) -> None:
    """Raise `OwnCaseError` if one of those concerned is the officer's own affair."""
    own = accounts(connection, officer, now=now)
    if own.intersection(concerned) or officer.holds(sealer, numbers):
        raise OwnCaseError("nobody acts on their own case")
