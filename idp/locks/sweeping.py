"""The periodic look at dates: papers that ended, papers that were renewed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.engine import Connection

from idp.accounts import contacts
from idp.accounts.calendar import HANOI
from idp.accounts.lifecycle import LifecycleError
from idp.authentication import session_changes
from idp.factors import notices
from idp.locks import papers, placing

_AT_ONCE = 200  # as many as a courier lets wait


class Services(session_changes.Services, notices.Services, Protocol):
    """The part of the running provider that a sweep needs."""


@dataclass(frozen=True, slots=True)
class Swept:
    """How many accounts a sweep locked and unlocked."""

    locked: int
    unlocked: int


def sweep(services: Services, *, now: datetime) -> Swept:
    """Lock whose paper has ended, unlock whose was renewed; each by itself.

    Killed at any point it has done whole accounts, and the next sweep does the others.
    """
    with services.database.transaction() as session:
        papers.note_cards(session, now=now)
    return Swept(
        unlocked=_each(services, papers.renewed, _unlock, now=now),
        locked=_each(services, papers.ended, _lock, now=now),
    )


def _each(
    services: Services,
    find: Callable[..., list[tuple[UUID, str]]],
    act: Callable[[Services, UUID, str, datetime], bool],
    *,
    now: datetime,
) -> int:
    done, seen = 0, set[tuple[UUID, str]]()
    while True:
        found = _find(services, find, now)
        new = [item for item in found if item not in seen]
        if not new:
            return done
        for account_id, ground in new:
            seen.add((account_id, ground))
            done += act(services, account_id, ground, now)
        services.courier.wait()


def _find(
    services: Services, find: Callable[..., list[tuple[UUID, str]]], now: datetime
) -> list[tuple[UUID, str]]:
    today = now.astimezone(HANOI).date()
    connection: Connection
    with services.database.read() as connection:
        return find(connection, today=today, limit=_AT_ONCE)


def _lock(services: Services, account_id: UUID, ground: str, now: datetime) -> bool:
    try:
        with services.database.transaction() as session:
            known = contacts.read_contacts(session, services.sealer, account_id)
            placing.lock(
                services, session, account_id, ground=ground, asker="system", now=now
            )
    except LifecycleError:
        return False  # somebody was faster
    notices.warn(services, known, "account_locked", now)
    return True


def _unlock(services: Services, account_id: UUID, ground: str, now: datetime) -> bool:
    try:
        with services.database.transaction() as session:
            known = contacts.read_contacts(session, services.sealer, account_id)
            left = placing.unlock(
                services, session, account_id, ground=ground, asker="system", now=now
            )
    except LifecycleError:
        return False
    what = placing.told(left)
    if what:
        notices.warn(services, known, what, now)
    return True
