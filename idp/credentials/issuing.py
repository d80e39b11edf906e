"""Issuing: one credential for each of a wallet's keys, and the list of their status."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from idp import clock
from idp.audit.credential_events import WalletCredentialsIssued
from idp.audit.log import AuditLog
from idp.config import Config
from idp.credentials import register, residence_credential, sd_jwt, status_list
from idp.credentials.residence_credential import Place
from idp.errors import BusyError, IdpError
from idp.storage.database import Database
from idp.storage.key_store import hold_living
from keys import jws
from keys.ring import Ring
from keys.signers import KeyRings

LIST_PATH = "/credentials/status"
_RING = Ring("credential", residence_credential.SIGNING)


class EndedError(IdpError):
    """What the credentials stand on has ended since it was looked at."""


class Services(Protocol):
    """What of the provider credentials are issued with."""

    @property
    def config(self) -> Config:
        """The settings."""

    @property
    def database(self) -> Database:
        """The database."""

    @property
    def audit(self) -> AuditLog:
        """The audit log."""

    @property
    def rings(self) -> KeyRings:
        """What signs."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose credential it is, by which grant of theirs, and what it will say."""

    account_id: UUID
    grant_id: UUID
    client_id: str
    values: Mapping[str, Any]


def issue(
    services: Services,
    holder: Holder,
    keys: Sequence[Mapping[str, Any]],
    *,
    still: Callable[[Session], bool],
    now: datetime,
) -> list[str]:
    """Return a credential for each key; none comes to be unless all do.

    `still` is asked in the transaction whether they may: what was taken back meanwhile
    would not find these, nor would a kill of the key, which waits for this transaction.
    """
    settings = services.config.credentials
    until = now + timedelta(seconds=settings.lifetime)
    issued = []
    with services.database.transaction() as session:
        if not still(session):
            raise EndedError
        living = hold_living(session, _RING)
        register.make_room(
            session,
            services.audit,
            holder.account_id,
            wanted=len(keys),
            most=settings.per_account,
            now=now,
        )
        number = register.open_list(session, settings.list_size)
        signed_by: dict[str, list[int]] = {}
        for key in keys:
            position = register.allot(
                session,
                holder.account_id,
                holder.grant_id,
                number=number,
                size=settings.list_size,
                now=now,
                until=until,
            )
            payload, disclosures = residence_credential.payload(
                holder.values,
                issuer=services.config.issuer,
                key=key,
                place=Place(list_uri(services, position.list_number), position.index),
                issued_at=now,
                expires_at=until,
            )
            signed = services.rings.sign(
                payload,
                purpose="credential",
                alg=residence_credential.SIGNING,
                typ=residence_credential.FORMAT,
                now=now,
            )
            signed_by.setdefault(jws.read(signed).kid, []).append(position.index)
            issued.append(sd_jwt.combined(signed, disclosures))
        if not living.issuperset(signed_by):
            raise BusyError("The key was killed; this process is about to learn of it")
        for kid, indexes in signed_by.items():
            register.note_key(session, number, indexes, kid)
        event = WalletCredentialsIssued(
            holder.account_id, holder.client_id, len(issued)
        )
        services.audit.record(session, event, now=now)
    return issued


def list_uri(services: Services, number: int) -> str:
    """Return where a status list is, which is also its subject."""
    return f"{services.config.issuer}{LIST_PATH}?list={number}"


def status_token(services: Services, number: int, *, now: datetime) -> str | None:
    """Return the signed status list, or None if there is no such (§5.1)."""
    settings = services.config.credentials
    with services.database.read() as connection:
        if not register.exists(connection, number):
            return None
        found = register.statuses(connection, number, now=now)
    issued_at = clock.timestamp(now)
    claims = {
        "sub": list_uri(services, number),
        "iat": issued_at,
        "exp": issued_at + settings.list_lifetime,
        "ttl": settings.list_cache,
        "status_list": status_list.write(found, size=settings.list_size),
    }
    return services.rings.sign(
        claims,
        purpose="credential",
        alg=residence_credential.SIGNING,
        typ=status_list.TYPE,
        now=now,
    )
