"""The password: argon2id (RFC 9106) in a bounded pool, the same cost for everyone."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import BoundedSemaphore
from uuid import UUID

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from idp.accounts.identifiers import number_index
from idp.accounts.models import Account, PersonalNumber
from idp.audit.events import PasswordChanged, PasswordRehashed
from idp.audit.log import AuditLog
from idp.config import PasswordConfig
from idp.errors import BusyError, IdpError
from idp.factors.results import VerifiedFactor
from idp.storage.database import Database
from keys.sealing import Sealer

MIN_LENGTH = 12
MAX_BYTES = 1024


class PasswordBusyError(BusyError):
    """Too many hashes are running or waiting."""

    code = "DD-AUTH-503"


class UnfitPasswordError(IdpError):
    """The new password is too short, too long or not text."""

    code = "DD-AUTH-030"


class PasswordPool:
    """Hash and verify within bounds, so that other requests never wait for a hash.

    argon2 releases the interpreter lock and runs in the caller's thread. At most
    `concurrent` callers hash and `waiting` more wait in each process; whoever comes
    beyond that is turned away at once with `PasswordBusyError`.
    """

    def __init__(self, config: PasswordConfig) -> None:
        self._hasher = PasswordHasher(
            time_cost=config.iterations,
            memory_cost=config.memory_kib,
            parallelism=config.parallelism,
        )
        self._places = BoundedSemaphore(config.concurrent + config.waiting)
        self._running = BoundedSemaphore(config.concurrent)
        self._dummy_hash = self._hasher.hash("nobody's password")

    def hash(self, password: str, *, shortest: int = MIN_LENGTH) -> str:
        """Return the encoded hash of a new password; refuse one that is unfit."""
        if len(password) < shortest:
            raise UnfitPasswordError(f"a password has at least {shortest} characters")
        prepared = _prepare(password)
        if prepared is None:
            raise UnfitPasswordError(f"a password has at most {MAX_BYTES} bytes")
        with self._place():
            return self._hasher.hash(prepared)

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Say whether the password fits; without a hash do the same work for nothing.

        An oversized password is never hashed, yet costs what every other one costs.
        """
        prepared = _prepare(password)
        known = password_hash is not None and prepared is not None
        with self._place():
            try:
                self._hasher.verify(password_hash or self._dummy_hash, prepared or b"")
            except (VerificationError, InvalidHashError):
                return False
        return known

    def needs_rehash(self, password_hash: str) -> bool:
        """Say whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise PasswordBusyError
        try:
            with self._running:
                yield
        finally:
            self._places.release()


def _prepare(password: str) -> bytes | None:
    # Vietnamese keyboards send the same letter composed or decomposed.
    try:
        prepared = unicodedata.normalize("NFC", password[: MAX_BYTES + 1]).encode()
    except UnicodeEncodeError:
        return None
    return prepared if len(prepared) <= MAX_BYTES else None


@dataclass(frozen=True, slots=True)
class ProvenPassword:
    """Whose password was proven; the account may still be unfit for signing in."""

    account_id: UUID
    factor: VerifiedFactor


def set_password(
    session: Session,
    audit: AuditLog,
    account_id: UUID,
    password_hash: str,
    *,
    now: datetime,
) -> None:
    """Store the hash of a new password; sessions and grants are the caller's affair."""
    session.execute(
        sa.update(Account)
        .where(Account.id == account_id)
        .values(password_hash=password_hash, updated_at=now)
    )
    audit.record(session, PasswordChanged(account_id), now=now)


def prove(  # noqa: PLR0913 - the stores, then the proof
    database: Database,
    sealer: Sealer,
    pool: PasswordPool,
    audit: AuditLog,
    *,
    number: str,
    password: str,
    now: datetime,
) -> ProvenPassword | None:
    """Verify the password of the account that `number` names today.

    An unknown number and an account without a password cost the same as a wrong
    password. No connection is held while the hash runs.
    """
    query = (
        sa.select(Account.id, Account.password_hash)
        .join(PersonalNumber, PersonalNumber.account_id == Account.id)
        .where(
            PersonalNumber.number_index.in_(number_index(sealer, number).versions),
        )
    )
    return _prove(database, pool, audit, query, password=password, now=now)


def prove_again(  # noqa: PLR0913 - the stores, then the proof
    database: Database,
    pool: PasswordPool,
    audit: AuditLog,
    *,
    account_id: UUID,
    password: str,
    now: datetime,
) -> VerifiedFactor | None:
    """Verify the password of an account that has proven another factor already."""
    query = sa.select(Account.id, Account.password_hash).where(Account.id == account_id)
    proven = _prove(database, pool, audit, query, password=password, now=now)
    return proven.factor if proven else None


def _prove(  # noqa: PLR0913 - the stores, then the proof
    database: Database,
    pool: PasswordPool,
    audit: AuditLog,
    query: sa.Select[UUID, str | None],
    *,
    password: str,
    now: datetime,
) -> ProvenPassword | None:
    with database.read() as connection:
        row = connection.execute(query).one_or_none()
    known = row.password_hash if row else None
    if not pool.verify(known, password) or row is None or known is None:
        return None
    if pool.needs_rehash(known):
        _renew(database, audit, row.id, known, pool.hash(password), now)
    return ProvenPassword(row.id, VerifiedFactor("pwd", now))


def _renew(  # noqa: PLR0913, PLR0917 - one statement's values
    database: Database,
    audit: AuditLog,
    account_id: UUID,
    before: str,
    after: str,
    now: datetime,
) -> None:
    with database.transaction() as session:
        renewed = session.execute(
            sa.update(Account)
            .where(Account.id == account_id, Account.password_hash == before)
            .values(password_hash=after)
            .returning(Account.id)
        ).all()
        if renewed:
            audit.record(session, PasswordRehashed(account_id), now=now)
