"""Every event of the audit log, one frozen dataclass each.

The fields are the chained record: identifiers, levels, reasons, never a personal value.
What is personal (an address, a browser) goes into `personal`, which is sealed outside
the chain and can be erased. The class name is the stored type: to rename an event is
to declare a new one.
"""

from dataclasses import dataclass
from uuid import UUID

from idp.audit.event import Event, ServiceEvent

# Accounts


@dataclass(frozen=True, slots=True)
class AccountCreated(Event):
    """An account came to be."""

    level: int
    state: str


@dataclass(frozen=True, slots=True)
class StateChanged(Event):
    """An account moved between submitted, in review, granted, active and closed."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class LevelChanged(Event):
    """An account's level was raised or lowered."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class LockPlaced(Event):
    """A lock was placed on an account; `by` is who acted, if not the asker alone."""

    ground: str
    asker: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class LockLifted(Event):
    """A lock was lifted from an account; `by` is who acted, as for `LockPlaced`."""

    ground: str
    asker: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class NumberReplaced(Event):
    """An account's personal number was replaced; the former stays as an alias.

    `by` is who acted, as for `LockPlaced`.
    """

    by: str | None = None


@dataclass(frozen=True, slots=True)
class ContactChanged(Event):
    """An account's phone or e-mail address was replaced."""

    kind: str


@dataclass(frozen=True, slots=True)
class RepresentationBegan(Event):
    """A guardian may act for the ward who holds this account."""

    representative_id: UUID
    relation: str


@dataclass(frozen=True, slots=True)
class PasswordChanged(Event):
    """An account's password was set."""


@dataclass(frozen=True, slots=True)
class PasswordRehashed(Event):
    """The same password was hashed anew, with today's parameters."""


# Sessions


@dataclass(frozen=True, slots=True)
class SessionStarted(Event):
    """A browser signed in; `place` is `counter` for a shared computer."""

    session_id: UUID
    method: str
    place: str | None = None


@dataclass(frozen=True, slots=True)
class FactorProven(Event):
    """A live session gained an authentication event."""

    session_id: UUID
    method: str


@dataclass(frozen=True, slots=True)
class CrossDeviceApproved(Event):
    """A session approved a sign-in on another device; `personal` says where that is."""

    session_id: UUID
    client_id: str | None


@dataclass(frozen=True, slots=True)
class CrossDeviceRefused(Event):
    """A session refused a sign-in on another device, or typed a wrong number."""

    session_id: UUID
    client_id: str | None
    ground: str


@dataclass(frozen=True, slots=True)
class SessionReached(Event):
    """A session was first used for a relying party."""

    session_id: UUID
    client_id: str


@dataclass(frozen=True, slots=True)
class SessionEnded(Event):
    """A session ended."""

    session_id: UUID
    reason: str


# Consent


@dataclass(frozen=True, slots=True)
class GrantGiven(Event):
    """A citizen, or who acts for them, allowed a portal these scopes and claims."""

    grant_id: UUID
    client_id: str
    scopes: tuple[str, ...]
    claims: tuple[str, ...]
    refused: tuple[str, ...]
    given_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class GrantEnded(Event):
    """A grant ended: withdrawn, replayed, replaced."""

    grant_id: UUID
    client_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class RefreshTokenIssued(Event):
    """A chain of refresh tokens began."""

    grant_id: UUID
    client_id: str


@dataclass(frozen=True, slots=True)
class RefreshTokenRotated(Event):
    """A refresh token was used and replaced."""

    grant_id: UUID
    client_id: str


@dataclass(frozen=True, slots=True)
class RefreshTokenRenewed(Event):
    """A refresh token was used and stays the same."""

    grant_id: UUID
    client_id: str


@dataclass(frozen=True, slots=True)
class RefreshTokensEnded(Event):
    """A chain of refresh tokens ended."""

    grant_id: UUID
    client_id: str
    reason: str


# The service


@dataclass(frozen=True, slots=True)
class ClientRegistered(ServiceEvent):
    """A relying party was registered."""

    client_id: str


@dataclass(frozen=True, slots=True)
class ClientReplaced(ServiceEvent):
    """A relying party's registration was replaced."""

    client_id: str


@dataclass(frozen=True, slots=True)
class ClientRemoved(ServiceEvent):
    """A relying party was removed."""

    client_id: str


@dataclass(frozen=True, slots=True)
class KeyPublished(ServiceEvent):
    """A signing key entered its ring as the next one."""

    kid: str
    ring: str


@dataclass(frozen=True, slots=True)
class KeyActivated(ServiceEvent):
    """A signing key began to sign."""

    kid: str
    ring: str


@dataclass(frozen=True, slots=True)
class KeyRetired(ServiceEvent):
    """A signing key stopped signing and stays published."""

    kid: str
    ring: str


@dataclass(frozen=True, slots=True)
class KeyDestroyed(ServiceEvent):
    """A signing key's private part was destroyed."""

    kid: str
    ring: str


@dataclass(frozen=True, slots=True)
class KeyKilled(ServiceEvent):
    """A signing key was compromised: destroyed, and refused from that moment."""

    kid: str
    ring: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChipTrustChanged(ServiceEvent):
    """Certificates or revocation lists for cards were `imported` or `removed`.

    `digest` is SHA-256 over the SHA-256 of every item concerned, in ascending order.
    """

    change: str
    source: str
    certificates: int
    revocation_lists: int
    digest: str


@dataclass(frozen=True, slots=True)
class SandboxLoaded(ServiceEvent):
    """The synthetic citizens were loaded."""

    citizens: int
