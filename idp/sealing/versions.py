"""The life of a version: published, in use after the lead, destroyed when unused."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.log import AuditLog
from idp.audit.sealing_events import (
    SealingKeyActivated,
    SealingKeyDestroyed,
    SealingKeyPublished,
)
from idp.config import Config
from idp.errors import IdpError
from idp.sealing.columns import is_in_use
from idp.storage.versions import (
    activate_version,
    destroy_version,
    lock_versions,
    read_versions,
    write_version,
)
from keys.envelope import envelope
from keys.sealing import KEY_BYTES
from keys.versions import (
    PURPOSES,
    Purpose,
    Version,
    VersionState,
    active_number,
    of_purpose,
    state_of,
)


class SealingKeyError(IdpError):
    """A version cannot be moved on now; the text says why."""

    code = "DD-SEA-001"


@dataclass(frozen=True, slots=True)
class Line:
    """One version as a board shows it; `then` says what comes next, and when."""

    name: str
    purpose: Purpose
    number: int
    state: VersionState
    since: datetime
    then: str
    at: datetime | None


def publish(
    session: Session, audit: AuditLog, kek: bytes, purpose: Purpose, *, now: datetime
) -> Version:
    """Return the version that waits for its use, a new one if none does."""
    lock_versions(session)
    known = of_purpose(read_versions(session), purpose)
    if known and known[-1].activated_at is None:
        return known[-1]
    draft = Version(purpose, len(known) + 1, b"", now, None)
    key = secrets.token_bytes(KEY_BYTES)
    sealed = envelope(kek, "server secrets").seal(key, context=draft.name)
    version = Version(purpose, draft.number, sealed, now, None)
    write_version(session, version)
    audit.record(session, SealingKeyPublished(purpose, version.number), now=now)
    return version


def activate(
    session: Session, audit: AuditLog, config: Config, *, now: datetime
) -> list[Version]:
    """Put to use what waited for its lead, so that every worker knows it."""
    lock_versions(session)
    ready = [
        version
        for version in read_versions(session)
        if version.activated_at is None and now >= usable_from(version, config)
    ]
    for version in ready:
        activate_version(session, version, now=now)
        event = SealingKeyActivated(version.purpose, version.number)
        audit.record(session, event, now=now)
    return ready


def destroy(
    session: Session, audit: AuditLog, config: Config, number: int, *, now: datetime
) -> None:
    """Erase a retired version of the sealing key; refuses one that may be in use."""
    lock_versions(session)
    version = destroyable(session.connection(), config, number, now=now)
    destroy_version(session, version, now=now)
    audit.record(session, SealingKeyDestroyed("seal", number), now=now)


def destroyable(
    connection: Connection, config: Config, number: int, *, now: datetime
) -> Version:
    """Return a version that nothing is left under; raises that says why it stays."""
    versions = of_purpose(read_versions(connection), "seal")
    version = next((one for one in versions if one.number == number), None)
    if version is None or state_of(version, active_number(versions, "seal")) != (
        VersionState.RETIRED
    ):
        raise SealingKeyError(f"seal version {number} is not a retired one")
    until = _destroyable_from(version, versions, config)
    if until is None or now < until:
        moment = f"{until:%Y-%m-%d %H:%M} UTC" if until else "its successor's use"
        raise SealingKeyError(
            f"version {number} stays until {moment}: what lives outside the database "
            "may be sealed under it"
        )
    used = is_in_use(connection, number)
    if used is not None:
        raise SealingKeyError(
            f"{used} still has values under version {number}: run `idp keys reseal`"
        )
    return version


def board(connection: Connection, config: Config) -> list[Line]:
    """Return every version of both keys, as `idp keys status` shows them."""
    versions = read_versions(connection)
    return [
        _line(version, of_purpose(versions, purpose), config)
        for purpose in PURPOSES
        for version in of_purpose(versions, purpose)
    ]


def usable_from(version: Version, config: Config) -> datetime:
    """Return from when on a new version may be used: every worker knows it then."""
    return version.created_at + timedelta(seconds=config.keys.sealing_lead)


def _destroyable_from(
    version: Version, versions: Sequence[Version], config: Config
) -> datetime | None:
    later = [
        one.activated_at
        for one in versions
        if one.number > version.number and one.activated_at is not None
    ]
    kept = timedelta(seconds=config.keys.sealing_kept)
    return min(later) + kept if later else None


def _line(version: Version, versions: Sequence[Version], config: Config) -> Line:
    state = state_of(version, active_number(versions, version.purpose))
    begun = version.activated_at or version.created_at
    since, then, at = begun, "", None
    if state is VersionState.NEXT:
        then, at = "usable by reseal", usable_from(version, config)
    elif state is VersionState.RETIRED:
        followers = [one for one in versions if one.number > version.number]
        since = min(one.activated_at for one in followers if one.activated_at)
        if version.purpose == "seal":
            then, at = "may be destroyed", _destroyable_from(version, versions, config)
        else:
            then = "stays under its successor"
    elif state is VersionState.DESTROYED and version.destroyed_at is not None:
        since = version.destroyed_at
    return Line(version.name, version.purpose, version.number, state, since, then, at)
