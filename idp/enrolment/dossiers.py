"""Dossiers from the filing to the decision, each step once and with its event.

A dossier and its account come to be in one transaction, so that of two for one person
or one phone exactly one wins. What is refused releases number and phone again. All of
it happens in the caller's transaction; whoever decides calls `outcome.tell` after it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Session

from idp.accounts.calendar import Calendar
from idp.accounts.contacts import PhoneTakenError
from idp.accounts.identifiers import NumberTakenError
from idp.accounts.lifecycle import (
    LifecycleError,
    NewAccount,
    change_state,
    create_account,
)
from idp.accounts.standing import read_standing
from idp.audit.enrolment_events import (
    DossierFiled,
    DossierGranted,
    DossierRefused,
    DossierTaken,
    DossierWithdrawn,
)
from idp.audit.log import AuditLog
from idp.config import Config
from idp.enrolment import effects
from idp.enrolment.deadlines import due
from idp.enrolment.dossier_states import OPEN, DossierError, decide, move
from idp.enrolment.effects import Replaced
from idp.enrolment.kinds import CHANNELS, UnknownKindError, kind_of
from idp.enrolment.models import Dossier
from idp.enrolment.receipts import new_receipt
from idp.enrolment.record import (
    Filed,
    NewDossier,
    build_row,
    external_index,
    open_evidence,
)
from idp.storage.columns import claim
from keys.sealing import Sealer

BY_RULE = "system"
REFUSALS = (
    "registry_mismatch",
    "phone_not_own",
    "face_mismatch",
    "document_invalid",
    "not_eligible",
    "other",
)


class Services(Protocol):
    """The part of the running provider that dossiers need."""

    @property
    def config(self) -> Config:
        """The settings."""

    @property
    def sealer(self) -> Sealer:
        """What seals evidence."""

    @property
    def audit(self) -> AuditLog:
        """The audit log."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a dossier, once and for all.

    `replaced` are the contacts of a raised account that gave way to new ones.
    """

    dossier_id: UUID
    account_id: UUID | None
    kind: str
    state: Literal["granted", "refused", "withdrawn"]
    replaced: Replaced | None = None


def file(
    services: Services, session: Session, new: NewDossier, *, now: datetime
) -> Filed:
    """Take a dossier, with the account that it asks for.

    Raises `NumberTakenError` or `PhoneTakenError` when another account has either, and
    `DossierError` when an account that is to be raised has an open dossier.
    """
    level = kind_of(new.kind).level
    if new.channel not in CHANNELS:
        raise UnknownKindError("no such channel")
    dossier_id, account_id = uuid4(), _account(services, session, new, level, now)
    calendar = Calendar.of(services.config.enrolment)
    filed = Filed(
        dossier_id,
        account_id,
        new_receipt(),
        due(new.kind, now, calendar, services.config.enrolment),
    )
    try:
        with session.begin_nested():
            row = build_row(services.sealer, new, filed, now)
            index = external_index(services.sealer, new.external_id)
            if index is not None:
                row.external_id_index = claim(session, Dossier.external_id_index, index)
            session.add(row)
    except sa.exc.IntegrityError as error:
        raise DossierError("an open dossier is there, or this one is") from error
    event = DossierFiled(
        account_id,
        dossier_id,
        new.kind,
        new.channel,
        consent_version=new.consent_version,
        filed_by=new.filed_by,
        officer_id=new.officer_id,
        unit_id=new.unit_id,
    )
    services.audit.record(session, event, now=now)
    return filed


def begin_review(
    services: Services,
    session: Session,
    dossier_id: UUID,
    *,
    officer_id: UUID,
    now: datetime,
) -> None:
    """Let an officer take a dossier up; of two officers one gets it."""
    row = move(
        session, dossier_id, ("submitted",), state="in_review", reviewer_id=officer_id
    )
    account_id: UUID | None = row.account_id
    if account_id and read_standing(session, account_id).state == "submitted":
        change_state(session, services.audit, row.account_id, "in_review", now=now)
    event = DossierTaken(row.account_id, dossier_id, officer_id)
    services.audit.record(session, event, now=now)


def grant(
    services: Services, session: Session, dossier_id: UUID, *, by: str, now: datetime
) -> Decided:
    """Grant a dossier: its account is granted, or raised and kept as it is.

    An account that is raised keeps its subjects and consents (D69 art. 11), and gets
    the phone and the e-mail address that were given with the dossier.
    """
    replaced = None
    row = decide(services.sealer, session, dossier_id, "granted", by, now)
    evidence = open_evidence(services.sealer, row.evidence_sealed, dossier_id)
    account_id: UUID | None = row.account_id
    if account_id is None:
        account_id = _open(services, session, dossier_id, row.kind, evidence, now)
    if account_id is not None:
        standing = read_standing(session, account_id)
        if standing.state in OPEN:
            effects.grant_account(services, session, account_id, now=now)
        elif standing.state == "closed" or standing.locks:
            raise DossierError("a closed or locked account is not raised")
        else:
            level = kind_of(row.kind).level
            replaced = effects.raise_account(
                services, session, account_id, level, evidence, now=now
            )
        effects.appoint_filer(
            services, session, row.filed_by, account_id, evidence, now=now
        )
    event = DossierGranted(account_id, dossier_id, row.kind, by)
    services.audit.record(session, event, now=now)
    return Decided(dossier_id, account_id, row.kind, "granted", replaced)


def refuse(  # noqa: PLR0913 - the stores, then the decision
    services: Services,
    session: Session,
    dossier_id: UUID,
    *,
    reason: str,
    by: str,
    now: datetime,
) -> Decided:
    """Refuse a dossier; an account that it made is closed, number and phone free."""
    if reason not in REFUSALS:
        raise DossierError("no such reason")
    row = decide(
        services.sealer, session, dossier_id, "refused", by, now, refusal=reason
    )
    effects.release_account(services, session, row.account_id, now=now)
    event = DossierRefused(row.account_id, dossier_id, row.kind, by, reason)
    services.audit.record(session, event, now=now)
    return Decided(dossier_id, row.account_id, row.kind, "refused")


def withdraw(
    services: Services, session: Session, dossier_id: UUID, *, by: str, now: datetime
) -> Decided:
    """Take an open dossier back, as whoever filed it may (Law 91/2025: consent)."""
    row = decide(services.sealer, session, dossier_id, "withdrawn", by, now)
    effects.release_account(services, session, row.account_id, now=now)
    event = DossierWithdrawn(row.account_id, dossier_id, row.kind, by)
    services.audit.record(session, event, now=now)
    return Decided(dossier_id, row.account_id, row.kind, "withdrawn")


def _account(
    services: Services,
    session: Session,
    new: NewDossier,
    level: int | None,
    now: datetime,
) -> UUID | None:
    if level is None or not new.is_proven:
        return new.account_id  # an organisation's own, or none before the grant
    if new.account_id is not None:
        standing = read_standing(session, new.account_id)
        if standing.state not in ("granted", "active") or standing.level >= level:
            raise LifecycleError("only a granted account of a lower level is raised")
        return new.account_id
    wanted = NewAccount(
        number=new.number,
        identity=new.identity,
        level=level,
        phone=new.phone,
        email=new.email,
    )
    return create_account(session, services.audit, services.sealer, wanted, now=now)


def _open(  # noqa: PLR0913, PLR0917 - the stores, then whose dossier
    services: Services,
    session: Session,
    dossier_id: UUID,
    kind: str,
    evidence: dict[str, Any],
    now: datetime,
) -> UUID | None:
    """Open the account of an applicant whom nothing proved before this grant."""
    level = kind_of(kind).level
    if level is None:
        return None
    if evidence.get("mismatches"):
        raise DossierError("something speaks against this applicant")
    try:
        account_id = effects.open_account(services, session, level, evidence, now=now)
    except (NumberTakenError, PhoneTakenError) as error:
        raise DossierError("number or phone has an account by now") from error
    session.execute(
        sa.update(Dossier).where(Dossier.id == dossier_id).values(account_id=account_id)
    )
    return account_id
