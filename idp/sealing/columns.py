"""What every table has sealed or blindly indexed, and which rows are behind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from idp.storage.columns import Contexts
from idp.storage.tables import all_tables
from keys.errors import SealError
from keys.sealing import KEY_BYTES, Sealer, index_version, seal_header

_HEADER_BYTES = len(seal_header(1))
_PREFIX_BYTES = 2
# Sealed under the key-encryption key: `idp keys reseal --kek` is their affair.
UNDER_KEK = ("signing_keys", "server_secrets")


@dataclass(frozen=True, slots=True)
class SealedTable:
    """One table's columns that follow the keys."""

    table: sa.Table
    sealed: Mapping[str, Contexts]
    blind: Mapping[str, str]

    @property
    def key(self) -> list[sa.Column[Any]]:
        """The columns of the primary key."""
        return list(self.table.primary_key.columns)

    @property
    def columns(self) -> list[sa.Column[Any]]:
        """What has to be read to bring a row up."""
        beside = [self.table.c[name] for name in ("data",) if name in self.table.c]
        own = [self.table.c[name] for name in (*self.sealed, *self.blind)]
        return list(dict.fromkeys([*self.key, *own, *beside]))

    def is_behind(self, seal: int, index: int) -> sa.ColumnElement[bool]:
        """Return the condition of rows with a value under another version."""
        conditions = [
            sa.func.substr(self.table.c[name], 1, _HEADER_BYTES) != seal_header(seal)
            for name in self.sealed
        ]
        if index > 1:
            prefix = index.to_bytes(_PREFIX_BYTES, "big")
            conditions += [
                sa.or_(
                    sa.func.length(self.table.c[name]) == KEY_BYTES,
                    sa.func.substr(self.table.c[name], 1, _PREFIX_BYTES) != prefix,
                )
                for name in self.blind
            ]
        return sa.or_(sa.false(), *conditions)

    def brought_up(
        self, sealer: Sealer, row: Mapping[str, Any], seal: int, index: int
    ) -> dict[str, bytes]:
        """Return the new values of a row; raises `SealError` if one does not open."""
        new: dict[str, bytes] = {}
        for name in self.blind:
            if row[name] is not None and index_version(row[name]) < index:
                new[name] = bytes(sealer.lift(row[name]))
        after = {**row, **new}
        for name, contexts in self.sealed.items():
            value = row[name]
            if value is None:
                continue
            moved = contexts(row) != contexts(after)
            if moved or value[:_HEADER_BYTES] != seal_header(seal):
                plain, place = _open(sealer, value, contexts(row))
                new[name] = sealer.seal(plain, context=contexts(after)[place])
        return new


def sealed_tables() -> list[SealedTable]:
    """Return every table with something sealed or blindly indexed."""
    found = [
        SealedTable(
            table,
            {one.name: one.info["sealed"] for one in table.c if "sealed" in one.info},
            {
                one.name: one.info["blind"]
                for one in table.c
                if one.info.get("blind", "forever") != "forever"
            },
        )
        for table in all_tables()
    ]
    return [one for one in found if one.sealed or one.blind]


def is_in_use(connection: Connection, seal: int) -> str | None:
    """Return a column that has a value under a version of the sealing key."""
    for one in sealed_tables():
        for name in one.sealed:
            column = one.table.c[name]
            begins = sa.func.substr(column, 1, _HEADER_BYTES) == seal_header(seal)
            query = sa.select(sa.literal(1)).where(begins).limit(1)
            if connection.execute(query).first() is not None:
                return f"{one.table.name}.{name}"
    return None


def _open(sealer: Sealer, value: bytes, contexts: list[str]) -> tuple[bytes, int]:
    for place, context in enumerate(contexts):
        try:
            return sealer.open(value, context=context), place
        except SealError:
            continue
    raise SealError
