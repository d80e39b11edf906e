"""The trust store in the database: what operators imported to check cards against.

A process remembers the parsed store and looks every few seconds whether it changed.
"""

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.events import ChipTrustChanged
from idp.audit.log import AuditLog
from idp.emrtd.certificates import (
    RevocationList,
    parse_certificate,
    parse_revocation_list,
)
from idp.emrtd.countries import alpha_2
from idp.emrtd.trust import TrustItem, TrustStore
from idp.emrtd.trust_items import Loaded, Progress, load_items
from idp.errors import NotFoundError
from idp.factors.models import ChipTrustItem
from idp.storage.database import Database

MAX_AGE = 5.0  # seconds until an import or a removal counts everywhere
CSCA, VOUCHED, CRL = "csca", "vouched", "crl"
_MIN_PREFIX = 8
_MAX_SOURCE = 128


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item as it was imported; `kind` is `csca`, `vouched` or `crl`."""

    digest: bytes
    kind: str
    country: str
    source: str
    item: TrustItem


@dataclass(slots=True)
class Kept:
    """What an import changed: items by how they fared."""

    added: list[TrustItem] = field(default_factory=list)
    present: int = 0
    superseded: int = 0
    older: int = 0


@dataclass(frozen=True, slots=True)
class News:
    """What an import would change, before anybody agrees to it."""

    added: list[tuple[str, TrustItem]]
    replaced: list[RevocationList]
    present: int


@dataclass(slots=True)
class _Remembered:
    """One country's store, and what was in the database when it was built."""

    state: frozenset[tuple[bytes, str]]
    store: TrustStore
    looked_at: float


_remembered: WeakKeyDictionary[Database, dict[str, _Remembered]] = WeakKeyDictionary()
_lock = Lock()


def load(database: Database, country: str, *, max_age: float = MAX_AGE) -> TrustStore:
    """Return the trust store of a country, at most `max_age` seconds old."""
    state_code = alpha_2(country)
    with _lock:
        countries = _remembered.setdefault(database, {})
        known = countries.get(state_code)
        if known is not None and time.monotonic() - known.looked_at < max_age:
            return known.store
        with database.read() as connection:
            state = _state(connection, state_code)
            if known is None or known.state != state:
                rows = _rows(connection, ChipTrustItem.country == state_code)
                known = _Remembered(state, _build(rows), 0.0)
        known.looked_at = time.monotonic()
        countries[state_code] = known
        return known.store


def read_file(
    connection: Connection,
    data: bytes,
    *,
    now: datetime,
    progress: Progress | None = None,
) -> Loaded:
    """Read what an operator wants to import, seen against all that is trusted."""
    known = _build(_rows(connection, sa.true()))
    return load_items(data, known=known, now=now, progress=progress)


def keep(
    session: Session, audit: AuditLog, loaded: Loaded, *, source: str, now: datetime
) -> Kept:
    """Trust what was read from now on; older revocation lists give way."""
    kept = Kept()
    marked = (
        *((CSCA, item) for item in loaded.certificates),
        *((VOUCHED, item) for item in loaded.vouched),
    )
    for kind, certificate in marked:
        _keep(session, kept, kind, certificate, source=source, now=now)
    for crl in loaded.lists:
        if _supersede(session, kept, crl):
            _keep(session, kept, CRL, crl, source=source, now=now)
    if kept.added or kept.superseded:
        audit.record(session, _event("imported", source, kept.added), now=now)
    return kept


def news(loaded: Loaded, held: Iterable[StoredItem]) -> News:
    """Return what `keep` would add and replace; what is older than ours is present."""
    known = {stored.digest: stored for stored in held}
    lists = [one.item for one in known.values() if isinstance(one.item, RevocationList)]
    added: list[tuple[str, TrustItem]] = []
    replaced: list[RevocationList] = []
    present = 0
    marked = (
        *((CSCA, item) for item in loaded.certificates),
        *((VOUCHED, item) for item in loaded.vouched),
    )
    for kind, item in marked:
        stored = known.get(digest_of(item))
        is_new = stored is None or stored.kind not in {kind, VOUCHED}
        added += [(kind, item)] if is_new else []
        present += not is_new
    for crl in loaded.lists:
        others = [one for one in lists if _is_of_same_key(one, crl) and one != crl]
        is_new = digest_of(crl) not in known and not any(
            one.this_update > crl.this_update for one in others
        )
        added += [(CRL, crl)] if is_new else []
        replaced += others if is_new else []
        present += not is_new
    return News(added, replaced, present)


