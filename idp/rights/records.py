"""What is on record of a person beside the account itself, for the copy (Law 91/2025).

Most of it is rows of tables without a sealed value, told column by column; dossiers are
opened. `TOLD` names every table that the copy draws from, `NOT_TOLD` the others, and
why.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from idp.credentials.models import WalletCredential
from idp.enrolment.forgetting import without_filer
from idp.enrolment.models import Dossier
from idp.enrolment.record import open_evidence
from idp.storage.database import Base
from keys.sealing import Sealer

_WORDS = "relation since until confirms_until ended_at"
# Section of the copy, its table, the column that names the person, what is told.
_ROWS = (
    ("uses", "usage_history", "account_id", "at client_id outcome level province_code"),
    ("papers", "papers", "account_id", "kind expires_on known_at"),
    ("locks_ever", "locks", "account_id", "ground asker placed_at lifted_at"),
    ("subjects", "pairwise_subjects", "account_id", "sector subject"),
    (
        "permissions_ever",
        "grants",
        "account_id",
        "client_id subject scopes claims granted_at expires_at ended_at end_reason",
    ),
    (
        "places_ever",
        "sessions",
        "account_id",
        "started_at last_seen_at ended_at end_reason client_ids at_counter",
    ),
    ("known_devices", "known_devices", "account_id", "created_at last_seen_at"),
    ("activation_permits", "activation_permits", "account_id", "given_at until"),
    ("unlock_permits", "unlock_permits", "account_id", "given_at until"),
    ("acts_for", "representations", "representative_id", f"ward_id {_WORDS}"),
    ("represented_by", "representations", "ward_id", f"representative_id {_WORDS}"),
    (
        "memberships",
        "memberships",
        "account_id",
        "organisation_id role valid_from valid_until invited_at accepted_at ended_at",
    ),
    ("organisations_filed", "organisations", "filed_by", "id filed_at"),
    (
        "credentials_in_wallets",
        WalletCredential.__tablename__,
        "account_id",
        "issued_at expires_at revoked_at",
    ),
)
_ELSEWHERE = frozenset(
    {"personal_numbers", "credentials", "correction_requests", "closings"}
)
TOLD = frozenset(row[1] for row in _ROWS) | {"dossiers", "audit_events"} | _ELSEWHERE
NOT_TOLD = {
    "recovery_codes": "digests of secrets; how many are left is a way to sign in",
    "freeze_links": "digests of links, good for hours; the warnings told of them",
    "logout_notices": "what a portal has still to hear; gone when it did",
    "signal_notices": "what a portal has still to hear; gone when it did",
    "authority_requests": "files of the authority that asked, told by it (D69 art. 15)",
}


def collect(
    connection: Connection, sealer: Sealer, account_id: UUID
) -> dict[str, list[dict[str, Any]]]:
    """Return every section as JSON values."""
    sections = {
        name: _rows(connection, table, column, told.split(), account_id)
        for name, table, column, told in _ROWS
    }
    return {"dossiers": _dossiers(connection, sealer, account_id), **sections}


def _rows(
    connection: Connection, name: str, column: str, told: list[str], account_id: UUID
) -> list[dict[str, Any]]:
    table = Base.metadata.tables[name]
    query = sa.select(*(table.c[item] for item in told))
    rows = connection.execute(query.where(table.c[column] == account_id))
    return [dict(zip(told, map(plain, row), strict=True)) for row in rows]


def _dossiers(
    connection: Connection, sealer: Sealer, account_id: UUID
) -> list[dict[str, Any]]:
    """Return the dossiers about the person, and the receipts of those filed by them.

    What another person filed tells how it was checked, and not who that was.
    """
    concerned = sa.or_(Dossier.account_id == account_id, Dossier.filed_by == account_id)
    rows = connection.execute(sa.select(Dossier.__table__).where(concerned)).all()
    told = (
        "receipt kind channel state submitted_at due_at decided_at decided_by refusal"
        " province_code consent_version consented_at"
    )
    found = []
    for row in rows:
        entry = {name: plain(getattr(row, name)) for name in told.split()}
        is_own = row.account_id == account_id
        if is_own and row.evidence_sealed:
            evidence = open_evidence(sealer, row.evidence_sealed, row.id)
            by_other = row.filed_by not in (None, account_id)
            entry["evidence"] = without_filer(evidence) if by_other else evidence
        found.append(entry | {"is_about_me": is_own})
    return found


def plain(value: Any) -> Any:
    """Return a column's value as JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
