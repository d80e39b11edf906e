"""Level 1 online: from a finished draft to a dossier, in one transaction.

Consent is given in words and recorded with the version of its text (Law 91/2025:
silence is none); the face is compared with the registry's portrait. A draft becomes
one dossier however often its last form is sent.
"""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from idp.accounts.contacts import PhoneTakenError
from idp.accounts.identifiers import NumberTakenError
from idp.audit.log import AuditLog
from idp.config import Config
from idp.enrolment import dossiers, matching, queue
from idp.enrolment.dossiers import Decided, DossierError
from idp.enrolment.draft import Applicant, Draft, DraftError
from idp.enrolment.matching import Match
from idp.enrolment.record import NewDossier, external_index
from idp.factors.face import Likeness
from idp.storage.database import Database
from keys.sealing import Sealer


class NotConsentedError(DraftError):
    """Nobody applies without having agreed to it."""

    code = "DD-ENR-004"


class Services(Protocol):
    """The part of the running provider that takes an application."""

    @property
    def config(self) -> Config:
        """The settings."""

    @property
    def database(self) -> Database:
        """Where dossiers are."""

    @property
    def sealer(self) -> Sealer:
        """What seals evidence."""

    @property
    def audit(self) -> AuditLog:
        """The audit log."""


@dataclass(frozen=True, slots=True)
class Proofs:
    """What the last form brought."""

    has_consented: bool
    likeness: Likeness
    photo: bytes


@dataclass(frozen=True, slots=True)
class Submitted:
    """The receipt, and the decision if it was made by rule."""

    receipt: str
    decided: Decided | None


def submit(  # noqa: PLR0913 - the draft, then everything that speaks for it
    services: Services,
    draft: Draft,
    applicant: Applicant,
    found: Match,
    proofs: Proofs,
    *,
    now: datetime,
) -> Submitted:
    """File the draft and decide it, by rule or not yet (D69 art. 10, 13).

    Raises `NumberTakenError` or `PhoneTakenError` if somebody was quicker.
    """
    if draft.stage != "finish" or not found.is_whole or proofs.likeness == "mismatch":
        raise DraftError("something is missing")
    if not proofs.has_consented:
        raise NotConsentedError("no consent")
    new = _dossier(services.config, draft, applicant, found, proofs, now)
    try:
        with services.database.transaction() as session:
            return _file(services, session, new, now)
    except (NumberTakenError, PhoneTakenError, DossierError):
        receipt = filed_as(services, draft)
        if receipt is None:
            raise
        return Submitted(receipt, None)


def filed_as(services: Services, draft: Draft) -> str | None:
    """Return the receipt if this very draft was filed, be it a moment ago."""
    with services.database.read() as connection:
        return queue.find_receipt(
            connection, external_index(services.sealer, _name(draft))
        )


def _file(
    services: Services, session: Session, new: NewDossier, now: datetime
) -> Submitted:
    filed = dossiers.file(services, session, new, now=now)
    decided = None
    if not new.evidence["doubts"] and services.config.enrolment.decision == "automatic":
        decided = dossiers.grant(
            services, session, filed.dossier_id, by=dossiers.BY_RULE, now=now
        )
    return Submitted(filed.receipt, decided)


def _dossier(  # noqa: PLR0913, PLR0917 - everything that speaks for it
    config: Config,
    draft: Draft,
    applicant: Applicant,
    found: Match,
    proofs: Proofs,
    now: datetime,
) -> NewDossier:
    person, record = found.person, found.record
    if person is None or record is None:
        raise DraftError("nobody was found")
    doubts = sorted(found.doubts)
    evidence: dict[str, Any] = {
        "registry": {"as_of": record.as_of.isoformat(), "stale": record.is_stale},
        "phone_own_name": "phone_owner" not in found.doubts,
        "face": proofs.likeness,
    }
    if proofs.likeness == "doubtful":
        doubts.append("face")
    if doubts or config.enrolment.decision == "officer":
        # For the officer who compares it; it goes with the decision.
        evidence["photo"] = b64encode(proofs.photo).decode()
    is_foreign = person.nationality != "VN"
    return NewDossier(
        kind="level1_foreigner" if is_foreign else "level1",
        channel="online",
        identity=matching.identity_of(person, now=now),
        number=applicant.number,
        phone=applicant.phone,
        email=applicant.email,
        evidence={**evidence, "doubts": doubts},
        consent_version=config.enrolment.consent_version,
        consented_at=now,
        province_code=matching.province_of(record),
        external_id=_name(draft),
    )


def _name(draft: Draft) -> str:
    return f"draft:{draft.id}"
