"""How old keys, signed heads and archives are, and who outside has the heads."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa

from idp.audit import heads
from idp.audit.heads import Latest
from idp.audit.models import AuditEvent
from idp.audit.sealing_events import BackupMade
from idp.config import Config
from idp.doctor.finding import Finding, good, warning
from idp.provider import Provider
from idp.sealing.versions import Line
from idp.sealing.versions import board as sealing_board
from keys.ring import RINGS, Clock, RingKey, State, state, timeline
from keys.versions import VersionState

_OLDEST = timedelta(days=365)
_LATE = timedelta(days=30)  # after the policy's day
_BACKUP_WITHIN = timedelta(days=2)
_BEHIND = 3  # heads that a place outside may lack for a moment


def examine(provider: Provider, now: datetime) -> Iterator[Finding]:
    """Yield what is old, and what is not."""
    yield from _keys(provider, now)
    with provider.database.read() as connection:
        sealing = sealing_board(connection, provider.config)
        latest = heads.latest(connection)
        # Events of nobody's account are few, and found by their index.
        archived = connection.scalar(
            sa.select(sa.func.max(AuditEvent.at)).where(
                AuditEvent.account_id.is_(None),
                AuditEvent.type == BackupMade.__name__,
            )
        )
    yield from of_sealing(sealing, now)
    yield from of_heads(latest, provider.config, now)
    yield from of_archive(archived, now)


def _keys(provider: Provider, now: datetime) -> Iterator[Finding]:
    rows, clocks = provider.rotator.store.rows(), provider.rotator.clocks
    for ring in RINGS:
        clock = clocks[ring.purpose]
        yield from of_ring(
            timeline(rows, ring, keep_retired=clock.keep_retired), clock, now
        )


def of_ring(keys: Iterable[RingKey], clock: Clock, now: datetime) -> Iterator[Finding]:
    """Yield how long the key of a ring signs: no year, nor far beyond the policy."""
    by_state = {state(key, now): key for key in keys}
    active = by_state.get(State.ACTIVE)
    if active is None:
        return  # readiness has said so
    age, name = now - active.begins, active.ring.name
    policy = timedelta(seconds=clock.rotate_every)
    if age > (min(_OLDEST, policy + _LATE) if policy else _OLDEST):
        yield warning(
            "old-key",
            f"{name} signs with a key of {age.days} days",
            "The longer it signs, the more a thief who has it can forge.",
            f"idp keys rotate --ring {name}; keys.rotate_every, with idp serve running",
        )
        return
    after = by_state.get(State.NEXT)
    then = f"; the next at {after.begins:%Y-%m-%d %H:%M} UTC" if after else ""
    yield good("key", f"{name} signs since {age.days} days with {active.kid}{then}")


def of_sealing(lines: Iterable[Line], now: datetime) -> Iterator[Finding]:
    """Yield how old the key is under which values are sealed."""
    for line in lines:
        if (line.purpose, line.state) != ("seal", VersionState.ACTIVE):
            continue
        age = now - line.since
        if age > _OLDEST:
            yield warning(
                "old-seal",
                f"Values are sealed under a key of {age.days} days",
                "The longer it is in use, the more a thief who has it can read.",
                "idp keys reseal --renew seal, then idp keys reseal (docs/keys.md)",
            )
        else:
            yield good("seal", f"{line.name} seals since {age.days} days")


def of_heads(latest: Latest, config: Config, now: datetime) -> Iterator[Finding]:
    """Yield whether audit heads are signed, and reach the places outside."""
    quiet = timedelta(seconds=2 * config.audit.heartbeat)
    is_old = latest.at is None or now - latest.at > quiet
    if is_old:
        when = f"of {latest.at:%Y-%m-%d %H:%M} UTC" if latest.at else "missing"
        yield warning(
            "old-head",
            f"The newest signed head is {when}; {latest.uncovered} events follow it",
            "What is after it can be rewritten here, and nobody finds it.",
            "idp serve, which signs them; then look at the ring audit.ES256",
        )
    late = [sink for sink in latest.sinks if sink.behind > _BEHIND or sink.failure]
    for sink in late:
        said = f": {sink.failure}" if sink.failure else ""
        yield warning(
            "sink-behind",
            f"{sink.name} lacks {sink.behind} signed heads{said}",
            "What it lacks can be rewritten here, and nobody finds it.",
            "look at audit.heads_file or audit.heads_url, and who may write there",
        )
    if not is_old and not late:
        yield good("heads", f"Head {latest.number} is of {latest.at:%H:%M:%S} UTC")


def of_archive(made: datetime | None, now: datetime) -> Iterator[Finding]:
    """Yield when the last archive was made."""
    if made is not None and now - made <= _BACKUP_WITHIN:
        yield good("backup", f"The last archive is of {made:%Y-%m-%d %H:%M} UTC")
        return
    when = f"of {made:%Y-%m-%d}" if made else "not recorded"
    yield warning(
        "no-backup",
        f"The last archive is {when}",
        "What happened since is lost with the disk; other ways of copying tell nobody.",
        "idp backup create FILE each night; idp backup verify FILE",
    )
