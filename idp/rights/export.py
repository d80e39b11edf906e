"""A copy of everything that is held about a person, for that person (Law 91/2025)."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from idp.accounts.contacts import read_contacts
from idp.accounts.identifiers import current_number, numbers_of
from idp.accounts.identity import read_identity
from idp.accounts.models import Account
from idp.accounts.standing import read_standing
from idp.authentication import session as sessions
from idp.claims.person import REGISTERED, PersonReader
from idp.consent import grants
from idp.factors.enrolled import list_enrolled
from idp.rights import closing, corrections, records, restriction
from idp.rights.services import Services

_EVENTS = 100_000


def collect(services: Services, account_id: UUID, *, now: datetime) -> dict[str, Any]:
    """Return the copy as JSON values; secrets of factors are nobody's to read.

    `records.NOT_TOLD` names what is left out and why. The registry is asked first: no
    connection is held while it answers.
    """
    registered = PersonReader.of(services).read(account_id, REGISTERED, now)
    with services.database.snapshot() as connection:
        return {
            "made_at": now.isoformat(),
            "provider": services.config.issuer,
            "account": _account(services, connection, account_id),
            "population_registry": {
                **registered.values,
                "as_of": _text(registered.registry_as_of),
                "is_down": registered.registry_is_down,
            },
            **records.collect(connection, services.sealer, account_id),
            "ways_to_sign_in": _factors(connection, account_id),
            "signed_in_places": _places(services, connection, account_id, now),
            "permissions": _permissions(connection, account_id, now),
            "corrections": _corrections(services, connection, account_id),
            "history": _history(services, connection, account_id),
        }


def _account(
    services: Services, connection: Connection, account_id: UUID
) -> dict[str, Any]:
    sealer = services.sealer
    standing = read_standing(connection, account_id)
    known = read_contacts(connection, sealer, account_id)
    dates = connection.execute(
        sa.select(Account.created_at, Account.granted_at, Account.activated_at).where(
            Account.id == account_id
        )
    ).one()
    return {
        "personal_number": current_number(connection, sealer, account_id),
        "former_numbers": list(numbers_of(connection, sealer, account_id)[1:]),
        "identity": asdict(read_identity(connection, sealer, account_id)),
        "phone": known.phone,
        "email": known.email,
        "email_verified": known.email_verified,
        "level": standing.level,
        "state": standing.state,
        "locks": list(standing.locks),
        "restricted_since": _text(restriction.restricted_since(connection, account_id)),
        "closes_at": _text(closing.closes_at(connection, account_id)),
        **{name: _text(value) for name, value in dates._asdict().items()},
    }


def _factors(connection: Connection, account_id: UUID) -> list[dict[str, Any]]:
    return [
        {
            "kind": item.kind,
            "name": item.label,
            "since": _text(item.created_at),
            "last_used": _text(item.last_used_at),
        }
        for item in list_enrolled(connection, account_id)
    ]


def _places(
    services: Services, connection: Connection, account_id: UUID, now: datetime
) -> list[dict[str, Any]]:
    views = sessions.list_for(
        connection,
        services.sealer,
        account_id,
        now=now,
        lifetimes=services.config.lifetimes,
    )
    return [
        {
            "since": _text(view.session.started_at),
            "last_seen": _text(view.session.last_seen_at),
            "portals": list(view.session.client_ids),
            **view.origin,
        }
        for view in views
    ]


def _permissions(
    connection: Connection, account_id: UUID, now: datetime
) -> list[dict[str, Any]]:
    return [
        {
            "portal": grant.client_id,
            "subject": grant.subject,
            "scopes": list(grant.scopes),
            "claims": sorted(grant.claims),
            "refused": sorted(grant.refused),
            "given_at": _text(grant.granted_at),
            "until": _text(grant.expires_at),
        }
        for grant in grants.list_for(connection, account_id, now=now)
    ]


def _corrections(
    services: Services, connection: Connection, account_id: UUID
) -> list[dict[str, Any]]:
    return [
        {
            "text": item.text,
            "asked_at": _text(item.asked_at),
            "answer": item.answer,
            "answered_at": _text(item.answered_at),
        }
        for item in corrections.list_for(connection, services.sealer, account_id)
    ]


def _history(
    services: Services, connection: Connection, account_id: UUID
) -> list[dict[str, Any]]:
    numbers = numbers_of(connection, services.sealer, account_id)
    entries = services.audit.recent(connection, account_id, _EVENTS, numbers=numbers)
    return [
        {
            "at": _text(entry.at),
            "event": entry.type,
            **entry.data,
            **({"personal": entry.personal} if entry.personal else {}),
        }
        for entry in entries
    ]


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
