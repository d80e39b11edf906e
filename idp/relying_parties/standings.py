"""Portals as officers see them: what is registered, suspensions, secrets, old keys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from idp import clock
from idp.relying_parties import registration
from idp.relying_parties.errors import UnknownClientError
from idp.relying_parties.models import ClientSecret, RelyingPartyRecord

_LIST = (
    sa.select(RelyingPartyRecord.__table__)
    .where(RelyingPartyRecord.removed_at.is_(None))
    .order_by(RelyingPartyRecord.client_id)
)


@dataclass(frozen=True, slots=True)
class Standing:
    """One portal; `retiring` are the ids of replaced keys with the end of each."""

    client_id: str
    document: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    suspended_at: datetime | None
    suspension: str | None
    retiring: tuple[tuple[str, datetime], ...]


def every(connection: Connection) -> list[Standing]:
    """Return every registered portal, by identifier."""
    return [_standing(row) for row in connection.execute(_LIST)]


def one(connection: Connection, client_id: str) -> Standing:
    """Return one portal; raises `UnknownClientError`."""
    query = _LIST.where(RelyingPartyRecord.client_id == client_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise UnknownClientError(f"no client {client_id!r} is registered")
    return _standing(row)


def secrets_of(
    connection: Connection, client_id: str
) -> list[tuple[datetime, datetime | None]]:
    """Return since when each secret of a portal is, and until when if it runs out."""
    query = sa.select(ClientSecret.created_at, ClientSecret.expires_at)
    query = query.where(ClientSecret.client_id == client_id)
    rows = connection.execute(query.order_by(ClientSecret.created_at))
    return [(row.created_at, row.expires_at) for row in rows]


def _standing(row: Any) -> Standing:
    return Standing(
        client_id=row.client_id,
        document=registration.describe(row),
        created_at=row.created_at,
        updated_at=row.updated_at,
        suspended_at=row.suspended_at,
        suspension=row.suspension,
        retiring=tuple(
            (item["jwk"].get("kid", "–"), clock.from_timestamp(item["until"]))
            for item in row.policy.get("retiring_jwks", ())
        ),
    )
