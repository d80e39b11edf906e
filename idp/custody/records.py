"""Reading what was written down of fetches and of tokens that came back."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.custody.models import KeySet, KeySetFetch, TokenReturn
from idp.custody.standing import Fetch

_SETS = sa.select(KeySet.digest, KeySet.kids)
_FETCHES = sa.select(
    KeySetFetch.client_id,
    KeySetFetch.digest,
    KeySetFetch.via,
    KeySetFetch.first_at,
    KeySetFetch.last_at,
    KeySetFetch.count,
)
_RETURNS = sa.select(TokenReturn.client_id, TokenReturn.issued_at, TokenReturn.seen_at)


def fetches(connection: Connection | Session) -> list[Fetch]:
    """Return every fetch that is remembered; those of nobody have no client."""
    # One set for all who fetched it: in a year that is hundreds of sets of everybody.
    kids = {digest: frozenset(named) for digest, named in connection.execute(_SETS)}
    return [
        Fetch(row.client_id, kids[row.digest], row.via, *row[3:])
        for row in connection.execute(_FETCHES)
        if row.digest in kids
    ]


def returns(
    connection: Connection | Session,
) -> dict[str, tuple[datetime, datetime]]:
    """Return, by client, its newest sign-in that came back, and when it did."""
    rows = connection.execute(_RETURNS)
    return {row.client_id: (row.issued_at, row.seen_at) for row in rows}
