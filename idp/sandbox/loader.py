"""Create the synthetic citizens by the functions that create everyone's account."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts.identifiers import find_account_id
from idp.accounts.lifecycle import (
    create_account,
    place_lock,
)
from idp.accounts.representation import appoint, term_of
from idp.accounts.standing import read_standing
from idp.audit.events import SandboxLoaded
from idp.audit.log import AuditLog
from idp.config import Config
from idp.errors import ConfigError, NotFoundError
from idp.factors import sms, totp
from idp.factors.enrolled import enrolled_kinds
from idp.factors.password import PasswordPool, set_password
from idp.registry.embedded import EmbeddedRegistry
from idp.sandbox import organisations
from idp.sandbox.citizens import Citizen, all_citizens, registered
from idp.storage.database import Database
from keys.sealing import Sealer


class Wiring(Protocol):
    """What of the provider the sandbox works with."""

    @property
    def config(self) -> Config:
        """The settings."""

    @property
    def database(self) -> Database:
        """The database."""

    @property
    def sealer(self) -> Sealer:
        """What seals personal values."""

    @property
    def audit(self) -> AuditLog:
        """The audit log."""

    @property
    def passwords(self) -> PasswordPool:
        """What hashes passwords."""


def load(provider: Wiring, now: datetime) -> int:
    """Create those citizens who do not exist yet and say how many were created.

    Whoever exists stays as they are, whatever has been changed since.
    """
    require_sandbox(provider.config)
    with provider.database.read() as connection:
        missing = [
            citizen
            for citizen in all_citizens()
            if find_account_id(connection, provider.sealer, citizen.account.number)
            is None
        ]
    if not missing:
        return 0
    hashes = [provider.passwords.hash(citizen.password) for citizen in missing]
    with provider.database.transaction() as session:
        for citizen, password_hash in zip(missing, hashes, strict=True):
            _create(provider, session, citizen, password_hash, now)
        for citizen in missing:
            _appoint_guardian(provider, session, citizen, now)
        registry = EmbeddedRegistry(provider.database, provider.sealer)
        for record in (*(citizen.record for citizen in missing), *registered()):
            registry.store(session, record)
        organisations.load(provider, session, now)
        event = SandboxLoaded(citizens=len(missing))
        provider.audit.record(session, event, now=now)
    return len(missing)


def citizens(provider: Wiring, *, locale: str = "en") -> list[dict[str, Any]]:
    """Return what portal developers need to sign in as each citizen, as of now."""
    listing = list(each_citizen(provider, locale=locale))
    if not listing:
        raise NotFoundError("no citizens yet: run `idp sandbox load`")
    return listing


def each_citizen(provider: Wiring, *, locale: str = "en") -> Iterator[dict[str, Any]]:
    """Yield the entries of `citizens`, each looked up when it is asked for."""
    require_sandbox(provider.config)
    with provider.database.read() as connection:
        for citizen in all_citizens():
            number = citizen.account.number
            account_id = find_account_id(connection, provider.sealer, number)
            if account_id is not None:
                yield _entry(connection, citizen, account_id, locale)


def require_sandbox(config: Config) -> None:
    """Refuse where the sandbox is off."""
    if not config.sandbox.enabled:
        raise ConfigError("the sandbox is off: sandbox.enabled")


def _entry(
    connection: Connection, citizen: Citizen, account_id: UUID, locale: str
) -> dict[str, Any]:
    standing = read_standing(connection, account_id)
    return {
        "personal_number": citizen.account.number,
        "password": citizen.password,
        "totp_secret": citizen.totp_secret,
        "phone": citizen.account.phone,
        "email": citizen.account.email,
        "account_level": standing.level,
        "state": standing.effective,
        "lock": next(iter(standing.locks), None),
        "factors": ["pwd", *sorted(enrolled_kinds(connection, account_id))],
        "story": citizen.story[locale],
    }


def _create(
    provider: Wiring,
    session: Session,
    citizen: Citizen,
    password_hash: str,
    now: datetime,
) -> None:
    audit, sealer = provider.audit, provider.sealer
    account_id = create_account(session, audit, sealer, citizen.account, now=now)
    set_password(session, audit, account_id, password_hash, now=now)
    if citizen.totp_secret is not None:
        totp.enrol(
            session, audit, sealer, account_id, now=now, secret=citizen.totp_secret
        )
    if citizen.has_sms:
        sms.enrol(session, audit, account_id, now=now)
    if citizen.lock is not None:
        place_lock(session, audit, account_id, **citizen.lock, now=now)


def _appoint_guardian(
    provider: Wiring, session: Session, citizen: Citizen, now: datetime
) -> None:
    if citizen.guardian is None:
        return
    numbers = (citizen.guardian["personal_number"], citizen.account.number)
    guardian_id, ward_id = (
        find_account_id(session, provider.sealer, number) for number in numbers
    )
    if guardian_id is not None and ward_id is not None:
        appoint(
            session,
            provider.audit,
            representative_id=guardian_id,
            ward_id=ward_id,
            relation=citizen.guardian["relation"],
            now=now,
            term=term_of(
                citizen.guardian["relation"],
                citizen.account.identity.birth_date,
                provider.config.representation,
            ),
        )
