"""Which audit events are told to portals, and as what: a pure table.

CAEP 1.0 §3 and RISC Profile 1.0 §2. Nothing personal is told: no address, no number, no
ground of a lock.
"""

from collections.abc import Callable, Mapping
from typing import Any

from idp.audit.event import Event
from idp.audit.events import (
    ContactChanged,
    LevelChanged,
    LockLifted,
    LockPlaced,
    NumberReplaced,
    PasswordChanged,
    SessionEnded,
    StateChanged,
)
from idp.audit.factor_events import (
    CredentialEnrolled,
    CredentialRetired,
    RecoveryCodesMade,
)

_CAEP = "https://schemas.openid.net/secevent/caep/event-type"
_RISC = "https://schemas.openid.net/secevent/risc/event-type"
SESSION_REVOKED = f"{_CAEP}/session-revoked"
CREDENTIAL_CHANGE = f"{_CAEP}/credential-change"
LEVEL_CHANGE = f"{_CAEP}/assurance-level-change"
DISABLED = f"{_RISC}/account-disabled"
ENABLED = f"{_RISC}/account-enabled"
IDENTIFIER_CHANGED = f"{_RISC}/identifier-changed"
# Ours: no profile has an event about the transmitter's own keys.
KEY_COMPROMISED = "urn:dinhdanh:event:signing-key-compromised"
SUPPORTED = (
    SESSION_REVOKED,
    CREDENTIAL_CHANGE,
    LEVEL_CHANGE,
    DISABLED,
    ENABLED,
    IDENTIFIER_CHANGED,
    KEY_COMPROMISED,
)
VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification"

# Our own names where CAEP §3.2 has none.
_CREDENTIALS = {
    "pwd": "password",
    "totp": "app",
    "sms": "phone-sms",
    "passcode": "pin",
    "passkey": "fido2-roaming",
    "security_key": "fido2-roaming",
    "chip": "x509",
    "recovery": "recovery-codes",
}
_NAMESPACE = "urn:dinhdanh:account-level"

Told = tuple[str, Mapping[str, Any]]


def told(event: Event) -> Told | None:
    """Return the type and the members of what is told of an event, or None."""
    make = _TABLE.get(type(event))
    return make(event) if make else None


def _credential(kind: str, change: str) -> Told:
    name = _CREDENTIALS.get(kind, kind)
    return CREDENTIAL_CHANGE, {"credential_type": name, "change_type": change}


def _initiator(reason: str) -> str:
    """CAEP §2: the citizen, an administrator or a policy."""
    by_citizen = {"citizen", "relying_party", "counter", "replaced"}
    return "user" if reason in by_citizen else "policy"


def _level(event: LevelChanged) -> Told:
    is_up = event.after > event.before
    return LEVEL_CHANGE, {
        "namespace": _NAMESPACE,
        "current_level": str(event.after),
        "previous_level": str(event.before),
        "change_direction": "increase" if is_up else "decrease",
    }


_TABLE: Mapping[type[Event], Callable[[Any], Told | None]] = {
    SessionEnded: lambda event: (
        SESSION_REVOKED,
        {"initiating_entity": _initiator(event.reason)},
    ),
    PasswordChanged: lambda _: _credential("pwd", "update"),
    RecoveryCodesMade: lambda _: _credential("recovery", "update"),
    CredentialEnrolled: lambda event: _credential(event.kind, "create"),
    CredentialRetired: lambda event: _credential(event.kind, "revoke"),
    LevelChanged: _level,
    LockPlaced: lambda _: (DISABLED, {}),
    LockLifted: lambda _: (ENABLED, {}),
    StateChanged: lambda event: (DISABLED, {}) if event.after == "closed" else None,
    NumberReplaced: lambda _: (IDENTIFIER_CHANGED, {"identifier": "personal_number"}),
    ContactChanged: lambda event: (IDENTIFIER_CHANGED, {"identifier": event.kind}),
}
