"""Erasing what is personal of a closed account, beside an append-only audit.

Every sealed column of every table that points at the account is emptied, in the audit
log too: there a commitment stays in the chain, whose salt goes with the values, so that
the chain still proves whole and nobody can test a guess (`audit.personal`). What stays
is the account's row without a person, and what happened when, which the law keeps for
five years.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from idp.accounts.identity import NOBODY, seal_identity
from idp.accounts.models import Account
from idp.audit.log import AuditLog
from idp.audit.right_events import DataErased
from idp.storage.database import Base
from keys.sealing import Sealer

# Written requests of authorities are theirs and stay as long as their files.
KEPT = frozenset({"authority_requests"})
# What only points at a person or a thing of theirs, and serves nobody any more.
DROPPED = (
    "recovery_codes",
    "known_devices",
    "freeze_links",
    "papers",
    "unlock_permits",
)
_SEALED = "_sealed"


def erase(
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    account_id: UUID,
    *,
    now: datetime,
) -> None:
    """Empty every sealed value of the account and drop what only served it."""
    rows = sum(
        _empty(session, table, names, account_id)
        for table, names in sealed_columns().items()
    )
    session.execute(
        sa.update(Account)
        .where(Account.id == account_id)
        .values(
            identity_sealed=seal_identity(sealer, NOBODY, account_id),
            restricted_at=None,
            updated_at=now,
        )
    )
    _drop(session, account_id, now)
    audit.record(session, DataErased(account_id, rows), now=now)


def sealed_columns() -> dict[sa.Table, list[str]]:
    """Return every table of an account with its sealed columns."""
    return {
        table: names
        for table in Base.metadata.sorted_tables
        if "account_id" in table.columns and table.name not in KEPT
        if (
            names := [
                item.name for item in table.columns if item.name.endswith(_SEALED)
            ]
        )
    }


def _empty(
    session: Session, table: sa.Table, names: list[str], account_id: UUID
) -> int:
    values = {name: None if table.c[name].nullable else b"" for name in names}
    emptied = session.execute(
        sa.update(table)
        .where(table.c.account_id == account_id)
        .values(values)
        .returning(table.c.account_id)
    )
    return len(emptied.all())


def _drop(session: Session, account_id: UUID, now: datetime) -> None:
    tables = Base.metadata.tables
    for name in DROPPED:
        table = tables[name]
        session.execute(sa.delete(table).where(table.c.account_id == account_id))
    credentials = tables["credentials"]
    own = sa.select(credentials.c.id).where(credentials.c.account_id == account_id)
    for name in ("passkeys", "chip_cards"):
        table = tables[name]
        session.execute(sa.delete(table).where(table.c.credential_id.in_(own)))
    session.execute(
        sa.update(credentials)
        .where(credentials.c.account_id == account_id)
        .values(label="", retired_at=_first(credentials.c.retired_at, now))
    )
    dossiers = tables["dossiers"]
    session.execute(
        sa.update(dossiers)
        .where(
            dossiers.c.account_id == account_id,
            dossiers.c.state.in_(("submitted", "in_review")),
        )
        .values(state="withdrawn", decided_at=now, decided_by="system")
    )
    sessions = tables["sessions"]
    session.execute(
        sa.update(sessions)
        .where(sessions.c.account_id == account_id)
        .values(ended_at=_first(sessions.c.ended_at, now))
    )


def _first(column: sa.Column[Any], now: datetime) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(column, sa.literal(now, column.type))
