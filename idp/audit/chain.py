"""How rows are chained: shards, genesis, and the hash over one row. All pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from idp.audit.event import Event

SHARDS = 16
_SERVICE_SHARD = 0
_encode = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
).encode


@dataclass(frozen=True, slots=True)
class Link:
    """The chained part of one row, apart from its place in the chain."""

    month: str
    shard: int
    at: datetime
    type: str
    account_id: UUID | None
    data: str


def link_of(row: Any) -> Link:
    """Return the chained part of a stored row."""
    return Link(
        month=row.month,
        shard=row.shard,
        at=row.at,
        type=row.type,
        account_id=row.account_id,
        data=row.data,
    )


def link_to(event: Event, data: Mapping[str, Any], *, at: datetime) -> Link:
    """Return the chained part of an event that is recorded with `data`."""
    return Link(
        month=month_of(at),
        shard=shard_of(event.account_id),
        at=at,
        type=event.TYPE,
        account_id=event.account_id,
        data=canonical(data),
    )


def shard_of(account_id: UUID | None) -> int:
    """Return the account's shard; what belongs to no account is in the first."""
    return _SERVICE_SHARD if account_id is None else account_id.int % SHARDS


def month_of(at: datetime) -> str:
    """Return the UTC month in which an event is chained."""
    here = at.astimezone(UTC)
    return f"{here.year:04}-{here.month:02}"


def canonical(data: Mapping[str, Any]) -> str:
    """Return the one JSON text of `data`."""
    return _encode(data)


def genesis(month: str, shard: int) -> bytes:
    """Return the hash that the first row of a chain follows."""
    return sha256(f"dinhdanh audit {month}/{shard}".encode()).digest()


def encode(link: Link) -> bytes:
    """Return the bytes of a row that are chained: the canonical JSON of its parts.

    Put together by hand, since every effect waits for it.
    """
    account = "null" if link.account_id is None else f'"{link.account_id}"'
    return (
        f'{{"account_id":{account},"at":{round(link.at.timestamp() * 1_000_000)},'
        f'"data":{_encode(link.data)},"month":{_encode(link.month)},'
        f'"shard":{link.shard},"type":{_encode(link.type)}}}'
    ).encode()


def link_hash(previous: bytes, link: Link) -> bytes:
    """Return the hash of a row that follows the row with the hash `previous`.

    The row's number is not hashed: it is proven by what comes before.
    """
    return sha256(previous + encode(link)).digest()
