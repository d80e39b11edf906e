"""What is sent to the database meanwhile, prepared statements included."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from idp.storage.prepared import Reader


@contextmanager
def noted_statements() -> Iterator[list[str]]:
    """Yield the statements that are sent meanwhile, BEGIN and PRAGMA apart."""
    statements: list[str] = []

    def note(*args: Any) -> None:
        if not args[2].startswith(("BEGIN", "PRAGMA")):
            statements.append(args[2])

    def send(reader: Reader, text: str, values: Any) -> Any:
        statements.append(text)
        return sending(reader, text, values)

    sending, Reader.send = Reader.send, send
    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
        Reader.send = sending
