"""What a column holds sealed, or indexes blindly: said where the column is declared.

From it `idp keys reseal` knows every column; a test holds the models to it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import MappedColumn, Session, mapped_column

from idp.storage.versions import hold_index_version
from keys.sealing import BlindIndex

Contexts = Callable[[Mapping[str, Any]], list[str]]


def sealed(*contexts: str | Callable[[Mapping[str, Any]], str]) -> MappedColumn[Any]:
    """Declare a sealed column, with the context that its row's values make.

    Of several contexts one fits: a table may hold two kinds of things.
    """

    def of_row(row: Mapping[str, Any]) -> list[str]:
        return [
            context.format_map(row) if isinstance(context, str) else context(row)
            for context in contexts
        ]

    return mapped_column(info={"sealed": of_row})


def blind(*, replaced: bool = False, **options: Any) -> MappedColumn[Any]:
    """Declare a blind index that is brought up to a new key.

    With `replaced`, a row under the new key stands for the row of the same value under
    an older one: it was written later, in its place.
    """
    return mapped_column(info={"blind": "replaced" if replaced else "own"}, **options)


def blind_forever(**options: Any) -> MappedColumn[Any]:
    """Declare a blind index that stays under the key that it was made with."""
    return mapped_column(info={"blind": "forever"}, **options)


def claim(
    session: Session,
    column: Any,
    index: BlindIndex,
    *others: sa.ColumnElement[bool],
) -> bytes:
    """Return the index to write into a unique column, if nobody has it already.

    The database's own constraint compares what is written, so that it is blind to the
    same value under another key. Raises `IntegrityError` as it does. `others` narrows
    whose rows stand against it. While this transaction lasts no other key comes into
    use, so whoever wrote under the one before is seen here.
    """
    if len(index.versions) == 1:
        return index
    version = hold_index_version(session)
    query = sa.select(sa.literal(1)).where(column.in_(index.versions), *others)
    if session.execute(query.limit(1)).first() is not None:
        raise sa.exc.IntegrityError("claim", None, ValueError("taken"))
    return index.versions[version - 1]
