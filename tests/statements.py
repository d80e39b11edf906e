"""What an answer costs: statements, prepared ones included, and password hashes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import argon2
import sqlalchemy as sa

from idp.storage.prepared import Reader


@contextmanager
def noted_statements() -> Iterator[list[str]]:
    """Yield the statements that are sent meanwhile, BEGIN and PRAGMA apart."""
    statements: list[str] = []

    def note(*args: Any) -> None:
        # Keys are read again every few seconds, whoever happens to ask then.
        is_timed = "FROM signing_keys" in args[2] or "FROM server_secrets" in args[2]
        if not is_timed and not args[2].startswith(("BEGIN", "PRAGMA")):
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


@contextmanager
def noted_hashes() -> Iterator[list[str]]:
    """Yield which slow hashes are computed meanwhile, wherever they are asked for."""
    hashes: list[str] = []
    slow = argon2.PasswordHasher
    hashing, verifying = slow.hash, slow.verify

    def make(*args: Any, **named: Any) -> str:
        hashes.append("hash")
        return hashing(*args, **named)

    def compare(*args: Any, **named: Any) -> Any:
        hashes.append("verify")
        return verifying(*args, **named)

    slow.hash, slow.verify = make, compare  # type: ignore[method-assign]
    try:
        yield hashes
    finally:
        slow.hash, slow.verify = hashing, verifying  # type: ignore[method-assign]
