"""Level 2 in person: who may have it, what must agree, and who decides (pure rules).

An officer compares the person, the card and the registry; where card and registry
differ, the electronic data win (Law on Identification 26/2023 art. 33). What agrees in
everything is granted at once; what does not waits for another officer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from idp.accounts.ages import age_on
from idp.accounts.identity import Identity, IdentityDocument
from idp.config import EnrolmentConfig
from idp.enrolment import matching
from idp.registry.person import RegisteredCard, RegisteredPerson
from idp.registry.port import same_birth, same_name

Path = Literal["card", "no_card", "foreigner"]
PATHS: tuple[Path, ...] = ("card", "no_card", "foreigner")
PAPERS = ("passport", "residence_card")
CARD_ISSUER = "Bộ Công an"
_HOME = "VN"


@dataclass(frozen=True, slots=True)
class Compared:
    """One field as the card and the registry have it."""

    field: str
    card: str
    registry: str
    agrees: bool


def needs_representative(
    person: RegisteredPerson, today: date, config: EnrolmentConfig
) -> bool:
    """Say whether a representative has to be there (D69 art. 10.3, 14.2)."""
    is_ward = any(item.relation == "guardian" for item in person.representatives)
    return is_ward or age_on(person.birth_date, today) < config.own_from_age


def compare(
    holder: Mapping[str, Any], person: RegisteredPerson
) -> tuple[Compared, ...]:
    """Put a chip's holder beside the registry, field by field (LoI art. 33)."""
    card = person.card
    rows = [
        _row(
            "number",
            holder["number"],
            person.number,
            holder["number"] in person.former_numbers,
        ),
        _row(
            "name",
            holder["name"],
            person.full_name,
            same_name(holder["name"], person.full_name),
        ),
        _row(
            "birth_date",
            holder["birth_date"],
            person.birth_date,
            same_birth(person.birth_date, holder["birth_date"]),
        ),
        _row("gender", holder["sex"], person.gender),
        _row("nationality", holder["nationality"], person.nationality),
    ]
    if card is not None:
        rows += [
            _row("issued_on", holder["issued_on"], card.issued_on),
            _row("expires_on", holder["expires_on"], card.expires_on),
        ]
    return tuple(rows)


def obstacle(
    path: Path,
    person: RegisteredPerson,
    holder: Mapping[str, Any] | None,
    *,
    today: date,
    config: EnrolmentConfig,
) -> str | None:
    """Return why this person cannot be enrolled here and now, if so.

    Death and cancelled numbers end it (LoI art. 34.1), and so does a card that was
    revoked or is held; below a certain age there is no level 2 (D69 art. 7).
    """
    if person.status != "alive":
        return person.status
    card = person.card
    if card is not None and card.state in ("revoked", "held"):
        return f"card_{card.state}"
    if (path == "foreigner") == (person.nationality == _HOME):
        return "other_path"
    if age_on(person.birth_date, today) < config.child_from_age:
        return "too_young"
    return _card_obstacle(holder, card) if path == "card" and card else None


def _card_obstacle(
    holder: Mapping[str, Any] | None, card: RegisteredCard
) -> str | None:
    """Return why the card that was read is not the one that holds."""
    if card.state == "expired":
        return "card_expired"
    issued_on = holder["issued_on"] if holder else None
    return "card_replaced" if issued_on and issued_on < card.issued_on else None


def kind_for(path: Path, *, fingers: str, is_child: bool, is_upgrade: bool) -> str:
    """Return the kind of dossier, which settles its term (D69 art. 13)."""
    if path == "foreigner":
        is_known = fingers in ("match", "no_match")
        return "level2_foreigner" if is_known else "level2_foreigner_unknown"
    if path == "no_card":
        return "level2_no_card"
    if is_child:
        return "level2_child"
    return "level2_upgrade" if is_upgrade else "level2"


def reasons_to_wait(  # noqa: PLR0913 - each reason by its name
    path: Path,
    compared: tuple[Compared, ...],
    *,
    face: str,
    fingers: str,
    is_stale: bool,
    is_phone_unsure: bool,
) -> tuple[str, ...]:
    """Return why another officer decides; nothing means that all agrees."""
    reasons = {
        "no_chip": path != "card",
        "differs": any(not row.agrees for row in compared),
        "face": face not in ("match", "officer"),
        "fingers": fingers != "match",
        "registry_stale": is_stale,
        "phone_owner": is_phone_unsure,
    }
    return tuple(name for name, holds in reasons.items() if holds)


def identity_for(
    path: Path,
    person: RegisteredPerson,
    *,
    holder: Mapping[str, Any] | None,
    papers: Mapping[str, str] | None,
    now: datetime,
) -> Identity:
    """Return who is enrolled: by the registry, with the paper that was shown."""
    identity = matching.identity_of(person, now=now)
    document = identity.document
    if path == "foreigner" and papers:
        document = IdentityDocument(
            type=papers["type"],
            number=papers["number"],
            issued_on=papers["issued_on"],
            expires_on=papers["expires_on"] or None,
            issuer=papers["issuer"],
        )
    elif holder and holder["issued_on"]:
        document = IdentityDocument(
            type="can_cuoc",
            number=person.number,
            issued_on=holder["issued_on"],
            expires_on=holder["expires_on"],
            issuer=CARD_ISSUER,
        )
    return replace(identity, document=document)


def _row(name: str, card: str | None, registry: str | None, *same: bool) -> Compared:
    agrees = card == registry or any(same)
    return Compared(name, card or "", registry or "", agrees)
