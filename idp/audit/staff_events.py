"""What happens to officers' accounts, and what officers look up.

`by` is an officer's id, or `command` for whoever runs the server.
"""

from dataclasses import dataclass
from uuid import UUID

from idp.audit.event import Event, ServiceEvent


@dataclass(frozen=True, slots=True)
class UnitAdded(ServiceEvent):
    """An office came to be."""

    unit_id: UUID
    by: str


@dataclass(frozen=True, slots=True)
class StaffInvited(ServiceEvent):
    """Somebody was invited to be an officer with these roles."""

    staff_id: UUID
    unit_id: UUID
    roles: tuple[str, ...]
    by: str


@dataclass(frozen=True, slots=True)
class StaffLinkIssued(ServiceEvent):
    """A link to enrol a passkey was issued, to `invite` or to `rescue`."""

    staff_id: UUID
    purpose: str
    by: str


@dataclass(frozen=True, slots=True)
class StaffLinkUsed(ServiceEvent):
    """A link to enrol a passkey was used up."""

    staff_id: UUID
    purpose: str


@dataclass(frozen=True, slots=True)
class StaffPasskeyEnrolled(ServiceEvent):
    """An officer added a passkey."""

    staff_id: UUID
    passkey_id: UUID


@dataclass(frozen=True, slots=True)
class StaffPasskeyRetired(ServiceEvent):
    """An officer's passkey was taken out of use."""

    staff_id: UUID
    passkey_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class StaffPasskeyHeld(ServiceEvent):
    """An officer's passkey counted backwards, as a copy's does."""

    staff_id: UUID
    passkey_id: UUID


@dataclass(frozen=True, slots=True)
class StaffSessionStarted(ServiceEvent):
    """An officer signed in."""

    staff_id: UUID
    session_id: UUID
    passkey_id: UUID


@dataclass(frozen=True, slots=True)
class StaffRefusedOutside(ServiceEvent):
    """Somebody came to officers' pages from another network; `source` is sealed."""


@dataclass(frozen=True, slots=True)
class StaffProven(ServiceEvent):
    """A signed-in officer proved a passkey again."""

    staff_id: UUID
    session_id: UUID
    passkey_id: UUID


@dataclass(frozen=True, slots=True)
class StaffSessionEnded(ServiceEvent):
    """An officer's session ended."""

    staff_id: UUID
    session_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class StaffRolesChanged(ServiceEvent):
    """An officer has these roles from now on."""

    staff_id: UUID
    roles: tuple[str, ...]
    by: str


@dataclass(frozen=True, slots=True)
class StaffMoved(ServiceEvent):
    """An officer belongs to another unit from now on."""

    staff_id: UUID
    unit_id: UUID
    by: str


@dataclass(frozen=True, slots=True)
class StaffAddressSet(ServiceEvent):
    """An officer gave an address for letters, or took it away."""

    staff_id: UUID


@dataclass(frozen=True, slots=True)
class StaffDisabled(ServiceEvent):
    """An officer's account was ended."""

    staff_id: UUID
    by: str


@dataclass(frozen=True, slots=True)
class StaffRequestAsked(ServiceEvent):
    """An administrator asked for what takes two."""

    request_id: UUID
    staff_id: UUID
    kind: str
    roles: tuple[str, ...]
    by: str


@dataclass(frozen=True, slots=True)
class StaffRequestDecided(ServiceEvent):
    """A second administrator decided: `approved` or `refused`."""

    request_id: UUID
    staff_id: UUID
    decision: str
    by: str


@dataclass(frozen=True, slots=True)
class OfficerLookedUp(Event):
    """An officer of a unit looked at a citizen's data, for a purpose.

    Of somebody without an account a blind index of the number says who it was. A
    `reason` in the officer's words is sealed.
    """

    officer_id: UUID
    unit_id: UUID
    purpose: str


@dataclass(frozen=True, slots=True)
class OfficerEnded(Event):
    """An officer ended a `session`, all `sessions` or a `grant`; `reason` is sealed."""

    officer_id: UUID
    unit_id: UUID
    what: str
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class AuditSearched(ServiceEvent):
    """An officer searched the log, for what the filters name."""

    officer_id: UUID
    unit_id: UUID
    filters: dict[str, str]


@dataclass(frozen=True, slots=True)
class AuditValuesOpened(Event):
    """An officer opened the sealed values of the event at `place`, for a reason."""

    officer_id: UUID
    unit_id: UUID
    place: str
