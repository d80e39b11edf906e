"""The challenges of passkeys: one use, for one ceremony, in one browser's transaction.

A challenge is its own name in the ephemeral store, so that several pages of one sign-in
may wait at once and each answer uses up exactly the challenge that it signed.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Literal

from idp import clock
from idp.storage.ephemeral import EphemeralStore

Ceremony = Literal["enrol", "first", "further"]
_BYTES = 32  # WebAuthn Level 3 §13.4.3 asks for 16 at least


def issue(
    ephemeral: EphemeralStore,
    ceremony: Ceremony,
    *,
    binding: str,
    now: datetime,
    ttl: int,
) -> bytes:
    """Return a new challenge that only `binding` can use, for this ceremony."""
    challenge = secrets.token_bytes(_BYTES)
    expires = clock.timestamp(now + timedelta(seconds=ttl))
    value = {"binding": _digest(binding.encode()), "exp": expires}
    ephemeral.put(_key(ceremony, challenge), value, ttl=ttl)
    return challenge


def take(
    ephemeral: EphemeralStore,
    ceremony: Ceremony,
    challenge: bytes,
    *,
    binding: str,
    now: datetime,
) -> bool:
    """Use a challenge up and say whether it was live and of this binding."""
    value = ephemeral.take(_key(ceremony, challenge))
    if value is None or clock.timestamp(now) >= int(value["exp"]):
        return False
    return hmac.compare_digest(str(value["binding"]), _digest(binding.encode()))


def _key(ceremony: Ceremony, challenge: bytes) -> str:
    return f"passkey-{ceremony}:{_digest(challenge)}"


def _digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()
