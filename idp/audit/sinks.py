"""Tell the signed heads where no database administrator can change them.

A file, on every machine that names one: its own last line says what comes next. And an
address, told by one worker at a time, again and again until it takes them. One line is
one head, in order; a head may come twice.
"""

import fcntl
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit import head
from idp.audit.heads import AHEAD, Services
from idp.audit.models import AuditSink, SignedHeadRow
from idp.config import AuditConfig
from idp.outbound import NoAnswerError, post
from keys.errors import InvalidTokenError

FILE, HTTP = "file", "http"
_AT_ONCE = 100  # heads in one message
_TAIL = 65_536  # bytes; longer than any head
_LONGEST_WAIT = 3600
_ROWS: Any = SignedHeadRow.__table__

log = structlog.get_logger("idp.audit")


class ForkedError(Exception):
    """The heads in the database are not those that were told before."""


def lines(
    connection: Connection, after: int = 0, most: int | None = None
) -> Iterator[str]:
    """Yield the heads behind this number, in order."""
    query = sa.select(_ROWS.c.jws).where(_ROWS.c.number > after)
    query = query.order_by(_ROWS.c.number).limit(most)
    yield from connection.execute(
        query, execution_options={"yield_per": _AT_ONCE}
    ).scalars()


def write_file(services: Services, *, now: datetime) -> None:
    """Append what the file lacks, and note how far it is, or what is wrong."""
    path = services.config.audit.heads_file
    if path is None:
        return
    try:
        with services.database.snapshot() as connection:
            number, written = _append(path, connection)
    except (OSError, ForkedError, InvalidTokenError) as error:
        reason = str(error) if isinstance(error, ForkedError) else type(error).__name__
        log.warning("audit heads not written", detail=reason)
        _note(services, FILE, now, failure=reason)
        return
    if written:
        _note(services, FILE, now, number=number, told_at=now, failure=None)


def post_due(services: Services, *, now: datetime) -> None:
    """Post what the address lacks, unless another worker does or it is to be left."""
    settings = services.config.audit
    if not settings.heads_url:
        return
    number = _claim(services, now)
    if number is None:
        return
    with services.database.snapshot() as connection:
        lot = list(lines(connection, number, _AT_ONCE))
    failure = _post(settings, lot)
    if failure is not None:
        log.warning("audit heads not taken", detail=failure)
        _note(services, HTTP, now, failure=failure)
        return
    done = {"number": number + len(lot), "attempts": 0, "due_at": now}
    _note(services, HTTP, now, **done, told_at=now, failure=None)


def _post(settings: AuditConfig, lot: list[str]) -> str | None:
    """Send the heads; return why they were not taken, or None."""
    headers = {"Content-Type": "text/plain; charset=us-ascii"}
    if settings.heads_token_file:
        token = settings.heads_token_file.read_text().strip()
        headers["Authorization"] = f"Bearer {token}"
    body = "".join(f"{line}\n" for line in lot).encode()
    try:
        answer = post(
            settings.heads_url,
            body,
            headers,
            timeout=settings.timeout,
            most=0,
            within=None,
        )
    except NoAnswerError as error:
        return str(error)
    return None if 200 <= answer.status < 300 else f"answered {answer.status}"


def _append(path: Path, connection: Connection) -> tuple[int, bool]:
    """Return the file's last number, and whether anything was written."""
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        last, is_whole = _last_line(file)
        told = head.unproven(last) if last else None
        number = told.number if told else 0
        missing = lines(connection, number)
        first = next(missing, None)
        if told and last:
            _check_continues(connection, told.number, last, first)
        if first is None:
            return number, False
        if not is_whole:
            file.write(b"\n")  # a crash cut the last one short; it comes again
        for line in chain((first,), missing):
            file.write(f"{line}\n".encode())
            number += 1
        file.flush()
        os.fsync(file.fileno())
    return number, True


def _check_continues(
    connection: Connection, number: int, last: str, first: str | None
) -> None:
    query = sa.select(_ROWS.c.jws).where(_ROWS.c.number == number)
    if connection.scalar(query) != last or (
        first is not None and head.unproven(first).previous != head.digest(last)
    ):
        raise ForkedError(f"head {number} of the file is not the database's")


def _last_line(file: IO[bytes]) -> tuple[str | None, bool]:
    """Return the last whole line, and whether the file ends with one."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - _TAIL))
    *whole, rest = file.read().decode("ascii", "replace").split("\n")
    told = [line for line in whole if line.count(".") == 2]
    return (told[-1] if told else None), not rest


def _claim(services: Services, now: datetime) -> int | None:
    """Take the next lot for this worker; should it die, another comes later."""
    wait = services.config.audit.retry_after
    with services.database.transaction() as session:
        newest = session.scalar(sa.select(sa.func.max(_ROWS.c.number))) or 0
        _open(session, HTTP, now)
        query = sa.select(AuditSink).where(
            AuditSink.name == HTTP, AuditSink.number != newest, AuditSink.due_at <= now
        )
        row = session.scalar(query.with_for_update(skip_locked=True))
        if row is None:
            return None
        if row.number > newest:
            log.warning("audit heads not posted", detail=AHEAD)
            return None
        delay = min(wait * 2**row.attempts, _LONGEST_WAIT)
        row.attempts, row.due_at = row.attempts + 1, now + timedelta(seconds=delay)
        return row.number


def _note(services: Services, name: str, now: datetime, **values: Any) -> None:
    with services.database.transaction() as session:
        _open(session, name, now)
        note = sa.update(AuditSink).where(AuditSink.name == name)
        session.execute(note.values(values))


def _open(session: Session, name: str, now: datetime) -> None:
    """Have a row for the place; of workers that come at once one makes it."""
    is_postgresql = session.connection().dialect.name == "postgresql"
    insert: Any = (postgresql if is_postgresql else sqlite).insert(AuditSink)
    row = {"name": name, "number": 0, "attempts": 0, "due_at": now}
    session.execute(insert.values(row).on_conflict_do_nothing())
