"""Write an archive, and read one to its end.

The lines of an archive: a head, then for each table its name and columns, its rows, and
how many they were with their digest; at the end how many there were in all.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy.engine import Connection

from idp.backup.rows import RowsDigest, lines_of
from idp.errors import IdpError
from idp.storage import migration
from idp.storage.tables import all_tables
from idp.storage.versions import read_versions
from keys.archive_key import of_archive, open_label, read_label
from keys.stream import SealedWriter, open_stream, read_head

FORMAT = 1
_LONGEST_LINE = 256 * 1024 * 1024


class ArchiveError(IdpError):
    """An archive cannot be restored as it is; the text says why."""

    code = "DD-BAK-001"


@dataclass(frozen=True, slots=True)
class Head:
    """Of which release and moment an archive is, and under which keys.

    `seal` is the version of the sealing key, `kek` the fingerprint of what opens it.
    """

    schema: str
    made_at: datetime
    seal: int
    kek: str


@dataclass(frozen=True, slots=True)
class Begin:
    """The rows of a table follow."""

    table: str
    columns: list[str]


@dataclass(frozen=True, slots=True)
class End:
    """The rows of a table are over: how many, with the digest of their lines."""

    table: str
    rows: int
    digest: str


Part = Head | Begin | list[Any] | End


def write_archive(
    connection: Connection,
    file: BinaryIO,
    kek: bytes,
    *,
    now: datetime,
    on_table: Callable[[str, int], None] = lambda _table, _rows: None,
) -> int:
    """Write every table as `connection` sees it (`Database.snapshot`); return rows."""
    label, key = of_archive(read_versions(connection), kek)
    sealed, total = SealedWriter(file, key, label=label.write()), 0
    schema = migration.current(connection) or ""
    _mark(sealed, {"format": FORMAT, "schema": schema, "made_at": now.isoformat()})
    for table in all_tables():
        _mark(sealed, {"table": table.name, "columns": [one.name for one in table.c]})
        digest = RowsDigest()
        for line in lines_of(connection, table):
            sealed.write(line)
            digest.add(line)
        end = {"end": table.name, "rows": digest.rows, "digest": digest.hexdigest()}
        _mark(sealed, end)
        total += digest.rows
        on_table(table.name, digest.rows)
    _mark(sealed, {"total": total})
    sealed.close()
    return total


def read_archive(file: BinaryIO, kek: bytes) -> Iterator[Part]:
    """Yield an archive's parts, each checked; what follows its end is refused."""
    begin = read_head(file)
    label = read_label(begin.label)
    digest, seen, total = RowsDigest(), 0, None
    for line in _lines(open_stream(file, begin, open_label(label, kek))):
        part = json.loads(line)
        if total is not None:
            raise ArchiveError("the archive goes on after its last line")
        if isinstance(part, list):
            digest.add(line)
            yield part
        elif "format" in part:
            if part["format"] != FORMAT:
                raise ArchiveError("the archive is of another format")
            made_at = datetime.fromisoformat(part["made_at"])
            yield Head(part["schema"], made_at, label.version, label.kek)
        elif "table" in part:
            digest = RowsDigest()
            yield Begin(part["table"], part["columns"])
        elif "end" in part:
            end = End(part["end"], digest.rows, digest.hexdigest())
            if (part["rows"], part["digest"]) != (end.rows, end.digest):
                raise ArchiveError(f"the rows of {end.table} are not those written")
            seen += end.rows
            yield end
        else:
            total = part["total"]
    if total != seen:
        raise ArchiveError("the archive has not all of its rows")


def _mark(sealed: SealedWriter, mark: dict[str, Any]) -> None:
    sealed.write(json.dumps(mark).encode() + b"\n")


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    begun = bytearray()
    for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for line in whole:
            yield bytes(begun + line + b"\n")
            begun.clear()
        begun += rest
        if len(begun) > _LONGEST_LINE:
            raise ArchiveError("a line of the archive is too long")
    if begun:
        raise ArchiveError("the archive ends in the middle of a line")
