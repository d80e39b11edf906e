"""How rows are chained: shards, genesis, and the hash over one row. All pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from json.encoder import encode_basestring
from typing import Any
from uuid import UUID

from idp.audit.event import Event

SHARDS = 16
_SERVICE_SHARD = 0
_DIGITS = "0123456789abcdef"
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


def shard_of_text(account: str | None) -> int:
    """Return the shard of an account whose id is given as text: its last digit."""
    return _SERVICE_SHARD if account is None else _DIGITS.find(account[-1:])


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
    """Return the bytes of a row that are chained: the canonical JSON of its parts."""
    account = None if link.account_id is None else str(link.account_id)
    tail = encode_place(link.month, link.shard)
    at = round(link.at.timestamp() * 1_000_000)
    return encode_row(at, link.type, account, link.data, tail)


def encode_row(at: int, kind: str, account: str | None, data: str, tail: str) -> bytes:
    """Return the canonical JSON of a row's plain values, in a chain with this `tail`.

    Put together by hand: every effect waits for it, and every row of a proof.
    """
    holder = "null" if account is None else f'"{account}"'
    return (
        f'{{"account_id":{holder},"at":{at},"data":{encode_basestring(data)},'
        f'{tail}"type":{encode_basestring(kind)}}}'
    ).encode()


def encode_place(month: str, shard: int) -> str:
    """Return the members that all rows of one chain share."""
    return f'"month":{_encode(month)},"shard":{shard},'


def link_hash(previous: bytes, link: Link) -> bytes:
    """Return the hash of a row that follows the row with the hash `previous`.

    The row's number is not hashed: it is proven by what comes before.
    """
    return sha256(previous + encode(link)).digest()
