"""A file of dossiers, read in blocks of lines from wherever an import stopped.

One line is one row, so that a position is enough to go on from. CSV has a header, its
values may be quoted, and none has a line break in it; JSONL has an object a line.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from idp.enrolment.importing_rows import OPTIONAL, REQUIRED, RefusedRowError
from idp.errors import IdpError

_HEAD_BYTES = 65_536
_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_NEEDED = frozenset(REQUIRED)
_KNOWN = _NEEDED.union(OPTIONAL)


class ImportFileError(IdpError):
    """The file cannot be imported at all; nothing of it was taken."""

    code = "DD-IMP-100"


class Block(NamedTuple):
    """Some lines, the number of the first, and the position after the last."""

    first_line: int
    lines: list[bytes]
    end: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file with what identifies it, and what its rows are made of.

    `columns` is None for JSONL, whose rows name their own values. `start` is the
    position of the first row, `first_line` its number.
    """

    path: Path
    head_digest: bytes
    size: int
    columns: tuple[str, ...] | None
    start: int
    first_line: int
    max_row_bytes: int

    def blocks(self, position: int, line: int, rows: int) -> Iterator[Block]:
        """Yield blocks of at most `rows` lines from a position on."""
        with self.path.open("rb") as file:
            file.seek(position)
            while lines := list(self._lines(file, rows)):
                yield Block(line, lines, file.tell())
                line += len(lines)

    def row(self, line: bytes) -> dict[str, str]:
        """Return a line's values as texts, or raise `RefusedRowError`."""
        if len(line) > self.max_row_bytes:
            raise RefusedRowError("DD-IMP-013")
        try:
            text = line.decode()
            return _json_row(text) if self.columns is None else self._csv_row(text)
        except (TypeError, ValueError, RecursionError, csv.Error):
            raise RefusedRowError("DD-IMP-001") from None

    def _csv_row(self, text: str) -> dict[str, str]:
        text = text.rstrip("\r\n")
        is_plain = '"' not in text and "\r" not in text
        values = text.split(",") if is_plain else next(csv.reader([text], strict=True))
        return dict(zip(self.columns or (), values, strict=True))

    def _lines(self, file: BinaryIO, rows: int) -> Iterator[bytes]:
        for _ in range(rows):
            line = file.readline(self.max_row_bytes + 1)
            if not line:
                return
            while len(line) > self.max_row_bytes and not line.endswith(b"\n"):
                # Too long to keep: the rest is passed over, and the row refused.
                rest = file.readline(self.max_row_bytes)
                if not rest or rest.endswith(b"\n"):
                    break
            yield line


def open_source(path: Path, *, max_row_bytes: int) -> SourceFile:
    """Identify the file and read its header, or raise `ImportFileError`."""
    is_csv = path.suffix == ".csv"
    if not is_csv and path.suffix != ".jsonl":
        raise ImportFileError("the file's name ends in .csv or .jsonl")
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        start = len(_BOM) if head.startswith(_BOM) else 0
        file.seek(start)
        header = file.readline(max_row_bytes) if is_csv else b""
    return SourceFile(
        path=path,
        head_digest=sha256(head).digest(),
        size=path.stat().st_size,
        columns=_columns(header) if is_csv else None,
        start=start + len(header),
        first_line=2 if is_csv else 1,
        max_row_bytes=max_row_bytes,
    )


def is_blank(line: bytes) -> bool:
    """Say whether a line is no row at all."""
    return not line.strip(_BLANK)


def _columns(header: bytes) -> tuple[str, ...]:
    try:
        columns = tuple(next(csv.reader([header.decode()], strict=True), ()))
    except (ValueError, csv.Error) as error:
        raise ImportFileError("the header cannot be read") from error
    if missing := [name for name in REQUIRED if name not in columns]:
        raise ImportFileError(f"the header lacks {', '.join(missing)}")
    if not _KNOWN.issuperset(columns) or len(set(columns)) < len(columns):
        raise ImportFileError("the header has unknown or repeated columns")
    return columns


def _json_row(text: str) -> dict[str, str]:
    row = json.loads(text)
    if not isinstance(row, dict) or not _KNOWN.issuperset(row):
        raise TypeError
    if not _NEEDED.issubset(row):
        raise TypeError
    return {name: _text(value) for name, value in row.items()}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise TypeError
    return value
