"""The life of a signing key: generated → next → active → retired → gone.

A ring is a purpose and an algorithm: no key ever serves two. A row says when its key
was published and when it begins to sign; it retires when its successor begins. So
nothing has to run at the moment of a change, every worker reaches the same answer from
the same rows, and there are never two active keys: `timeline` makes the spans follow
one another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Literal, NamedTuple

Purpose = Literal[
    "id_token", "access_token", "event", "jarm", "credential", "audit"
]  # fmt: skip


class Ring(NamedTuple):
    """What its keys sign, and by which one algorithm (RFC 8725 §3.1, §2.8)."""

    purpose: Purpose
    alg: str

    @property
    def name(self) -> str:
        """`purpose.alg`, as it is stored and shown."""
        return f"{self.purpose}.{self.alg}"

    @property
    def is_public(self) -> bool:
        """Whether its keys are in the key set that portals fetch."""
        return self.purpose != "audit"

    @classmethod
    def named(cls, name: str) -> "Ring":
        """Return the ring of that name, or raise `ValueError`."""
        ring = next((ring for ring in RINGS if ring.name == name), None)
        if ring is None:
            raise ValueError(f"no ring is called {name}")
        return ring


# ID tokens, userinfo and introspection answers; access tokens; logout tokens and
# security events; JARM; wallet credentials and status lists; heads of the audit log.
RINGS = (
    Ring("id_token", "ES256"),
    Ring("id_token", "RS256"),
    Ring("access_token", "ES256"),
    Ring("event", "ES256"),
    Ring("event", "RS256"),
    Ring("jarm", "ES256"),
    Ring("jarm", "RS256"),
    Ring("credential", "ES256"),
    Ring("audit", "ES256"),
)
ALGORITHMS = ("ES256", "RS256")


class Clock(NamedTuple):
    """The seconds of one purpose: published before signing, verifying after it.

    By policy a key signs for `rotate_every`; 0 leaves rotation to people.
    """

    publish_lead: int
    keep_retired: int
    rotate_every: int = 0


Clocks = Mapping[Purpose, Clock]


class State(StrEnum):
    """Where a key stands; the order is that of its life."""

    GENERATED = "generated"
    NEXT = "next"
    ACTIVE = "active"
    RETIRED = "retired"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class RingKey:
    """One signing key: `kid` is its RFC 7638 thumbprint.

    Its private part is sealed here, or in hardware under `handle` (a URI of RFC 7512).
    In a stored row `retired_at` and `destroyed_at` are set once recorded; in a
    `timeline` they are also filled in as they will be.
    """

    kid: str
    ring: Ring
    public_jwk: Mapping[str, str]
    private_sealed: bytes | None = field(repr=False)
    handle: str | None = None
    generated_at: datetime
    published_at: datetime | None = None
    activates_at: datetime | None = None
    retired_at: datetime | None = None
    destroyed_at: datetime | None = None
    compromised_at: datetime | None = None

    @property
    def begins(self) -> datetime:
        """When it begins to sign; only a published key does."""
        if self.activates_at is None:
            raise ValueError(f"{self.kid} is not published")
        return self.activates_at

    @property
    def has_place(self) -> bool:
        """Whether it is in the order of signing: published, not destroyed before."""
        if self.activates_at is None:
            return False
        return self.destroyed_at is None or self.destroyed_at > self.activates_at


def timeline(
    rows: Iterable[RingKey], ring: Ring, *, keep_retired: int
) -> tuple[RingKey, ...]:
    """Return the keys of `ring` in the order of their signing, with their ends filled.

    `keep_retired` is how many seconds a retired key still verifies.
    """
    keys = sorted(
        (row for row in rows if row.ring == ring and row.has_place),
        key=lambda row: (row.begins, row.kid),
    )
    ended = [
        replace(key, retired_at=min(key.retired_at or after, after))
        for key, after in ((key, successor.begins) for key, successor in pairwise(keys))
    ]
    return tuple(_with_destruction(key, keep_retired) for key in ended + keys[-1:])


def _with_destruction(key: RingKey, keep_retired: int) -> RingKey:
    if key.retired_at is None or key.destroyed_at is not None:
        return key
    return replace(key, destroyed_at=key.retired_at + timedelta(seconds=keep_retired))


def state(key: RingKey, now: datetime) -> State:
    """Return where a key of a timeline stands at `now`."""
    if key.destroyed_at is not None and now >= key.destroyed_at:
        return State.GONE
    if key.activates_at is None:
        return State.GENERATED
    if key.retired_at is not None and now >= key.retired_at:
        return State.RETIRED
    return State.ACTIVE if now >= key.activates_at else State.NEXT


def signing_key(keys: Sequence[RingKey], now: datetime) -> RingKey | None:
    """Return the one active key of a timeline."""
    return next((key for key in keys if state(key, now) is State.ACTIVE), None)


def next_key(keys: Sequence[RingKey], now: datetime) -> RingKey | None:
    """Return the key of a timeline that is published and waits to sign."""
    return next((key for key in keys if state(key, now) is State.NEXT), None)


def generated(
    rows: Iterable[RingKey], ring: Ring, now: datetime
) -> tuple[RingKey, ...]:
    """Return the keys of `ring` that nobody has seen yet, the oldest first."""
    waiting = (
        row for row in rows if row.ring == ring and state(row, now) is State.GENERATED
    )
    return tuple(sorted(waiting, key=lambda row: (row.generated_at, row.kid)))


def published(keys: Sequence[RingKey], now: datetime) -> tuple[RingKey, ...]:
    """Return the keys that verify, in the order active, next, retired."""
    order = (State.ACTIVE, State.NEXT, State.RETIRED)
    living = [key for key in keys if state(key, now) is not State.GONE]
    return tuple(sorted(living, key=lambda key: order.index(state(key, now))))
