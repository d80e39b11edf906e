"""Level 1 online: from a finished draft to a dossier, in one transaction.

Consent is given in words and recorded with the version of its text (Law 91/2025:
silence is none); the face is compared with the registry's portrait. A draft becomes
one dossier however often its last form is sent. Where neither carrier nor face shows
that the applicant is the person, everybody's draft becomes one, whatever was found.
"""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from idp.accounts.contacts import PhoneTakenError
from idp.accounts.identifiers import NumberTakenError
from idp.accounts.identity import Identity
from idp.audit.log import AuditLog
from idp.config import Config
from idp.enrolment import dossiers, matching, queue
from idp.enrolment.dossier_states import DossierError
from idp.enrolment.dossiers import Decided
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

    def show(self, found: Match) -> bool:
        """Say whether phone or face shows that the applicant is the person."""
        return found.is_proven or self.likeness == "match"


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
    if draft.stage != "finish" or proofs.likeness == "mismatch":
        raise DraftError("something is missing")
    if not found.is_whole and proofs.show(found):
        raise DraftError("something speaks against it")
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
    person, is_proven = found.person, proofs.show(found)
    # The term of a kind is shown: it tells nobody who is not the person of them.
    is_foreign = is_proven and person is not None and person.nationality != "VN"
    identity = Identity(
        given_name=applicant.name, birth_date=applicant.birth_date, gender="unknown"
    )
    if person is not None:
        identity = matching.identity_of(person, now=now)
    return NewDossier(
        kind="level1_foreigner" if is_foreign else "level1",
        channel="online",
        identity=identity,
        number=applicant.number,
        phone=applicant.phone,
        email=applicant.email,
        evidence=_evidence(config, applicant, found, proofs),
        consent_version=config.enrolment.consent_version,
        consented_at=now,
        is_proven=is_proven,
        province_code=matching.province_of(found.record) if found.record else None,
        external_id=_name(draft),
    )


def _evidence(
    config: Config, applicant: Applicant, found: Match, proofs: Proofs
) -> dict[str, Any]:
    """Return what was found, and for an officer's eyes the photo.

    Who is refused without having been shown to be the person reads the name that they
    typed and no reason: the registry's spelling would tell that it is there.
    """
    doubts = sorted(found.doubts)
    if proofs.likeness == "doubtful":
        doubts.append("face")
    evidence: dict[str, Any] = {
        "phone_own_name": found.is_proven,
        "face": proofs.likeness,
        "doubts": doubts,
    }
    record = found.record
    if record is not None:
        as_of = record.as_of.isoformat()
        evidence["registry"] = {"as_of": as_of, "stale": record.is_stale}
    if not proofs.show(found):
        evidence["applicant"] = applicant.name
        evidence["mismatches"] = sorted(found.mismatches)
    if doubts or config.enrolment.decision == "officer":
        # For the officer who compares it; it goes with the decision.
        evidence["photo"] = b64encode(proofs.photo).decode()
    return evidence


def _name(draft: Draft) -> str:
    return f"draft:{draft.id}"
