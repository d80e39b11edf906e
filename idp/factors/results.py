"""What a factor's verification answers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

Method = Literal["pwd", "totp", "sms"]


@dataclass(frozen=True, slots=True)
class VerifiedFactor:
    """One factor, proven once, at a time; the session keeps it as an event."""

    method: Method
    at: datetime
    credential_id: UUID | None = None
