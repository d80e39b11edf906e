"""Write sealed rows: accounts, numbers, dossiers, events and position, all or nothing.

What is taken already, in the database or further up in the block, is refused. Should
somebody else take it between the look and the write, the block is looked at again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.bulk import append_all
from idp.enrolment.importing_models import ImportRun
from idp.enrolment.importing_sealing import (
    ACCOUNT_COLUMNS,
    DOSSIER_COLUMNS,
    NUMBER_COLUMNS,
    PAPER_COLUMNS,
    Sealed,
    SealedBlock,
    written,
)
from idp.errors import IdpError
from idp.storage.bulk import find_rows, insert_rows
from idp.storage.database import Database

_ATTEMPTS = 5
_NUMBERS = "SELECT number_index, account_id FROM personal_numbers"
_PHONES = "SELECT phone_index FROM accounts"
_EXTERNAL = "SELECT external_id_index FROM dossiers"


class ImportedElsewhereError(IdpError):
    """Another process imports the same file at this moment."""

    code = "DD-IMP-101"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import has come; `position` is in bytes, `line` the next line."""

    import_id: UUID
    position: int
    line: int
    taken: int
    refused: int


def write_block(database: Database, block: SealedBlock, at: Progress) -> Progress:
    """Write a block in one transaction and return how far the import is now."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with database.transaction() as session:
                return _write(session, block, at)
        except sa.exc.IntegrityError:
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError


def _write(session: Session, block: SealedBlock, at: Progress) -> Progress:
    connection = session.connection()
    rows, taken_codes = _free(connection, block.rows)
    refused = [*block.refused, *taken_codes]
    after = Progress(
        at.import_id,
        position=block.end,
        line=at.line + block.lines,
        taken=at.taken + len(rows),
        refused=at.refused + len(refused),
    )
    _move(session, at, after)
    filed_by = _representatives(connection, rows)
    insert_rows(connection, "accounts", ACCOUNT_COLUMNS, [row.account for row in rows])
    insert_rows(
        connection, "personal_numbers", NUMBER_COLUMNS, [row.number for row in rows]
    )
    papers = [row.paper for row in rows if row.paper is not None]
    insert_rows(connection, "papers", PAPER_COLUMNS, papers)
    dossiers = [written(row, filed_by.get(row.representative_index)) for row in rows]
    insert_rows(connection, "dossiers", DOSSIER_COLUMNS, dossiers)
    refusals = [(at.import_id, line, code) for line, code in refused]
    insert_rows(connection, "import_refusals", ("import_id", "line", "code"), refusals)
    append_all(connection, [row.event for row in rows])
    return after


def _move(session: Session, before: Progress, after: Progress) -> None:
    """Move the position, if it still is where this process left it."""
    moved = session.execute(
        sa.update(ImportRun)
        .where(ImportRun.id == before.import_id, ImportRun.position == before.position)
        .values(
            position=after.position,
            line=after.line,
            taken=after.taken,
            refused=after.refused,
        )
        .returning(ImportRun.id)
    ).all()
    if not moved:
        raise ImportedElsewhereError("the file is being imported by another process")


def _free(
    connection: Connection, rows: Sequence[Sealed]
) -> tuple[list[Sealed], list[tuple[int, str]]]:
    """Return the rows that nobody stands against, and why the others are refused."""

    def known(query: str, column: str, values: list[bytes]) -> set[bytes]:
        return {bytes(row[0]) for row in find_rows(connection, query, column, values)}

    external = known(
        _EXTERNAL, "external_id_index", [row.external_index for row in rows]
    )
    numbers = known(_NUMBERS, "number_index", [row.number_index for row in rows])
    phones = known(
        _PHONES, "phone_index", [row.phone_index for row in rows if row.phone_index]
    )
    free: list[Sealed] = []
    refused: list[tuple[int, str]] = []
    for row in rows:
        if row.external_index in external:
            refused.append((row.line, "DD-IMP-012"))
        elif row.number_index in numbers:
            refused.append((row.line, "DD-IMP-010"))
        elif row.phone_index in phones:
            refused.append((row.line, "DD-IMP-011"))
        else:
            free.append(row)
            external.add(row.external_index)
            numbers.add(row.number_index)
            if row.phone_index is not None:
                phones.add(row.phone_index)
    return free, refused


def _representatives(
    connection: Connection, rows: Sequence[Sealed]
) -> dict[bytes | None, UUID]:
    """Return the accounts of those who filed for others, as far as they have one."""
    wanted = [row.representative_index for row in rows if row.representative_index]
    if not wanted:
        return {}
    found = find_rows(connection, _NUMBERS, "number_index", wanted)
    return {bytes(index): _id(account_id) for index, account_id in found}


def _id(account_id: UUID | str) -> UUID:
    return UUID(account_id) if isinstance(account_id, str) else account_id
