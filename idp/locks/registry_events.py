"""What the registries tell of people's lives and papers, applied once each.

A line of JSON an event: `id` (the registry's own, unique), `kind`, `number`, and for
some kinds `expires_on` (absent: without an end) or `new_number`. The mark that an event
was applied is written with its effect, so a file may be applied again after a kill.
"""

from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from idp.accounts import identifiers, lifecycle, papers
from idp.accounts.contacts import Contacts, read_contacts
from idp.credentials import register as credentials
from idp.errors import IdpError
from idp.factors import notices
from idp.locks import placing
from idp.locks.models import AppliedEvent
from idp.locks.sweeping import Services

Outcome = Literal["applied", "known", "nobody"]


class EventError(IdpError):
    """An event is not in order; nothing of it was applied."""

    code = "DD-LOCK-004"


@dataclass(frozen=True, slots=True)
class Effect:
    """What one kind of event does: a lock, the end of locks, a paper's new term.

    With another `residence`, what wallets hold of the old one is taken back.
    """

    locks: str | None = None
    lifts: tuple[str, ...] = ()
    paper: papers.Kind | None = None
    residence: bool = False


KINDS: dict[str, Effect] = {
    "death": Effect(locks="death"),
    "death_corrected": Effect(lifts=("death",)),
    "card_expired": Effect(locks="card_expired"),
    "card_held": Effect(locks="card_held"),
    "card_revoked": Effect(locks="card_revoked"),
    "card_returned": Effect(lifts=("card_held", "card_revoked")),
    "card_issued": Effect(
        lifts=("card_expired", "card_held", "card_revoked"), paper="card"
    ),
    "passport_expired": Effect(locks="passport_expired"),
    "passport_issued": Effect(lifts=("passport_expired",), paper="passport"),
    "permit_expired": Effect(locks="permit_expired"),
    "permit_issued": Effect(lifts=("permit_expired",), paper="permit"),
    "number_cancelled": Effect(locks="number_cancelled"),
    "number_replaced": Effect(lifts=("number_cancelled",)),
    "residence_changed": Effect(residence=True),
}


@dataclass(frozen=True, slots=True)
class RegistryEvent:
    """One event, read and found in order."""

    id: str
    kind: str
    number: str
    expires_on: date | None = None
    new_number: str | None = None


def parse(value: Any, *, sandbox: bool, now: datetime) -> RegistryEvent:
    """Return the event of a JSON object, or raise `EventError`."""
    if not isinstance(value, dict) or value.get("kind") not in KINDS:
        raise EventError("no event of a known kind")
    name, kind, until = value.get("id"), value["kind"], value.get("expires_on")
    if not isinstance(name, str) or not name:
        raise EventError("no id")

    def number_of(member: str) -> str:
        text = value.get(member)
        if not isinstance(text, str):
            raise EventError(f"no {member}")
        return identifiers.parse_personal_number(text, sandbox=sandbox, now=now)

    try:
        expires_on = date.fromisoformat(until) if until is not None else None
    except (TypeError, ValueError):
        raise EventError("expires_on is no date") from None
    new = number_of("new_number") if kind == "number_replaced" else None
    return RegistryEvent(name, kind, number_of("number"), expires_on, new)


def apply(
    services: Services, event: RegistryEvent, *, now: datetime, by: str | None = None
) -> Outcome:
    """Apply the event once, in one transaction, and tell the holder of a change.

    `by` names what handed it over: nothing here proves that a registry did.
    """
    with services.database.transaction() as session:
        if not _mark(session, event, now):
            return "known"
        account_id = identifiers.find_account_id(session, services.sealer, event.number)
        if account_id is None:
            return "nobody"
        lifecycle.hold(session, account_id, now=now)
        known = read_contacts(session, services.sealer, account_id)
        before = lifecycle.live_locks(session, account_id)
        is_renamed = _change(services, session, account_id, event, before, by, now)
        after = lifecycle.live_locks(session, account_id)
    if is_renamed:
        notices.warn(services, known, "number_replaced", now)
    _tell(services, known, event, before, after, now)
    return "applied"


def _change(  # noqa: PLR0913, PLR0917 - the stores, then what is changed
    services: Services,
    session: Session,
    account_id: UUID,
    event: RegistryEvent,
    before: tuple[str, ...],
    by: str | None,
    now: datetime,
) -> bool:
    """Carry it out; say whether the account has another number now."""
    effect, is_renamed = KINDS[event.kind], False
    if effect.paper is not None:
        papers.note(session, account_id, effect.paper, event.expires_on, now=now)
    if effect.residence:
        credentials.revoke(session, services.audit, account_id, event.kind, now=now)
    if event.new_number is not None:
        is_renamed = _replace_number(
            services, session, account_id, event.new_number, by, now
        )
    ground = effect.locks
    if ground is not None and ground not in before:
        placing.lock(
            services, session, account_id, ground=ground, asker="system", by=by, now=now
        )
    for ground in set(effect.lifts) & set(before):
        placing.unlock(
            services, session, account_id, ground=ground, asker="system", by=by, now=now
        )
    return is_renamed


def _replace_number(  # noqa: PLR0913, PLR0917 - the stores, then the change
    services: Services,
    session: Session,
    account_id: UUID,
    number: str,
    by: str | None,
    now: datetime,
) -> bool:
    """Keep the account and its subjects; the former number stays as an alias."""
    if identifiers.current_number(session, services.sealer, account_id) == number:
        return False
    identifiers.replace_number(
        session, services.audit, services.sealer, account_id, number, by=by, now=now
    )
    return True


def _tell(  # noqa: PLR0913, PLR0917 - whom, of what
    services: Services,
    known: Contacts,
    event: RegistryEvent,
    before: tuple[str, ...],
    after: tuple[str, ...],
    now: datetime,
) -> None:
    if event.kind == "death":
        return  # nobody sends such a message to the family
    if set(after) - set(before):
        notices.warn(services, known, "account_locked", now)
    elif set(before) - set(after) and (what := placing.told(after)):
        notices.warn(services, known, what, now)


def _mark(session: Session, event: RegistryEvent, now: datetime) -> bool:
    """Say whether the event is new; of parallel callers one is told so."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert if is_postgresql else sqlite.insert
    digest = sha256(event.id.encode(errors="replace")).digest()
    marked = session.execute(
        insert(AppliedEvent)
        .values(digest=digest, applied_at=now)
        .on_conflict_do_nothing()
        .returning(AppliedEvent.digest)
    ).one_or_none()
    return marked is not None
