"""What a factor's verification answers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

Method = Literal[
    "pwd", "totp", "sms", "passkey", "chip", "recovery", "device", "passcode"
]

# What else was seen when a factor was proven; kept with the event (`flags`).
USER_VERIFIED = "uv"  # the authenticator checked its user: PIN or biometric
DEVICE_BOUND = "hw"  # a passkey that no cloud keeps a copy of
COUNTS_AS_BIOMETRIC = "bio"  # and the operator's setting calls that a biometric
TWO_FACTORS = "mfa"  # `device`: the approving session had proven two factors


@dataclass(frozen=True, slots=True)
class VerifiedFactor:
    """One factor, proven once, at a time; the session keeps it as an event."""

    method: Method
    at: datetime
    credential_id: UUID | None = None
    flags: tuple[str, ...] = ()


# A check of what was typed, within the transaction that also records it.
Verification = Callable[[Session], VerifiedFactor | None]
