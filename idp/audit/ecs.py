"""What each event is to a SIEM: fields of the Elastic Common Schema (ECS) 8.17.

ECS has the fields that prove where a line comes from: `event.id`, `event.sequence` and
`event.hash` are the chain's own. Its category and types are those of its reference;
what is ours alone stands under `dinhdanh`.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from json import loads
from typing import Any, NamedTuple

from idp.audit import personal
from idp.audit.stream import Row

VERSION = "8.17.0"
_CODE = re.compile(r"[\w.:+/~-]*")  # no spaces, no @: not what somebody typed
_ACTORS = ("officer_id", "staff_id", "by", "actor_id", "representative_id")


class Kind(NamedTuple):
    """Category and types of an event, and whether what was tried came about."""

    category: tuple[str, ...]
    type: tuple[str, ...]
    outcome: str = "success"


_AUTH, _SESSION, _IAM = ("authentication",), ("session",), ("iam",)
_CONFIG, _DATA = ("configuration",), ("database",)
_GROUPS = {
    Kind(
        (*_AUTH, *_SESSION), ("start",)
    ): "SessionStarted StaffSessionStarted ActedFor",
    Kind((*_AUTH, *_SESSION), ("end",)): "SessionEnded StaffSessionEnded OfficerEnded",
    Kind(_SESSION, ("start",)): "RefreshTokenIssued",
    Kind(_SESSION, ("end",)): "RefreshTokensEnded",
    Kind(_SESSION, ("info",)): "SessionReached RefreshTokenRotated RefreshTokenRenewed "
    "DeviceRemembered CitizenCalled",
    Kind(_AUTH, ("info",)): "FactorProven CredentialUsed ChipVerified RecoveryCodeUsed "
    "CrossDeviceApproved SignInConfirmed StaffProven StaffLinkUsed",
    Kind(_AUTH, ("info",), "failure"): "CrossDeviceRefused ChipRefused "
    "SignInNotConfirmed StaffRefusedOutside",
    Kind(_IAM, ("user", "creation")): "AccountCreated AccountImported StaffInvited",
    Kind(_IAM, ("user", "deletion")): "DataErased StaffDisabled",
    Kind(_IAM, ("user", "change")): "AccountActivated StateChanged LevelChanged "
    "LockPlaced LockLifted NumberReplaced ContactChanged PasswordChanged "
    "PasswordRehashed CredentialEnrolled CredentialRetired CredentialHeld "
    "PasskeySuspended RecoveryCodesMade RecoveryEnded CardReportedLost LostCardCleared "
    "GrantGiven GrantEnded GivenForOther RepresentationBegan RepresentationEnded "
    "MemberInvited MembershipAccepted MembershipEnded ProcessingRestricted "
    "ProcessingAllowed WalletCredentialsIssued WalletCredentialsRevoked "
    "StaffPasskeyEnrolled StaffPasskeyRetired StaffPasskeyHeld StaffRolesChanged "
    "StaffMoved StaffAddressSet",
    Kind(_IAM, ("user", "info")): "WalletOfferMade ActivationPermitted DossierFiled "
    "DossierTaken DossierGranted DossierRefused DossierWithdrawn OrganisationFiled "
    "AuthorityAsked AuthorityForwarded AuthorityAnswered UnlockPermitted "
    "UnlockPermitWithdrawn CorrectionAsked CorrectionAnswered ClosingAsked "
    "ClosingTakenBack StaffLinkIssued StaffRequestAsked StaffRequestDecided",
    Kind(_IAM, ("admin", "info")): "ProposalMade ProposalDecided GlassAcknowledged",
    Kind(_IAM, ("group", "creation")): "UnitAdded",
    Kind(_DATA, ("access",)): "OfficerLookedUp DataExported AuditSearched "
    "AuditValuesOpened BackupMade",
    Kind(_DATA, ("change",)): "ImportBegan ImportEnded UsagePurged RowsPurged "
    "EventsPurged EvidencePurged SandboxLoaded ResealBegan ResealEnded "
    "DatabaseRestored",
    Kind(_CONFIG, ("creation",)): "ClientRegistered InitialTokenIssued "
    "InitialTokenUsed RegistrationTokenIssued KeyGenerated KeyImported KeyPublished "
    "KekKept SealingKeyPublished",
    Kind(_CONFIG, ("change",)): "ClientReplaced ClientSuspended ClientResumed "
    "KeyActivated KeyRetired "
    "ChipTrustChanged SealingKeyActivated KekReplaced GlassBroken KeyIncidentBegun "
    "KeyIncidentOver",
    Kind(_CONFIG, ("deletion",)): "ClientRemoved InitialTokenEnded KeyDestroyed "
    "KeyKilled SealingKeyDestroyed",
    Kind(_CONFIG, ("info",)): "KeyWarningSent KeyWarningTaken",
    Kind(_CONFIG, ("info",), "failure"): "PortalNotTold SignalNotTold",
}
_UNKNOWN = Kind(_CONFIG, ("info",), "unknown")
KINDS: Mapping[str, Kind] = {
    name: kind for kind, names in _GROUPS.items() for name in names.split()
}


def document(row: Row) -> dict[str, Any]:
    """Return an event as one document, without anything personal.

    Of its own fields only codes, ids and numbers leave, not what somebody typed.
    """
    kind = KINDS.get(row.type, _UNKNOWN)  # of a later release
    data = {name: value for name, value in loads(row.data).items() if _may_leave(value)}
    data.pop(personal.MEMBER, None)
    at = datetime.fromtimestamp(row.at / 1e6, UTC).isoformat(timespec="microseconds")
    told: dict[str, Any] = {
        "@timestamp": at,
        "ecs": {"version": VERSION},
        "event": {
            "kind": "event",
            "id": f"{row.month}/{row.shard}/{row.seq}",
            "sequence": row.seq,
            "hash": row.hash.hex(),
            "provider": "dinhdanh",
            "dataset": "dinhdanh.audit",
            "action": _words(row.type),
            "category": list(kind.category),
            "type": list(kind.type),
            "outcome": kind.outcome,
        },
        "dinhdanh": {"type": row.type, **data},
    }
    actor = next((str(data[name]) for name in _ACTORS if name in data), row.account)
    if actor is not None:
        told["user"] = {"id": actor}
        if row.account is not None and actor != row.account:
            told["user"]["target"] = {"id": row.account}
    if "client_id" in data:
        told["service"] = {"id": data["client_id"]}
    return told


def _may_leave(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_may_leave, value))
    if isinstance(value, str):
        return bool(_CODE.fullmatch(value))
    return isinstance(value, int | float)


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
