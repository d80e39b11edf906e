"""What whoever may write to the database can do to the audit log, and its heads."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from idp.audit.chain import Link, encode, genesis
from idp.audit.models import AuditEvent, AuditHead

EVENTS: Any = AuditEvent.__table__
HEADS: Any = AuditHead.__table__
Rows = list[dict[str, Any]]


def of_chain(month: str, shard: int) -> sa.ColumnElement[bool]:
    """Return the condition of one chain's rows."""
    return sa.and_(EVENTS.c.month == month, EVENTS.c.shard == shard)


def rewrite(
    connection: Connection, month: str, shard: int, change: Callable[[Rows], Rows]
) -> None:
    """Replace a chain by a changed one that hangs together, head and all."""
    here = of_chain(month, shard)
    query = sa.select(EVENTS).where(here).order_by(EVENTS.c.seq)
    rows = change([dict(row._mapping) for row in connection.execute(query)])
    digest = genesis(month, shard)
    for seq, row in enumerate(rows, start=1):
        values = {name: row[name] for name in ("at", "type", "account_id", "data")}
        link = Link(month=month, shard=shard, **values)
        row |= {"seq": seq, "previous_hash": digest}
        digest = row["hash"] = sha256(digest + encode(link)).digest()
    connection.execute(sa.delete(EVENTS).where(here))
    connection.execute(sa.insert(EVENTS), rows)
    connection.execute(
        sa.update(HEADS)
        .where(HEADS.c.month == month, HEADS.c.shard == shard)
        .values(seq=len(rows), hash=digest)
    )


@dataclass
class Witness:
    """An address outside that takes heads: what came, and how it answers."""

    uri: str = ""
    lines: list[str] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    answers: list[int] = field(default_factory=list)


@contextmanager
def witness() -> Iterator[Witness]:
    """Listen for the time of a test."""
    seen = Witness()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status = seen.answers.pop(0) if seen.answers else 204
            if status == 204:
                seen.lines += body.splitlines()
                seen.tokens.add(self.headers["Authorization"])
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    seen.uri = f"http://127.0.0.1:{server.server_port}/heads"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}
    )
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
