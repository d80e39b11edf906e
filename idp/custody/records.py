"""Reading what was written down of fetches and of tokens that came back."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.custody.models import KeySet, KeySetFetch, TokenReturn
from idp.custody.standing import Fetch

_OTHER = ""
_SETS = sa.select(KeySet.digest, KeySet.kids)
_RETURNS = sa.select(TokenReturn.client_id, TokenReturn.issued_at, TokenReturn.seen_at)


def fetches(connection: Connection | Session, kids: Collection[str]) -> list[Fetch]:
    """Return what was fetched that has any of these keys, each set by itself.

    Of all that has none, hundreds of sets in a year, one sum for each client and way.
    Those of nobody have no client.
    """
    asked = frozenset(kids)
    sets = {digest: asked & {*named} for digest, named in connection.execute(_SETS)}
    having = [digest for digest, named in sets.items() if named]
    fetch = KeySetFetch
    which = sa.case((fetch.digest.in_(having), fetch.digest), else_=_OTHER)
    query = sa.select(
        fetch.client_id,
        which.label("which"),
        fetch.via,
        sa.func.min(fetch.first_at, type_=fetch.first_at.type),
        sa.func.max(fetch.last_at, type_=fetch.last_at.type),
        sa.cast(sa.func.sum(fetch.count), sa.BigInteger),
    ).group_by(fetch.client_id, sa.text("which"), fetch.via)
    return [
        Fetch(row.client_id, sets.get(row.which, frozenset()), row.via, *row[3:])
        for row in connection.execute(query)
    ]


def returns(
    connection: Connection | Session,
) -> dict[str, tuple[datetime, datetime]]:
    """Return, by client, its newest sign-in that came back, and when it did."""
    rows = connection.execute(_RETURNS)
    return {row.client_id: (row.issued_at, row.seen_at) for row in rows}