def _is_of_same_key(one: RevocationList, other: RevocationList) -> bool:
    return (one.issuer, one.authority_key_id) == (other.issuer, other.authority_key_id)


def list_items(
    connection: Connection | Session, *, country: str | None = None
) -> list[StoredItem]:
    """Return what is trusted, by country."""
    where = ChipTrustItem.country == alpha_2(country) if country else sa.true()
    return [
        StoredItem(row.digest, row.kind, row.country, row.source, _parse(row))
        for row in _rows(connection, where)
    ]


def find(connection: Connection | Session, digest: str) -> StoredItem:
    """Return one item; `digest` is the beginning of its digest in hex."""
    items = list_items(connection)
    found = [row for row in items if row.digest.hex().startswith(digest.lower())]
    if len(digest) < _MIN_PREFIX or len(found) != 1:
        raise NotFoundError(f"{digest!r} names {len(found) or 'no'} trusted item(s)")
    return found[0]


def remove(
    session: Session, audit: AuditLog, digest: str, *, now: datetime
) -> StoredItem:
    """Trust one item no more; `digest` is the beginning of its digest in hex."""
    row = find(session, digest)
    session.execute(sa.delete(ChipTrustItem).where(ChipTrustItem.digest == row.digest))
    audit.record(session, _event("removed", row.source, [row.item]), now=now)
    return row


def _keep(  # noqa: PLR0913 - the effect's place, then the item
    session: Session,
    kept: Kept,
    kind: str,
    item: TrustItem,
    *,
    source: str,
    now: datetime,
) -> None:
    digest = digest_of(item)
    known = session.get(ChipTrustItem, digest)
    if known is not None and known.kind in {kind, VOUCHED}:
        kept.present += 1
        return
    if known is not None:
        known.kind = kind
    else:
        session.add(
            ChipTrustItem(
                digest=digest,
                kind=kind,
                country=item.owner.country,
                content=item.encoded,
                source=source[:_MAX_SOURCE],
                imported_at=now,
            )
        )
    kept.added.append(item)


def _supersede(session: Session, kept: Kept, crl: RevocationList) -> bool:
    """Delete older lists of the same key; say whether this one is the newest."""
    is_list = sa.and_(
        ChipTrustItem.kind == CRL, ChipTrustItem.country == crl.issuer.country
    )
    for row in _rows(session, is_list):
        other = parse_revocation_list(row.content)
        if not _is_of_same_key(other, crl) or other == crl:
            continue
        if other.this_update > crl.this_update:
            kept.older += 1
            return False
        session.execute(
            sa.delete(ChipTrustItem).where(ChipTrustItem.digest == row.digest)
        )
        kept.superseded += 1
    return True


def _event(change: str, source: str, items: Iterable[TrustItem]) -> ChipTrustChanged:
    digests = sorted(map(digest_of, items))
    lists = sum(isinstance(item, RevocationList) for item in items)
    return ChipTrustChanged(
        change=change,
        source=source[:_MAX_SOURCE],
        certificates=len(digests) - lists,
        revocation_lists=lists,
        digest=hashlib.sha256(b"".join(digests)).hexdigest(),
    )


def digest_of(item: TrustItem) -> bytes:
    """Return the SHA-256 by which an item is known and compared."""
    return hashlib.sha256(item.encoded).digest()


def _state(connection: Connection, country: str) -> frozenset[tuple[bytes, str]]:
    query = sa.select(ChipTrustItem.digest, ChipTrustItem.kind).where(
        ChipTrustItem.country == country
    )
    return frozenset((row.digest, row.kind) for row in connection.execute(query))


def _rows(connection: Connection | Session, where: Any) -> list[Any]:
    query = (
        sa.select(
            ChipTrustItem.digest,
            ChipTrustItem.kind,
            ChipTrustItem.country,
            ChipTrustItem.content,
            ChipTrustItem.source,
        )
        .where(where)
        .order_by(ChipTrustItem.country, ChipTrustItem.kind, ChipTrustItem.digest)
    )
    return list(connection.execute(query))


def _build(rows: list[Any]) -> TrustStore:
    items = [_parse(row) for row in rows if row.kind != VOUCHED]
    vouched = [parse_certificate(row.content) for row in rows if row.kind == VOUCHED]
    return TrustStore(items, vouched=vouched)


def _parse(row: Any) -> TrustItem:
    if row.kind == CRL:
        return parse_revocation_list(row.content)
    return parse_certificate(row.content)
