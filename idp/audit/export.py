"""Tell the events to a SIEM: each once they are there, from where the last run ended.

Chains grow each by itself, so the cursor is a place in every chain: a moment would miss
what was committed late. A run that is killed repeats at most one portion.
"""

import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from idp.audit import ecs
from idp.audit.chain import month_of
from idp.audit.models import AuditHead
from idp.audit.stream import Row, chain_rows
from idp.errors import ConfigError
from idp.storage.bulk import microseconds

_PORTION = 1000


class Cursor:
    """How far every chain was told; kept in a file, or for one run only."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.places: dict[str, int] = {}
        if path is not None and path.exists():
            self.places = _read(path)

    def save(self) -> None:
        """Keep it, whole or not at all."""
        if self._path is None:
            return
        new = self._path.with_name(f"{self._path.name}.new")
        with new.open("w", encoding="utf-8") as file:
            json.dump(self.places, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)


def export(
    connection: Connection,
    cursor: Cursor,
    write: Callable[[str], None],
    *,
    since: datetime,
    until: datetime,
) -> int:
    """Write a line of JSON for each event behind the cursor; return how many.

    `since` and `until` bound the events' time. `write` returns once a portion is where
    it is to be: only then is the cursor moved.
    """
    count, first, end = 0, microseconds(since), microseconds(until)
    for place in _chains(connection, since, until):
        name, seq = f"{place.month}/{place.shard}", place.seq
        after = cursor.places.get(name, 0)
        if after >= seq:
            continue
        rows = map(Row._make, chain_rows(connection, place.month, place.shard, after))
        while portion := list(islice(rows, _PORTION)):
            told = [row for row in portion if first <= row.at < end]
            write("".join(_lines(told)))
            count += len(told)
            cursor.places[name] = portion[-1].seq
            cursor.save()
    return count


def _chains(connection: Connection, since: datetime, until: datetime) -> list[Any]:
    within = (AuditHead.month >= month_of(since), AuditHead.month <= month_of(until))
    query = sa.select(AuditHead.__table__).where(*within)
    query = query.order_by(AuditHead.month, AuditHead.shard)
    return list(connection.execute(query))


def _lines(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(ecs.document(row), ensure_ascii=False) + "\n"


def _read(path: Path) -> dict[str, int]:
    try:
        places: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the cursor {path}") from error
    return places
