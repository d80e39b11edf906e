"""What happens when one acts for another: wards, organisations, confirmations."""

from dataclasses import dataclass
from uuid import UUID

from idp.audit.event import Event


@dataclass(frozen=True, slots=True)
class RepresentationEnded(Event):
    """A guardian may no longer act for the ward who holds this account.

    `officer_id` and `document` are of an officer who ended it, and by which paper.
    """

    representative_id: UUID
    reason: str
    officer_id: UUID | None = None
    document: str | None = None


@dataclass(frozen=True, slots=True)
class GivenForOther(Event):
    """This account's holder allowed a portal something for whom they act for.

    `has_assent` says that the child, asked, agreed (Law 91/2025).
    """

    principal_id: UUID
    grant_id: UUID
    client_id: str
    has_assent: bool


@dataclass(frozen=True, slots=True)
class ActedFor(Event):
    """A representative signed in to a portal for this account."""

    actor_id: UUID
    client_id: str
    relation: str


@dataclass(frozen=True, slots=True)
class SignInConfirmed(Event):
    """A representative confirmed the sign-in of this ward."""

    session_id: UUID
    representative_id: UUID


@dataclass(frozen=True, slots=True)
class SignInNotConfirmed(Event):
    """A representative refused the sign-in of this ward, or typed a wrong number."""

    session_id: UUID
    representative_id: UUID
    ground: str


@dataclass(frozen=True, slots=True)
class OrganisationFiled(Event):
    """A legal representative applied for the account of an organisation."""

    filed_by: UUID


@dataclass(frozen=True, slots=True)
class MemberInvited(Event):
    """An organisation listed a person; without `invited_by` the register named them."""

    membership_id: UUID
    role: str
    invited_by: UUID | None


@dataclass(frozen=True, slots=True)
class MembershipAccepted(Event):
    """A person accepted to be listed by an organisation, and in which role."""

    membership_id: UUID
    organisation_id: UUID
    role: str


@dataclass(frozen=True, slots=True)
class MembershipEnded(Event):
    """A person's mandate or listing ended; without `ended_by` the register did it."""

    membership_id: UUID
    ended_by: UUID | None
