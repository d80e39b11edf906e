"""The chip-ID card as a factor: enrolled with its keys, proven by them, taken back.

A card proves possession of one thing and nothing more. What is wrong with a card is
told apart in the log; to the outside every refusal is DD-CHIP-001.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts import identifiers, identity
from idp.accounts.models import Account
from idp.audit.factor_events import ChipVerified, CredentialEnrolled, CredentialUsed
from idp.audit.log import AuditLog
from idp.errors import IdpError
from idp.factors import chip_lost, enrolled
from idp.factors.chip_card import ReadCard, document_index, seal, unseal
from idp.factors.models import ChipCard, Credential
from idp.factors.results import VerifiedFactor
from keys.sealing import Sealer

KIND = "chip"


class ChipRefusedError(IdpError):
    """The card proves nothing here; the `reason` is a slug for the log alone."""

    code = "DD-CHIP-001"

    def __init__(self, reason: str) -> None:
        super().__init__("the card is not accepted", detail=reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class EnrolledCard:
    """The card that an account has enrolled."""

    id: UUID
    access: dict[str, str]
    created_at: datetime
    last_used_at: datetime | None
    usable_from: datetime | None
    expires_on: str | None


def enrol(  # noqa: PLR0913 - the stores, then the card
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    account_id: UUID,
    card: ReadCard,
    *,
    now: datetime,
    usable_from: datetime | None = None,
) -> UUID:
    """Enrol the account holder's card; an earlier card of theirs is retired.

    The same card again only renews what is kept of it. Raises `ChipRefusedError`.
    """
    # Writing the account first makes parallel enrolments wait in line: one stays.
    session.execute(
        sa.update(Account).where(Account.id == account_id).values(updated_at=now)
    )
    _check(session, sealer, account_id, card)
    known = _of_keys(session, account_id, card)
    live = next((row for row in known if row.retired_at is None), None)
    credential_id = uuid4() if live is None else live.id
    if live is None:
        for former in list_cards(session, sealer, account_id):
            enrolled.retire(session, audit, account_id, former.id, now=now)
        _add(session, sealer, account_id, credential_id, card, now, usable_from)
        event = CredentialEnrolled(account_id, credential_id, KIND)
        audit.record(session, event, now=now)
    else:
        session.execute(
            sa.update(Credential)
            .where(Credential.id == credential_id)
            .values(secret_sealed=seal(sealer, card, credential_id))
        )
    audit.record(session, _verified(account_id, card, "enrol"), now=now)
    return credential_id


def verify(  # noqa: PLR0913 - the stores, then the proof
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    account_id: UUID,
    card: ReadCard,
    *,
    now: datetime,
    purpose: str = "sign_in",
) -> VerifiedFactor:
    """Accept the account's own enrolled card; raises `ChipRefusedError`."""
    _check(session, sealer, account_id, card)
    row = _usable(session, sealer, account_id, card, now)
    session.execute(
        sa.update(Credential).where(Credential.id == row.id).values(last_used_at=now)
    )
    audit.record(session, CredentialUsed(account_id, row.id, KIND), now=now)
    audit.record(session, _verified(account_id, card, purpose), now=now)
    return VerifiedFactor("chip", now, row.id)


def list_cards(
    connection: Connection | Session, sealer: Sealer, account_id: UUID
) -> list[EnrolledCard]:
    """Return the account's card; more than one only for a moment, the latest first."""
    query = (
        sa.select(
            Credential.id,
            Credential.secret_sealed,
            Credential.created_at,
            Credential.last_used_at,
            Credential.usable_from,
            ChipCard.expires_on,
        )
        .join(ChipCard, ChipCard.credential_id == Credential.id)
        .where(Credential.account_id == account_id, Credential.retired_at.is_(None))
        .order_by(Credential.created_at.desc())
    )
    return [
        EnrolledCard(
            row.id,
            unseal(sealer, row.secret_sealed, row.id)["access"],
            row.created_at,
            row.last_used_at,
            row.usable_from,
            row.expires_on,
        )
        for row in connection.execute(query)
    ]


def report_lost(  # noqa: PLR0913 - the stores, then the card
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    account_id: UUID,
    credential_id: UUID,
    *,
    now: datetime,
) -> None:
    """Take the holder's card out of use, here and wherever else it is shown to us."""
    query = sa.select(ChipCard.document_index).where(
        ChipCard.credential_id == credential_id
    )
    index = session.execute(query).scalar_one_or_none()
    enrolled.retire(session, audit, account_id, credential_id, now=now)
    if index is not None:
        chip_lost.add(
            session,
            audit,
            sealer.lift(index),
            ground="holder",
            account_id=account_id,
            now=now,
        )


def _check(session: Session, sealer: Sealer, account_id: UUID, card: ReadCard) -> None:
    """Refuse a lost card, and one of somebody else."""
    index = document_index(sealer, number=card.number, document=card.document_number)
    if chip_lost.is_lost(session, index, issued_on=card.issued_on):
        raise ChipRefusedError("lost")
    number = identifiers.current_number(session, sealer, account_id)
    held = identity.read_identity(session, sealer, account_id)
    if card.number != number or not _same_birth(held.birth_date, card.birth_date):
        raise ChipRefusedError("not_this_account")


def _same_birth(held: str, read: str) -> bool:
    # Births of which only the year is known exist, in registers and on cards.
    shorter = min(len(held), len(read))
    return shorter >= 4 and held[:shorter] == read[:shorter]


def _usable(
    session: Session, sealer: Sealer, account_id: UUID, card: ReadCard, now: datetime
) -> Any:
    known = _of_keys(session, account_id, card)
    live = next((row for row in known if row.retired_at is None), None)
    if live is None:
        others = list_cards(session, sealer, account_id)
        if known:
            raise ChipRefusedError("replaced" if others else "removed")
        raise ChipRefusedError("new_card" if others else "unknown_card")
    if live.usable_from is not None and live.usable_from > now:
        raise ChipRefusedError("held_back")
    return live


def _of_keys(session: Session, account_id: UUID, card: ReadCard) -> list[Any]:
    query = (
        sa.select(Credential.id, Credential.retired_at, Credential.usable_from)
        .join(ChipCard, ChipCard.credential_id == Credential.id)
        .where(
            Credential.account_id == account_id,
            ChipCard.key_digest == bytes.fromhex(card.key_digest),
        )
    )
    return list(session.execute(query))


def _add(  # noqa: PLR0913, PLR0917 - one row of two tables
    session: Session,
    sealer: Sealer,
    account_id: UUID,
    credential_id: UUID,
    card: ReadCard,
    now: datetime,
    usable_from: datetime | None,
) -> None:
    session.add(
        Credential(
            id=credential_id,
            account_id=account_id,
            kind=KIND,
            label="",
            secret_sealed=seal(sealer, card, credential_id),
            created_at=now,
            usable_from=usable_from,
        )
    )
    session.flush()
    session.add(
        ChipCard(
            credential_id=credential_id,
            key_digest=bytes.fromhex(card.key_digest),
            document_index=document_index(
                sealer, number=card.number, document=card.document_number
            ),
            expires_on=card.expires_on,
        )
    )


def _verified(account_id: UUID, card: ReadCard, purpose: str) -> ChipVerified:
    return ChipVerified(account_id, purpose, card.checks, personal=dict(card.trail))
