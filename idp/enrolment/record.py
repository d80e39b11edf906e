"""What a dossier is made of: who is named, how it was checked, and its sealed row."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from idp.accounts.identity import Identity, identity_values, parse_identity
from idp.enrolment.kinds import Channel
from idp.enrolment.models import Dossier
from keys.sealing import BlindIndex, Sealer

# Members of the evidence that show somebody, in base64.
PICTURES = ("photo", "chip")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDossier:
    """What is applied for. `account_id` is an account that is to be raised.

    Where `is_proven` is False nothing shows yet that the applicant is the person: the
    account comes to be with the grant, and until then nothing is kept from its owner.
    """

    kind: str
    channel: Channel
    identity: Identity = field(repr=False)
    number: str = field(repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    evidence: Mapping[str, Any] = field(default_factory=dict, repr=False)
    consent_version: str | None = None
    consented_at: datetime | None = None
    account_id: UUID | None = None
    is_proven: bool = True
    organisation_id: UUID | None = None
    filed_by: UUID | None = None
    officer_id: UUID | None = None
    unit_id: UUID | None = None
    province_code: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Filed:
    """A dossier that was taken: its receipt and until when it is decided."""

    dossier_id: UUID
    account_id: UUID | None
    receipt: str
    due_at: datetime


def build_row(sealer: Sealer, new: NewDossier, filed: Filed, now: datetime) -> Dossier:
    """Return the row of a dossier that was taken, its evidence sealed for it."""
    return Dossier(
        id=filed.dossier_id,
        account_id=filed.account_id,
        organisation_id=new.organisation_id,
        kind=new.kind,
        channel=new.channel,
        state="submitted",
        receipt=filed.receipt,
        submitted_at=now,
        due_at=filed.due_at,
        filed_by=new.filed_by,
        officer_id=new.officer_id,
        unit_id=new.unit_id,
        province_code=new.province_code,
        evidence_sealed=seal_evidence(sealer, new, filed.dossier_id),
        consent_version=new.consent_version,
        consented_at=new.consented_at,
    )


def seal_evidence(sealer: Sealer, new: NewDossier, dossier_id: UUID) -> bytes:
    """Seal who is named and how it was checked, for this dossier's row."""
    person = {
        "number": new.number,
        "identity": identity_values(new.identity),
        "phone": new.phone,
        "email": new.email,
    }
    return seal_again(sealer, {**new.evidence, "person": person}, dossier_id)


def seal_again(sealer: Sealer, evidence: Mapping[str, Any], dossier_id: UUID) -> bytes:
    """Seal what is left of a dossier's evidence, for its row."""
    text = _encode(evidence)
    return sealer.seal(text.encode(), context=_context(dossier_id))


def external_index(sealer: Sealer, external_id: str | None) -> BlindIndex | None:
    """Return the blind index that keeps an import from filing a dossier twice."""
    if external_id is None:
        return None
    return sealer.index(external_id, context="dossiers.external_id")


def open_evidence(sealer: Sealer, sealed: bytes, dossier_id: UUID) -> dict[str, Any]:
    """Open what a dossier holds: who was named, and how it was checked."""
    text = sealer.open(sealed, context=_context(dossier_id))
    evidence: dict[str, Any] = json.loads(text)
    return evidence


def without_pictures(sealer: Sealer, sealed: bytes, dossier_id: UUID) -> bytes | None:
    """Return the evidence without what officers looked at, None if it had nothing.

    Pictures of faces are needed for the decision and for nothing after it.
    """
    evidence = open_evidence(sealer, sealed, dossier_id)
    if not any(name in evidence for name in PICTURES):
        return None
    kept = {name: value for name, value in evidence.items() if name not in PICTURES}
    return seal_again(sealer, kept, dossier_id)


@dataclass(frozen=True, slots=True)
class Contact:
    """Where the applicant is told: their own phone, or their representative's."""

    phone: str | None
    email: str | None


def contact_of(evidence: Mapping[str, Any]) -> Contact:
    """Return where the outcome is told; `contact` stands in for a child's own."""
    reached = evidence.get("contact") or evidence["person"]
    return Contact(reached.get("phone"), reached.get("email"))


def identity_of(evidence: Mapping[str, Any]) -> Identity:
    """Return who is named in a dossier's evidence."""
    return parse_identity(evidence["person"]["identity"])


def _context(dossier_id: UUID) -> str:
    return f"dossiers.evidence:{dossier_id}"
