"""What a decision does to accounts: granted, raised or released; who acts for whom."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from idp.accounts.contacts import (
    Contacts,
    PhoneTakenError,
    change_email,
    read_contacts,
)
from idp.accounts.identity import store_identity
from idp.accounts.lifecycle import (
    NewAccount,
    change_level,
    change_state,
    close_account,
    create_account,
)
from idp.accounts.representation import appoint, term_of, wards_of
from idp.accounts.standing import read_standing
from idp.audit.log import AuditLog
from idp.config import Config
from idp.credentials import register as credentials
from idp.enrolment.record import identity_of
from idp.factors import holds
from keys.sealing import Sealer


@dataclass(frozen=True, slots=True)
class Replaced:
    """Which contacts of an account were replaced, and what held before."""

    kinds: tuple[Literal["phone", "email"], ...]
    before: Contacts = field(repr=False)


class Services(Protocol):
    """The part of the running provider that accounts need."""

    @property
    def config(self) -> Config:
        """The settings."""

    @property
    def sealer(self) -> Sealer:
        """What seals identities."""

    @property
    def audit(self) -> AuditLog:
        """The audit log."""


def open_account(
    services: Services,
    session: Session,
    level: int,
    evidence: Mapping[str, Any],
    *,
    now: datetime,
) -> UUID:
    """Open the account that a dossier asks for, as its evidence names the person."""
    person = evidence["person"]
    wanted = NewAccount(
        number=person["number"],
        identity=identity_of(evidence),
        level=level,
        phone=person["phone"],
        email=person["email"],
    )
    return create_account(session, services.audit, services.sealer, wanted, now=now)


def grant_account(
    services: Services, session: Session, account_id: UUID, *, now: datetime
) -> None:
    """Grant a new account; its holder activates it from now on (D69 art. 14)."""
    if read_standing(session, account_id).state == "submitted":
        change_state(session, services.audit, account_id, "in_review", now=now)
    change_state(session, services.audit, account_id, "granted", now=now)


def raise_account(  # noqa: PLR0913 - the stores, then the decision
    services: Services,
    session: Session,
    account_id: UUID,
    level: int | None,
    evidence: Mapping[str, Any],
    *,
    now: datetime,
) -> Replaced | None:
    """Raise an account that is there; its subjects, consents and factors stay."""
    if level is None:
        return None
    change_level(session, services.audit, account_id, level, now=now)
    # What wallets hold says what was known before.
    credentials.revoke(session, services.audit, account_id, "proofed_anew", now=now)
    identity = identity_of(evidence)
    store_identity(session, services.sealer, account_id, identity, now=now)
    return _replace_contacts(services, session, account_id, evidence, now)


def _replace_contacts(
    services: Services,
    session: Session,
    account_id: UUID,
    evidence: Mapping[str, Any],
    now: datetime,
) -> Replaced | None:
    """Give a raised account the contacts that its holder gave with the dossier.

    Codes to the new phone are held back for a while, and the address is not proven.
    What the holder changed after the filing stays, as does a phone whose successor has
    become another account's.
    """
    before = read_contacts(session, services.sealer, account_id)
    stores = (session, services.audit, services.sealer, account_id)
    given: Mapping[str, Any] = evidence.get("contacts", {})
    kinds: list[Literal["phone", "email"]] = []
    phone, email = given.get("phone"), given.get("email")
    if phone and phone["before"] == before.phone:
        until = now + timedelta(seconds=services.config.lifetimes.held_factor)
        with suppress(PhoneTakenError):
            holds.change_phone(*stores, phone["after"], held_until=until, now=now)
            kinds.append("phone")
    if email and email["before"] == before.email:
        change_email(*stores, email["after"], is_proven=False, now=now)
        kinds.append("email")
    return Replaced(tuple(kinds), before) if kinds else None


def appoint_filer(  # noqa: PLR0913 - the stores, then the decision
    services: Services,
    session: Session,
    filed_by: UUID | None,
    account_id: UUID,
    evidence: Mapping[str, Any],
    *,
    now: datetime,
) -> None:
    """Let who filed for a child or ward act for them (D69 art. 10, 14.2)."""
    relation = evidence.get("relation")
    if filed_by is None or relation is None:
        return
    if account_id in {one.account_id for one in wards_of(session, filed_by, now=now)}:
        return
    birth_date = identity_of(evidence).birth_date
    appoint(
        session,
        services.audit,
        representative_id=filed_by,
        ward_id=account_id,
        relation=relation,
        term=term_of(relation, birth_date, services.config.representation),
        now=now,
    )


def release_account(
    services: Services, session: Session, account_id: UUID | None, *, now: datetime
) -> None:
    """Close an account that was never granted; one that was to be raised stays."""
    if account_id is None:
        return
    if read_standing(session, account_id).state in ("submitted", "in_review"):
        close_account(session, services.audit, account_id, now=now)
