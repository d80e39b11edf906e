"""Write sealed rows: accounts, numbers, dossiers, events and position, all or nothing.

What is taken already, in the database or further up in the block, is refused. Should
somebody else take it between the look and the write, the block is looked at again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
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
from idp.storage.versions import hold_index_version
from keys.sealing import BlindIndex

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
    # Held first: from here on nobody writes under another index key.
    version = hold_index_version(session)
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
    accounts = [_under(version, row.account) for row in rows]
    insert_rows(connection, "accounts", ACCOUNT_COLUMNS, accounts)
    numbers = [_under(version, row.number) for row in rows]
    insert_rows(connection, "personal_numbers", NUMBER_COLUMNS, numbers)
    papers = [row.paper for row in rows if row.paper is not None]
    insert_rows(connection, "papers", PAPER_COLUMNS, papers)
    dossiers = [
        _under(version, written(row, _helper(filed_by, row.representative_index)))
        for row in rows
    ]
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

    def known(query: str, column: str, indexes: list[BlindIndex]) -> set[bytes]:
        rows = find_rows(connection, query, column, _versions(indexes))
        return {bytes(row[0]) for row in rows}

    external = known(
        _EXTERNAL,
        "external_id_index",
        [row.external_index for row in rows if row.external_index],
    )
    numbers = known(_NUMBERS, "number_index", [row.number_index for row in rows])
    phones = known(
        _PHONES, "phone_index", [row.phone_index for row in rows if row.phone_index]
    )
    free: list[Sealed] = []
    refused: list[tuple[int, str]] = []
    for row in rows:
        if _stands(row.external_index, external):
            refused.append((row.line, "DD-IMP-012"))
        elif _stands(row.number_index, numbers):
            refused.append((row.line, "DD-IMP-010"))
        elif _stands(row.phone_index, phones):
            refused.append((row.line, "DD-IMP-011"))
        else:
            free.append(row)
            external.update(_versions([row.external_index]))
            numbers.update(_versions([row.number_index]))
            phones.update(_versions([row.phone_index]))
    return free, refused


def _stands(index: BlindIndex | None, known: set[bytes]) -> bool:
    return index is not None and not known.isdisjoint(index.versions)


def _helper(filed_by: dict[bytes, UUID], index: BlindIndex | None) -> UUID | None:
    return None if index is None else filed_by.get(index.first)


def _versions(indexes: Sequence[BlindIndex | None]) -> list[bytes]:
    return [one for index in indexes if index is not None for one in index.versions]


def _under(version: int, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a row with its indexes under the key that is in use now."""
    return tuple(
        value.versions[version - 1] if isinstance(value, BlindIndex) else value
        for value in row
    )


def _representatives(
    connection: Connection, rows: Sequence[Sealed]
) -> dict[bytes, UUID]:
    """Return the accounts of those who filed for others, as far as they have one."""
    wanted = _versions([row.representative_index for row in rows])
    if not wanted:
        return {}
    found = find_rows(connection, _NUMBERS, "number_index", wanted)
    accounts = {bytes(index): _id(account_id) for index, account_id in found}
    return {
        row.representative_index.first: accounts[version]
        for row in rows
        if row.representative_index
        for version in row.representative_index.versions
        if version in accounts
    }


def _id(account_id: UUID | str) -> UUID:
    return UUID(account_id) if isinstance(account_id, str) else account_id
