"""Filing what was gathered at a desk: one dossier for one draft, decided if it may be.

Everything happens in the caller's transaction. The draft's name is the dossier's
external id, so that a second press, or a repeat after a stopped process, finds the
dossier that is there instead of filing another one.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from idp.accounts import contacts, papers
from idp.accounts.calendar import HANOI
from idp.accounts.contacts import Contacts, PhoneTakenError
from idp.accounts.representation import RELATIONS
from idp.audit.factor_events import ChipVerified
from idp.enrolment import dossiers, in_person
from idp.enrolment.dossiers import Decided, Services
from idp.enrolment.in_person_draft import Draft, DraftError
from idp.enrolment.record import Filed, NewDossier

CHANNEL = "desk"


@dataclass(frozen=True, slots=True)
class Desk:
    """Which officer files, in which unit."""

    officer_id: UUID
    unit_id: UUID
    province_code: str | None


@dataclass(frozen=True, slots=True)
class FiledInPerson:
    """A filed dossier; `decided` if all agreed, `before` of a raised account."""

    filed: Filed
    decided: Decided | None
    before: Contacts | None


def external_id(draft_id: str) -> str:
    """Return the name by which a draft's dossier is known again."""
    return f"{CHANNEL}:{draft_id}"


def kind_of_draft(services: Services, draft: Draft, now: datetime) -> str:
    """Return the kind of dossier that the draft will be."""
    today = now.astimezone(HANOI).date()
    return in_person.kind_for(
        draft.path,
        fingers=draft.fingers,
        is_child=draft.needs_representative(today, services.config),
        is_upgrade=draft.account_id is not None,
    )


def papers_of(draft: Draft) -> dict[papers.Kind, date | None]:
    """Return every paper that was shown or registered, and until when it is good.

    A foreigner's account ends with passport and with residence card (D69 art. 15).
    """
    found: dict[papers.Kind, date | None] = {}
    card = draft.person.card if draft.person else None
    if card is not None and (card.expires_on or card.state == "valid"):
        found[papers.CARDS[card.kind]] = _day(card.expires_on)
    if draft.papers:
        found[papers.KINDS[draft.papers["type"]]] = _day(draft.papers["expires_on"])
    if draft.holder:
        found["card"] = _day(draft.holder["expires_on"])
    return found


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def file_draft(  # noqa: PLR0913 - the stores, then who files what
    services: Services,
    session: Session,
    draft: Draft,
    desk: Desk,
    *,
    pictures: Mapping[str, bytes | None],
    now: datetime,
) -> FiledInPerson:
    """File the draft's dossier, and grant it at once if everything agrees.

    Raises what `dossiers.file` raises: of two desks with one person, one has filed.
    """
    waits = draft.reasons_to_wait
    account_id = UUID(draft.account_id) if draft.account_id else None
    before = None
    if account_id is not None:
        before = contacts.read_contacts(session, services.sealer, account_id)
    new = _dossier(services, draft, desk, pictures if waits else {}, before, now)
    filed = dossiers.file(services, session, new, now=now)
    if filed.account_id is None:
        raise DraftError("a person's dossier has an account")
    _record_chip(services, session, draft, filed.account_id, now)
    if waits:
        return FiledInPerson(filed, None, before)
    by = str(desk.officer_id)
    decided = dossiers.grant(services, session, filed.dossier_id, by=by, now=now)
    asked, replaced = new.evidence.get("contacts", {}), decided.replaced
    if "phone" in asked and (replaced is None or "phone" not in replaced.kinds):
        raise PhoneTakenError("another account's")
    return FiledInPerson(filed, decided, before)


def _dossier(  # noqa: PLR0913, PLR0917 - who and what, each in its part
    services: Services,
    draft: Draft,
    desk: Desk,
    pictures: Mapping[str, bytes | None],
    before: Contacts | None,
    now: datetime,
) -> NewDossier:
    person = draft.person
    if person is None:
        raise DraftError("nobody was looked up")
    representative = draft.representative
    return NewDossier(
        kind=kind_of_draft(services, draft, now),
        channel="desk",
        identity=in_person.identity_for(
            draft.path,
            person,
            holder=draft.holder,
            papers=draft.papers,
            now=now,
        ),
        number=draft.number,
        phone=draft.phone or (before.phone if before else None),
        email=draft.email or (before.email if before else None),
        evidence=_evidence(draft, pictures) | _new_contacts(draft, before),
        consent_version=services.config.enrolment.consent_version,
        consented_at=datetime.fromisoformat(draft.consented_at),
        account_id=UUID(draft.account_id) if draft.account_id else None,
        filed_by=UUID(representative["account_id"]) if representative else None,
        officer_id=desk.officer_id,
        unit_id=desk.unit_id,
        province_code=desk.province_code,
        external_id=external_id(draft.id),
    )


def _evidence(draft: Draft, pictures: Mapping[str, bytes | None]) -> dict[str, Any]:
    """Return what was checked and how; pictures only for another officer's eyes."""
    card = draft.card
    kept = {
        name: b64encode(image).decode() for name, image in pictures.items() if image
    }
    # Whoever came along acts for the ward once the dossier is granted, and not before.
    relation = draft.representative["relation"] if draft.representative else None
    if relation not in (None, *RELATIONS):
        relation = "guardian"
    return {
        **({"relation": relation} if relation else {}),
        "desk": {
            "officer": draft.officer,
            "path": draft.path,
            "is_raised": draft.account_id is not None,
            "checks": list(card["checks"]) if card else [],
            "sod_digest": card["sod_digest"] if card else None,
            "key_digest": card["key_digest"] if card else None,
            "compared": [asdict(row) for row in draft.compared],
            "papers": draft.papers,
            "registry_as_of": draft.record["as_of"] if draft.record else None,
            "representative": draft.representative,
            "face": draft.face,
            "fingers": draft.fingers,
            "fingers_note": draft.fingers_note,
            "waits_for": list(draft.reasons_to_wait),
        },
        **kept,
    }


def _record_chip(
    services: Services, session: Session, draft: Draft, account_id: UUID, now: datetime
) -> None:
    if draft.card is None:
        return
    checks, trail = tuple(draft.card["checks"]), dict(draft.card["trail"])
    event = ChipVerified(account_id, CHANNEL, checks, personal=trail)
    services.audit.record(session, event, now=now)


def _new_contacts(draft: Draft, before: Contacts | None) -> dict[str, Any]:
    """Return which contacts a raised account gets with the grant, whoever decides."""
    if before is None:
        return {}
    pairs = {
        "phone": (before.phone, draft.phone),
        "email": (before.email, draft.email),
    }
    changed = {
        kind: {"before": known, "after": given}
        for kind, (known, given) in pairs.items()
        if given and given != known
    }
    return {"contacts": changed} if changed else {}
